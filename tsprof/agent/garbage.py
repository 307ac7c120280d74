"""The reference cycles that only a forced collection finds: what they are made of."""

from __future__ import annotations

import collections
import gc

from . import heap, paths

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_LOOKED_AT = 50_000
"""Objects among which cycles are looked for, the first that the collector found."""
_CYCLES = 5
_VISITED = 2_000
"""Objects that the search for one cycle may visit."""


def take(_arguments: dict[str, Any]) -> dict[str, Any]:
    """Collect the garbage, and describe the cycles in it before they are freed.

    Finalizers run as in any collection, and once.

    Returns:
        ``objects`` found; ``cycles``: ``type`` and ``count`` of the objects, and the ``cycle``
        that one of them is part of in words, the most frequent first.
    """
    before, flags = len(gc.garbage), gc.get_debug()
    gc.set_debug(flags | gc.DEBUG_SAVEALL)
    try:
        gc.collect()
    finally:
        gc.set_debug(flags)
    found = gc.garbage[before:]
    del gc.garbage[before:]
    reply = {"objects": len(found), "cycles": _cycles(found)}
    del found
    gc.collect()
    return reply


def _cycles(found: list[Any]) -> list[dict[str, Any]]:
    """Find one cycle for each type that is on none of the cycles found before."""
    looked_at = {id(item): item for item in found[:_LOOKED_AT]}
    by_type: dict[type, list[Any]] = {}
    for item in looked_at.values():
        by_type.setdefault(type(item), []).append(item)
    # A class of the program's own says more than the dicts and lists around it.
    kinds = sorted(by_type, key=lambda kind: (kind.__module__ == "builtins", -len(by_type[kind])))
    described: list[dict[str, Any]] = []
    seen: set[type] = set()
    for kind in kinds:
        if kind in seen or len(described) == _CYCLES:
            continue
        cycle = _cycle_through(by_type[kind][0], looked_at)
        if cycle:
            seen.update(map(type, cycle))
            count = len(by_type[kind]) * len(found) // len(looked_at)
            name = heap.type_name(kind)
            described.append({"type": name, "count": count, "cycle": _in_words(cycle)})
    described.sort(key=lambda entry: -entry["count"])
    return described


def _cycle_through(start: Any, among: dict[int, Any]) -> list[Any]:
    """Return the shortest chain of objects from ``start`` back to it; empty where there is none."""
    came_from: dict[int, Any] = {}
    waiting = collections.deque([start])
    while waiting and len(came_from) < _VISITED:
        item = waiting.popleft()
        for referent in heap.referents(item):
            if referent is start:
                chain = [start]
                while item is not start:
                    chain.append(item)
                    item = came_from[id(item)]
                return [start, *chain[::-1]]
            if id(referent) in among and id(referent) not in came_from:
                came_from[id(referent)] = item
                waiting.append(referent)
    return []


def _in_words(cycle: list[Any]) -> str:
    return " -> ".join([*map(paths.link, paths.steps(cycle)), type(cycle[0]).__qualname__])
