"""Instances that refer to each other, such as the nodes of a list: where to start the way up."""

from __future__ import annotations

import collections
import gc

from . import heap, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_MOST = 0.9  # part of a type's instances that others refer to, where they form one structure
_READ = 5  # instances whose links are read
_MEASURED = 50  # instances by which the size of all is estimated, the newest
_FEW = 20  # ends of a structure; a type with more is many small structures

Linked = collections.namedtuple("Linked", "label entries newest peers")  # noqa: PYI024 - no typing
"""A structure in words, its number of instances, the newest of them, and the ids of all."""


def foremost(instances: list[Any], program: list[Any]) -> tuple[list[Any], Linked | None]:
    """Return the instances from which the way up is short, and the structure that they form.

    Args:
        instances: Of one type, the newest last.
        program: All objects, among which those are looked for that refer to nodes in a ring.
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
        return ends or instances, None
    if not ends:  # linked both ways: no end is without a neighbour that refers to it
        doors = _referred_to_from_outside(program, peers, owned)
        ends = [item for item in instances if id(item) in doors]
    if not 0 < len(ends) <= _FEW:
        return ends or instances, None
    names = sorted({name for item in instances[-_READ:] for name in _names(item, peers)})
    if not names:
        return ends, None
    kind = heap.type_name(type(instances[0]))
    label = "linked list of %s through %s" % (kind, " and ".join("." + name for name in names))
    return ends, Linked(label, len(instances), objects.OwnList(instances[-_MEASURED:]), peers)


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
