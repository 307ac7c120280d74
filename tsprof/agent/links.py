"""Instances that refer to each other, such as the nodes of a list: where to start the way up."""

from __future__ import annotations

import collections
import gc
import types

from . import heap, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_MOST = 0.9  # part of a type's instances that others refer to, where they form one structure
_READ = 5  # instances whose links are read
_MEASURED = 50  # instances by which the size of all is estimated, the newest
_FEW = 20  # ends of a structure; a type with more is many small structures
_FOLLOWED = 20_000  # instances whose links through objects of other types are followed
_BETWEEN = 8  # such objects between two instances: a future, its exception, traceback and frame
_NAMED = 3  # of their types
_NO_JOINTS = (dict, type, types.FunctionType, types.ModuleType)  # they lead to all of a module
_JOINTS = (BaseException, types.TracebackType, types.FrameType, types.CellType, tuple)

Linked = collections.namedtuple(  # noqa: PYI024 - no typing
    "Linked", "label entries newest peers between"
)
"""A structure in words, its number of instances, the newest of them, the ids of all, and the types
of the objects by which they refer to each other."""


def foremost(
    instances: list[Any], program: list[Any], growing: set[type]
) -> tuple[list[Any], Linked | None]:
    """Return the instances from which the way up is short, and the structure that they form.

    Args:
        instances: Of one type, the newest last.
        program: All objects, among which those are looked for that refer to nodes in a ring.
        growing: The types whose instances grow, by which they may refer to each other as well.
    """
    peers = frozenset(map(id, instances))
    behind: set[int] = set()
    owned: set[int] = set()
    for at in range(0, len(instances), heap.CHUNK):
        referents = gc.get_referents(*instances[at : at + heap.CHUNK])
        dicts = [item for item in referents if type(item) is dict]
        owned.update(map(id, dicts))
        referents += gc.get_referents(*dicts)
        behind |= peers.intersection(map(id, referents))
    ends = [item for item in instances if id(item) not in behind]
    if len(behind) < _MOST * len(instances):
        found = _linked_through_others(instances, growing)
        return found or (ends or instances, None)
    if not ends:  # linked both ways: no end is without a neighbour that refers to it
        doors = _referred_to_from_outside(program, peers, owned)
        ends = [item for item in instances if id(item) in doors]
    if not 0 < len(ends) <= _FEW:
        return ends or instances, None
    names = sorted({name for item in instances[-_READ:] for name in _names(item, peers)})
    return ends, _linked(instances, peers, ["." + name for name in names], set())


def _linked(
    instances: list[Any], peers: frozenset[int], through: list[str], between: set[type]
) -> Linked:
    label = "linked list of %s" % heap.type_name(type(instances[0]))
    if through:  # the context of an exception, say, is no attribute that tells its name
        label += " through %s" % " and ".join(through)
    newest = objects.OwnList(instances[-_MEASURED:])
    return Linked(label, len(instances), newest, peers, between)


def _linked_through_others(
    instances: list[Any], growing: set[type]
) -> tuple[list[Any], Linked] | None:
    """Find instances each of which keeps an older one by way of objects of other types.

    async_lru 2.0.4 kept each failed result for ever: the frame in the traceback of a result's
    exception had the result that was evicted for it as a local variable.
    """
    followed = instances[-_FOLLOWED:]
    peers = frozenset(map(id, followed))
    behind, _ = _reached(followed, peers, growing)
    known = set(map(id, behind))
    ends = objects.OwnList(item for item in followed if id(item) not in known)
    if len(known) < _MOST * len(followed) or not ends:
        return None
    seen, level, between = {id(ends[-1])}, [ends[-1]], set()
    for _ in range(_READ):  # an instance that leads to itself alone is behind, but no chain
        level, kinds = _reached(level, peers, growing)
        level = [item for item in level if id(item) not in seen]
        seen.update(map(id, level))
        between |= kinds
        if not level:
            return None
    told = [kind for kind in between if issubclass(kind, BaseException)] or between
    through = sorted(map(heap.type_name, told))[:_NAMED]
    return ends, _linked(instances, frozenset(map(id, instances)), through, between)


def _reached(
    level: list[Any], peers: frozenset[int], growing: set[type]
) -> tuple[list[Any], set[type]]:
    """Return the peers that objects lead to, and the types of the objects in between."""
    reached: dict[int, Any] = objects.OwnDict()
    seen: set[int] = set()
    between: set[type] = set()
    for _ in range(_BETWEEN):
        onward: list[Any] = objects.OwnList()
        for part in heap.parts(level):
            for item in _referents(part, seen):
                if id(item) in peers:
                    reached[id(item)] = item
                elif id(item) not in seen and _leads_on(type(item), growing):
                    seen.add(id(item))
                    onward.append(item)
        between.update(map(type, onward))
        level = onward
    return list(reached.values()), between


def _referents(items: list[Any], seen: set[int]) -> list[Any]:
    """Return what objects refer to, and what their attributes do; of a frame, no global names."""
    frames = [item for item in items if type(item) is types.FrameType]
    found = gc.get_referents(*(item for item in items if type(item) is not types.FrameType))
    dicts = {id(item): item for item in found if type(item) is dict and id(item) not in seen}
    seen.update(dicts)  # one may be the attribute of thousands
    return found + gc.get_referents(*dicts.values()) + gc.get_referents(*frames)


def _leads_on(kind: type, growing: set[type]) -> bool:
    """Tell whether objects of a type may join two instances of a structure."""
    return issubclass(kind, _JOINTS) or (kind in growing and not issubclass(kind, _NO_JOINTS))


def _referred_to_from_outside(
    program: list[Any], peers: frozenset[int], owned: set[int]
) -> set[int]:
    """Return the ids of those instances that something else than their own kind refers to."""
    doors: set[int] = set()
    for at in range(0, len(program), heap.CHUNK):
        chunk = [
            item
            for item in program[at : at + heap.CHUNK]
            if id(item) not in peers and id(item) not in owned
        ]
        doors |= peers.intersection(map(id, heap.referents(*chunk)))
    return doors


def _names(item: Any, peers: frozenset[int]) -> list[str]:
    """Return the attributes by which an instance refers to others of its kind."""
    referents = gc.get_referents(item)
    referents += gc.get_referents(*(one for one in referents if type(one) is dict))
    neighbours = {id(one): one for one in referents if id(one) in peers}
    names = (objects.attribute_name(item, one) for one in neighbours.values())
    return [name for name in names if name is not None]
