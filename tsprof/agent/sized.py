"""Collections written in C or Rust that tell their length and the most that it may become.

The census measures Python's own containers. A cache such as lru-dict's or cachebox's is none of
them, and what it holds is not shown to the collector; but it can be asked, as its users ask it.
"""

from __future__ import annotations

import time
import types

from . import heap, paths
from .roots import Walk

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_BOUNDS = ("maxsize", "max_size", "maxlen", "max_len", "get_size")
_LONG = 64  # entries from which one is told of
_MOST = 20  # of them, the longest
_SLOT = type(list.__len__)
_METHODS = (types.BuiltinFunctionType, types.MethodWrapperType)


def take(arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask the collections that have a bound for their lengths.

    Args:
        arguments: ``before``: the ``collections`` of an earlier reply, so that what holds those
            that grew is found; ``budget`` in seconds (default 2).

    Returns:
        ``collections``: ``id``, ``type``, ``length``, ``bound``, ``previous`` (None where it was
        not known before), and ``path`` and ``file`` of those that grew.
    """
    until = time.perf_counter() + arguments.get("budget", 2.0)
    told_before = arguments.get("before", ())
    before = {(one["id"], one["type"]): one["length"] for one in told_before}
    with heap.CollectorPaused():
        found = _find(until)
        told = []
        walk = Walk(until) if before else None
        for item, length, bound in found:
            kind = heap.type_name(type(item))
            entry: dict[str, Any] = {
                "id": id(item),
                "type": kind,
                "length": length,
                "bound": bound,
                "previous": before.get((id(item), kind)),
            }
            if walk is not None and length > before.get((id(item), kind), length):
                chains = walk.chains(item)
                way = paths.steps(chains[0]) if chains else []
                entry["path"] = paths.text(way, kind)
                entry["file"] = paths.source(way)[0] if way else ""
            told.append(entry)
    return {"collections": told}


def _find(until: float) -> list[tuple[Any, int, int]]:
    """Return the longest collections that have a bound, with their lengths and bounds."""
    names: dict[type, str] = {}
    found: dict[int, tuple[Any, int, int]] = {}
    for part in heap.parts(heap.objects()):
        items = [*part, *heap.referents(*part)]
        kinds = set(map(type, items))
        for kind in kinds.difference(names):
            names[kind] = _name_of_bound(kind)
        wanted = {kind for kind in kinds if names[kind]}
        for item in [item for item in items if type(item) in wanted]:
            length, bound = _ask(item, names[type(item)])
            if bound >= length >= _LONG:
                found[id(item)] = (item, length, bound)
        if time.perf_counter() > until:
            break
    return sorted(found.values(), key=lambda one: -one[1])[:_MOST]


def _name_of_bound(kind: type) -> str:
    """Return by what a type tells its bound; empty for Python's own types and classes in Python."""
    names = vars(type)["__mro__"].__get__(kind)
    slot = next((vars(base)["__len__"] for base in names if "__len__" in vars(base)), None)
    if type(slot) is not _SLOT or heap.container_base(kind) is not None:
        return ""
    for name in _BOUNDS:
        told = next((vars(base)[name] for base in names if name in vars(base)), None)
        if told is not None and type(told) is not types.FunctionType:
            return name
    return ""


def _ask(item: Any, name: str) -> tuple[int, int]:
    """Return a collection's length and bound; zeros where it does not tell them."""
    try:
        told = getattr(item, name)
        told = told() if isinstance(told, _METHODS) else told
        return len(item), told if type(told) is int else 0
    except Exception:  # noqa: BLE001 - whatever it is that does not answer, it bounds nothing
        return 0, 0
