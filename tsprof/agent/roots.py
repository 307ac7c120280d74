"""Walk from an object up to what keeps it alive: a global, a class, a closure, a running frame."""

from __future__ import annotations

import collections
import functools
import gc
import sys
import time
import types

from . import heap, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_DEEPEST = 16
_WIDEST = 100
_NEAR = 20  # objects one or two above the start that may be its other names
_FURTHER = 8  # levels that the walk goes on after it found a root that says little
_PACKAGE = __name__.rpartition(".")[0] + "."
_SEARCH = tuple(
    _PACKAGE + name
    for name in ("eviction.", "holders.", "links.", "objects.", "paths.", "program.", "roots.")
)
SUSPENDED = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)
LRU_CACHE = type(functools.lru_cache(maxsize=1)(len))

# How much a root says, the best first.
_AGENT, _GLOBAL, _CLASS, _LOOP, _LOCAL, _NOTHING = range(6)


class Link:
    """An object on the way up, and the object below that it refers to."""

    __slots__ = ("below", "item")

    def __init__(self, item: Any, below: Link | None) -> None:
        """Link an object to the one that led to it; None for the start."""
        self.item = item
        self.below = below

    def down(self) -> list[Any]:
        """Return the objects from this one down to the start."""
        chain: list[Any] = objects.OwnList()
        link: Link | None = self
        while link is not None:
            chain.append(link.item)
            link = link.below
        return chain


class _Root(collections.namedtuple("_Root", "link rank depth")):  # noqa: PYI024 - no typing
    """Where a walk may end."""

    __slots__ = ()

    def or_better(self, link: Link, rank: int, depth: int) -> _Root:
        """Return a better root, or the furthest object while there is no root."""
        further = rank == self.rank == _NOTHING and depth > self.depth
        return _Root(link, rank, depth) if rank < self.rank or further else self

    def is_enough(self, depth: int) -> bool:
        """Tell whether to end the walk here."""
        says_little = bool(self.rank > _CLASS)
        return not says_little or bool(self.rank < _NOTHING and depth > self.depth + _FURTHER)


class Walk:
    """Walks up from objects, within one time limit for all of them."""

    def __init__(self, until: float, around: Iterable[str] = ()) -> None:
        """Note the modules and the running frames, where every walk may end.

        Args:
            until: the value of ``time.perf_counter`` at which walks end.
            around: names of modules through which no walk goes.
        """
        self._until = until
        self._around = {id(vars(sys.modules[name])) for name in around if name in sys.modules}
        self._modules = {id(vars(m)): m for m in _modules()}
        self._running = {id(frame): frame for frame in objects.running_frames()}
        self._frames = _frame_by_local_variable(self._running.values())
        self._frozen = objects.OwnList(heap.frozen_objects(gc.get_objects()))
        self.out_of_time = False

    def chains(self, start: Any, known: Iterable[type] = ()) -> list[list[Any]]:
        """Return the objects from a root down to ``start``, and what else refers to it.

        The walk is breadth first, so that the way is a shortest one to a root of its rank. Without
        a root the chain begins where the walk ended. The further chains begin one or two objects
        above ``start``: they are its other names. Nothing is returned when the time was up before
        a root was found.

        Args:
            start: the object.
            known: types at whose instances the way ends, too: that from a root to them is known.
        """
        level = [Link(start, None)]
        near: list[Link] = []
        seen = {id(start)}
        best = _Root(level[0], _NOTHING, 0)
        for depth in range(_DEEPEST):
            if not level or best.is_enough(depth):
                break
            if time.perf_counter() > self._until:
                self.out_of_time = True
                break
            for link in level:
                frame = self._frames.get(id(link.item))
                if frame is not None:
                    best = best.or_better(Link(frame, link), _LOCAL, depth)
            level = self._next(level, seen)
            if depth <= 1:
                near += level[:_NEAR]
            for link in level:
                rank = _GLOBAL if type(link.item) in known else self._rank(link.item)
                best = best.or_better(link, rank, depth)
            level = [link for link in level if self._rank(link.item) == _NOTHING][:_WIDEST]
        if self.out_of_time and best.rank == _NOTHING:
            return []
        return [best.link.down(), *(link.down() for link in near if link is not best.link)]

    def is_module_dict(self, item: Any) -> bool:
        """Tell whether an object is the namespace of an imported module."""
        return id(item) in self._modules or objects.is_namespace(item)

    def _rank(self, item: Any) -> int:
        kind = type(item)
        if kind is dict and self.is_module_dict(item):
            return _GLOBAL
        if issubclass(kind, type):
            return _CLASS
        if kind in SUSPENDED or id(item) in self._running:
            return _LOCAL  # the frame of a call that is over is kept by something: a traceback, say
        if kind.__name__.endswith("Loop") and _top_package(kind) in ("asyncio", "uvloop"):
            return _LOOP
        return _AGENT if heap.type_name(kind).startswith(_PACKAGE) else _NOTHING

    def _next(self, level: list[Link], seen: set[int]) -> list[Link]:
        below = {id(link.item): link for link in level}
        items = [link.item for link in level]
        ours = {id(level), id(below), id(items)}
        ours |= {id(self._running), id(self._frames), id(self._modules)} | self._around
        found = []
        for item in heap.referrers(items, self._frozen):
            if id(item) in seen or id(item) in ours or _is_searchs(item):
                continue
            seen.add(id(item))
            for referent in heap.referents(item):
                link = below.get(id(referent))
                if link is not None:
                    found.append(Link(item, link))
                    break
        found.sort(key=lambda link: self._rank(link.item))
        return found


def _modules() -> list[types.ModuleType]:
    return [m for m in list(sys.modules.values()) if objects.is_a(m, types.ModuleType)]


def _frame_by_local_variable(frames: Iterable[types.FrameType]) -> dict[int, types.FrameType]:
    """Return the running frame by the id of each of its local variables.

    Since Python 3.11 the collector does not see what a running frame refers to.
    """
    found: dict[int, types.FrameType] = {}
    for frame in frames:
        for value in objects.frame_locals(frame).values():
            found.setdefault(id(value), frame)
    return found


def _is_searchs(item: Any) -> bool:
    if type(item) is types.FrameType:
        return objects.is_agents_code(item.f_code)
    return heap.type_name(type(item)).startswith(_SEARCH)


def _top_package(kind: type) -> str:
    return heap.type_name(kind).partition(".")[0]
