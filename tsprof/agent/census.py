"""The census: how many objects of which type there are, and which containers grow.

It works on the lists that the garbage collector hands out, within a time budget, and keeps no
object alive between two looks: what it remembers are the ids and lengths of containers, in two
arrays. It runs in quiet moments; no call into the interpreter takes more than 0.1 s at five million
objects, and between two of them another thread may run.
"""

from __future__ import annotations

import array
import collections
import gc
import itertools
import sys
import time

from . import heap

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

LONG = 64
"""Entries from which every container is remembered."""
_REMEMBERED = 20_000
_SAMPLED = 4_096  # small containers remembered, or up to twice as many
_BUCKETS = 1_000_003  # of addresses; a prime, since of powers of two some sizes never are multiples
_SPREADING = 618_034  # the golden section of it: neighbours come into buckets far from each other
_TYPES = 400
_CANDIDATES = 40


class Census:
    """Counts this process's objects; remembers containers between two looks."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._ids = array.array("Q")
        self._lengths = array.array("q")
        self._slots: dict[int, int] = {}
        self._buckets = _BUCKETS
        self._look: _Look | None = None

    def take(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Count objects by type, and find the containers that grew since the last look.

        Args:
            arguments: ``budget`` in seconds (default 2), after the listing of all objects.

        Returns:
            ``complete``: whether all was seen; ``objects`` and how many of them were ``scanned``:
            where they are fewer, the budget was too small, and ``go_on`` sees more; ``types``:
            objects by type; ``containers``: id, type, length and previous length (None when new)
            of those that gained the most; of a list that has None for what is to come the length is
            the number of the others, and ``slots`` all its elements, where they were as many
            before; ``spread``: what small containers gained together, with the ids of some;
            ``state_bytes``: what the census itself keeps; ``seconds`` of this call.
        """
        previous = dict(zip(self._ids, self._lengths))  # noqa: B905 - Python 3.9
        self._look = _Look(previous, self._buckets, self._slots)
        return self.go_on(arguments)

    def go_on(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Go on with a look for whose heap the budget was too small.

        Args:
            arguments: those of ``take``.

        Returns:
            What ``take`` returns, of all that this look has seen so far.

        Raises:
            ValueError: No look is under way.
        """
        began = time.perf_counter()
        look = self._look
        if look is None:
            raise ValueError("no census is under way")
        with heap.CollectorPaused():
            objects = heap.objects()
            total = len(objects)
            listed = time.perf_counter()
            while look.scanned < total:
                look.add(objects[look.scanned : look.scanned + heap.CHUNK])
                if time.perf_counter() - listed > arguments.get("budget", 2.0):
                    break
            del objects
        seen_to_the_end = look.scanned >= total
        self._remember(look)
        if seen_to_the_end:
            self._look = None
        return {
            "complete": seen_to_the_end and heap.shows_all(),
            "objects": total,
            "scanned": look.scanned,
            "types": _most_common_types(look.types),
            "containers": look.grown(),
            "spread": look.spread(),
            "state_bytes": sum(map(sys.getsizeof, (self._ids, self._lengths))),
            "seconds": time.perf_counter() - began,
        }

    def _remember(self, look: _Look) -> None:
        long = sorted(look.long.items(), key=lambda entry: -entry[1][1])[:_REMEMBERED]
        fresh = {identity: length for identity, (_, length) in long}
        fresh.update(look.small)
        self._ids = array.array("Q", fresh)
        self._lengths = array.array("q", fresh.values())
        self._buckets = look.buckets
        self._slots = {
            identity: slots for identity, slots in look.slots.items() if identity in fresh
        }


class _Look:
    """What one look has seen so far; it holds as much of five million containers as of few."""

    def __init__(self, previous: dict[int, int], buckets: int, slots: dict[int, int]) -> None:
        self.scanned = 0
        self.types: collections.Counter[type] = collections.Counter()
        self.long: dict[int, tuple[type, int]] = {}
        self.small: dict[int, int] = {}
        self.buckets = buckets
        """Small containers with an address in one of these buckets are the sample."""
        self.slots: dict[int, int] = {}
        """Elements of the lists that were made with None for what is to come."""
        self._least = LONG
        self._previous = previous
        self._previous_slots = slots
        self._bases: dict[type, Any] = {}
        own = (self.types, self.long, self.small, self.slots, slots, self._previous, self._bases)
        self._own = frozenset(map(id, own))

    def add(self, chunk: list[Any]) -> None:
        """Add a part of the heap, with the untracked containers that it refers to.

        A dict that holds nothing but str, bytes, numbers and None is not tracked before Python
        3.14; it is seen through whatever holds it.
        """
        self.scanned += len(chunk)
        types = collections.Counter(map(type, chunk))
        self.types.update(types)
        for kind in types:
            if kind not in self._bases:
                self._bases[kind] = heap.container_base(kind)
        for base in {self._bases[kind] for kind in types} - {None}:
            kinds = {kind for kind in types if self._bases[kind] is base}
            self._measure(base, [item for item in chunk if type(item) in kinds])
        for referents in heap.parts(heap.referents(*chunk)):
            for base in heap.UNTRACKED:
                alike = [item for item in referents if type(item) is base]
                self._measure(base, [item for item in alike if not gc.is_tracked(item)])

    def _measure(self, base: Any, containers: list[Any]) -> None:
        lengths = list(map(heap.LENGTHS[base], containers))
        for item, length in zip(containers, lengths):  # noqa: B905 - Python 3.9
            if length >= LONG and id(item) not in self._own:
                self._add_long(item, length, self._filled(item, length) if base is list else length)
        buckets = self.buckets
        chosen = [id(item) // 16 * _SPREADING % _BUCKETS < buckets for item in containers]
        for at in itertools.compress(range(len(containers)), chosen):
            if lengths[at] < LONG:
                self.small[id(containers[at])] = lengths[at]
        if len(self.long) > 4 * _REMEMBERED:
            self._forget_all_but_the_longest()
        while len(self.small) > 2 * _SAMPLED:
            self.buckets //= 2
            for identity in list(self.small):
                if identity // 16 * _SPREADING % _BUCKETS >= self.buckets:
                    del self.small[identity]

    def _add_long(self, item: Any, length: int, filled: int) -> None:
        if length >= self._least or filled > self._previous.get(id(item), filled):
            self.long[id(item)] = (type(item), filled)

    def _filled(self, item: list[Any], length: int) -> int:
        """Return a list's length; of one that has free slots, or had them, that of the others.

        One that grows has none: ``results.append(None)`` is an entry like any other.
        """
        slots, before = self._previous_slots.get(id(item)), self._previous.get(id(item))
        if slots is None and not heap.has_free_slots(item):
            return length
        self.slots[id(item)] = length
        if slots is not None and before is not None and length > slots:
            return before + length - slots
        return heap.filled_slots(item)

    def _forget_all_but_the_longest(self) -> None:
        """Make room: what grew is kept, and of the rest the longest."""
        longest = sorted((length for _, length in self.long.values()), reverse=True)
        self._least = longest[_REMEMBERED] + 1
        known = self._previous
        for identity, (_, length) in list(self.long.items()):
            if length < self._least and length <= known.get(identity, length):
                del self.long[identity]

    def grown(self) -> list[dict[str, Any]]:
        """Return the containers that gained the most, and the longest of those not seen before."""
        known: list[dict[str, Any]] = []
        new: list[dict[str, Any]] = []
        for identity, (kind, length) in self.long.items():
            before = self._previous.get(identity)
            if before is None or length > before:
                group = new if before is None else known
                name = heap.type_name(kind)
                entry = {"id": identity, "type": name, "length": length, "previous": before}
                slots = self.slots.get(identity)
                if slots is not None and slots == self._previous_slots.get(identity):
                    entry["slots"] = slots
                group.append(entry)
        known.sort(key=lambda entry: entry["previous"] - entry["length"])
        new.sort(key=lambda entry: -entry["length"])
        return known[:_CANDIDATES] + new[: _CANDIDATES // 2]

    def spread(self) -> dict[str, Any]:
        """Estimate what the small containers gained, from those in the sample."""
        each = _BUCKETS / self.buckets
        gains = {
            identity: length - self._previous[identity]
            for identity, length in self.small.items()
            if length > self._previous.get(identity, length)
        }
        most = sorted(gains, key=lambda identity: -gains[identity])[:5]
        return {
            "containers": round(len(gains) * each),
            "entries": round(sum(gains.values()) * each),
            "ids": most,
        }


def _most_common_types(types: collections.Counter[type]) -> dict[str, int]:
    named: collections.Counter[str] = collections.Counter()
    for kind, number in types.most_common(_TYPES):
        named[heap.type_name(kind)] += number
    return dict(named)


# The agent calls module functions, and a process has one census.
_census = Census()
take = _census.take
go_on = _census.go_on
