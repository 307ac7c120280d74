"""What the garbage collector knows of this process's objects, and what it does not show."""

from __future__ import annotations

import collections
import functools
import gc
import operator
import sys
import types

from . import objects as look

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CHUNK = 20_000
"""Objects that are looked at between two looks at the clock, about 2 ms."""
_FROZEN_AT_START = 1_000  # Python 3.12 freezes 375 objects by itself
_FROZEN_SHOWN = 200_000  # to remember which were seen takes some 100 bytes for each
_PROBES = 8  # elements of a list that are looked at to see whether it has free slots
_LONG = 1_000  # entries from which a container's are looked at last

LENGTHS: dict[type, Any] = {
    list: list.__len__,
    dict: dict.__len__,
    set: set.__len__,
    bytearray: bytearray.__len__,
    collections.deque: collections.deque.__len__,
}
"""The mutable containers, and how to measure them without running a subclass's ``__len__``."""


class CollectorPaused:
    """Keep the collector from running over the large lists that the agent makes."""

    def __enter__(self) -> None:
        """Switch it off."""
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        """Leave it as it was."""
        if self._enabled:
            gc.enable()


def objects() -> list[Any]:
    """Return the objects that the collector tracks from old to new, then those that are frozen.

    With them come untracked containers that local variables of running functions hold.
    """
    # The youngest first, before these lists are among them; put together from old to new.
    young, middle, found = (gc.get_objects(generation=number) for number in range(3))
    found += middle
    found += young
    del middle, young
    found += frozen_objects(found)
    hidden = {}
    for frame in look.running_frames():
        for value in look.frame_locals(frame).values():
            if type(value) in UNTRACKED and not gc.is_tracked(value):
                hidden[id(value)] = value
    found += hidden.values()
    return found


def parts(items: list[Any]) -> Iterator[list[Any]]:
    """Yield the items in lists of at most ``CHUNK``."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def referents(*items: Any) -> list[Any]:
    """Return what objects refer to, as ``gc.get_referents`` does; of a module only its namespace.

    A module written in C may show the collector more than what lives: ``_asyncio`` of Python 3.12.0
    to 3.12.5 shows its list of freed objects (gh-122695). Whoever refers to one of those frees it a
    second time: seen, targets that crashed, looped, and took 13 GB.
    """
    modules = [item for item in items if type(item) is types.ModuleType]
    if modules:
        items = tuple(item for item in items if type(item) is not types.ModuleType)
    found = gc.get_referents(*items)
    found += map(vars, modules)
    return found


def shows_all() -> bool:
    """Tell whether ``objects`` shows all, or more is frozen than it looks for."""
    return gc.get_freeze_count() <= _FROZEN_SHOWN


def is_frozen() -> bool:
    """Tell whether the program has hidden objects from the collector with ``gc.freeze``."""
    return gc.get_freeze_count() > _FROZEN_AT_START


def frozen_objects(ordinary: list[Any]) -> list[Any]:
    """Find objects that ``gc.freeze`` hid, from the modules down; the entries of what is long last.

    A server that forks workers from a loaded application freezes it, so that collections do not
    unshare its pages; the collector then lists none of it.
    """
    if not is_frozen():
        return []
    known = set(map(id, ordinary))
    found: list[Any] = []
    level = list(sys.modules.values())
    postponed: list[Any] = []
    while level and len(found) < _FROZEN_SHOWN:
        fresh = []
        for part in parts(level):
            for item in part:
                if id(item) not in known and gc.is_tracked(item):
                    known.add(id(item))
                    fresh.append(item)
            if len(found) + len(fresh) >= _FROZEN_SHOWN:
                break
        found += fresh
        postponed += [item for item in fresh if _is_long(item)]
        level = referents(*(item for item in fresh if not _is_long(item)))
        if not level:
            level, postponed = referents(*postponed), []
    return found


def _is_long(item: Any) -> bool:
    base = container_base(type(item))
    return base is not None and LENGTHS[base](item) > _LONG


def referrers(items: list[Any], frozen: list[Any]) -> list[Any]:
    """Return the tracked objects that refer to any of ``items``.

    Args:
        items: What is referred to.
        frozen: What ``frozen_objects`` found: the collector knows nothing of it.
    """
    arguments = tuple(items)  # on Python 3.13 it is among them itself
    found = [item for item in gc.get_referrers(*arguments) if item is not arguments]
    wanted = set(map(id, items))
    for part in parts(frozen):
        if not wanted.isdisjoint(map(id, referents(*part))):
            found += [item for item in part if not wanted.isdisjoint(map(id, referents(item)))]
    return found


UNTRACKED = frozenset({dict, bytearray})
"""Containers that the collector need not track: dicts of plain values (before Python 3.14)."""


def container_base(kind: type) -> Any:
    """Return the built-in container that a type is or derives from, or None."""
    for base in kind.__mro__:
        if base in LENGTHS:
            return base
    return None


def has_free_slots(item: list[Any]) -> bool:
    """Tell whether a list has None among some of its elements, the last one included."""
    length = list.__len__(item)
    if not length:
        return False
    step = length // _PROBES + 1
    return any(one is None for one in list.__getitem__(item, slice(None, None, -step)))


def filled_slots(item: list[Any]) -> int:
    """Return how many elements of a list are not None, without comparing them."""
    return list.__len__(item) - sum(map(_IS_NONE, list.__iter__(item)))


_IS_NONE = functools.partial(operator.is_, None)


def type_name(kind: type) -> str:
    """Return ``module.qualname``, without running a metaclass's own attributes."""
    names = []
    for attribute in ("__module__", "__qualname__"):
        value = vars(type)[attribute].__get__(kind)
        if not isinstance(value, str):
            value = "?"
        if value != "builtins":
            names.append(value)
    return ".".join(names)
