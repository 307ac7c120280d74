"""The census: how many objects of which type there are, and which containers grow.

It works on the lists that the garbage collector hands out, within a time budget, and keeps no
object alive between two calls: what it remembers are the ids and lengths of containers, in two
arrays. It runs in quiet moments, since it holds the interpreter for milliseconds at a time.
"""

from __future__ import annotations

import array
import collections
import gc
import sys
import time

from . import heap

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LARGE = 512
"""Bytes from which malloc serves Python's blocks instead of pymalloc."""
LONG = 64
"""Entries from which every container is remembered."""
_REMEMBERED = 20_000
_SAMPLED = 4_096  # small containers remembered, or up to twice as many
# Those whose address is a multiple of a prime: of powers of two some sizes never are multiples.
_PRIMES = (1, 3, 7, 17, 37, 79, 163, 331, 673, 1_361, 2_729, 5_471, 10_949, 1 << 62)
_TYPES = 400
_CANDIDATES = 40
_LONG_ENOUGH = {list: 57, dict: 10, set: 20, collections.deque: 0, bytearray: 400}
"""Lengths below which no container of the kind has a table of more than ``LARGE`` bytes."""
_PAYLOADS = frozenset({bytes, str, bytearray})


class Census:
    """Counts this process's objects; remembers containers between two counts."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._ids = array.array("Q")
        self._lengths = array.array("q")
        self._offset = 0
        self._every = 1

    def take(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Count objects by type, and find the containers that grew since the last call.

        Where the budget ends first, the next call goes on with the rest of the heap, so that
        growth shows from the second time that a part of it is seen.

        Args:
            arguments: ``budget`` in seconds (default 2).

        Returns:
            ``complete``, ``objects`` and how many of them were ``scanned``; ``types``: objects by
            type; ``containers``: id, type, length and previous length (None when new) of those
            that gained the most; ``spread``: what small containers gained together, with the ids
            of some; ``entries`` by kind of container; ``large_container_bytes``: the tables of
            built-in containers that malloc serves; ``large_payload_bytes``: likewise the str,
            bytes and bytearray objects in them, None when the budget did not reach so far;
            ``state_bytes``: what the census itself keeps; ``seconds``.
        """
        began = time.perf_counter()
        with heap.CollectorPaused():
            objects = heap.objects()
            total = len(objects)
            count = _Count(self._every)
            for chunk in _chunks(objects, self._offset):
                count.add(chunk)
                if time.perf_counter() - began > arguments.get("budget", 2.0):
                    break
            del objects, chunk
        complete = count.scanned == total
        self._offset = 0 if complete else (self._offset + count.scanned) % total
        previous = {identity: self._lengths[at] for at, identity in enumerate(self._ids)}
        reply = {
            "complete": complete,
            "objects": total,
            "scanned": count.scanned,
            "types": _most_common_types(count.types),
            "containers": _grown(count.containers, previous),
            "spread": _spread(count.small, previous, self._every),
            "entries": {kind.__name__: number for kind, number in count.entries.items()},
            "large_container_bytes": count.table_bytes,
            "large_payload_bytes": count.payload_bytes if complete else None,
            "frozen": gc.get_freeze_count(),
        }
        self._remember(count, previous, total)
        reply["state_bytes"] = sum(map(sys.getsizeof, (self._ids, self._lengths)))
        reply["seconds"] = time.perf_counter() - began
        return reply

    def _remember(self, count: _Count, previous: dict[int, int], total: int) -> None:
        complete = count.scanned == total
        seen = len(count.small) * count.every * total // max(count.scanned, 1)
        self._every = next(prime for prime in _PRIMES if seen <= prime * 2 * _SAMPLED)
        long = sorted(count.containers.items(), key=lambda entry: -entry[1][1])[:_REMEMBERED]
        fresh = {identity: length for identity, (_, length) in long}
        fresh.update(_sampled(count.small, self._every))
        if not complete:
            carried = {i: length for i, length in previous.items() if i not in fresh}
            fresh = {**_sampled(carried, self._every), **fresh}
        # What was not seen for longest comes first, and may be gone.
        kept = list(fresh)[-(_REMEMBERED + 2 * _SAMPLED) :]
        self._ids = array.array("Q", kept)
        self._lengths = array.array("q", [fresh[identity] for identity in kept])


class _Count:
    """The sums of one call."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.scanned = 0
        self.types: collections.Counter[type] = collections.Counter()
        self.entries: collections.Counter[type] = collections.Counter()
        self.containers: dict[int, tuple[str, int]] = {}
        self.small: dict[int, int] = {}
        self.table_bytes = 0
        self.payload_bytes = 0
        self._seen: set[int] = set()
        self._bases: dict[type, Any] = {}

    def add(self, chunk: list[Any]) -> None:
        """Add a part of the heap: types first, then the containers among it."""
        self.scanned += len(chunk)
        types = collections.Counter(map(type, chunk))
        self.types.update(types)
        for kind in types:
            if kind not in self._bases:
                self._bases[kind] = heap.container_base(kind)
        by_base: dict[Any, set[type]] = {}
        for kind in types:
            by_base.setdefault(self._bases[kind], set()).add(kind)
        by_base.pop(None, None)
        for base, kinds in by_base.items():
            self._measure(base, [item for item in chunk if type(item) in kinds])
        self._add_hidden(chunk)

    def _add_hidden(self, chunk: list[Any]) -> None:
        """Add what the collector does not track: dicts of plain values, and payload.

        A dict that holds nothing but str, bytes, numbers and None is not tracked before Python
        3.14; it is seen through whatever holds it.
        """
        referents = heap.referents(*chunk)
        untracked = [item for item in referents if type(item) in heap.UNTRACKED]
        hidden = {id(item): item for item in untracked if not gc.is_tracked(item)}
        for identity in self._seen.intersection(hidden):
            del hidden[identity]
        self._seen.update(hidden)
        for base in heap.UNTRACKED:
            self._measure(base, [item for item in hidden.values() if type(item) is base])
        referents += gc.get_referents(*hidden.values())
        for item in [item for item in referents if type(item) in _PAYLOADS]:
            size = item.__sizeof__()
            if size > LARGE and id(item) not in self._seen:
                self._seen.add(id(item))
                self.payload_bytes += size

    def _measure(self, base: Any, containers: list[Any]) -> None:
        lengths = list(map(heap.LENGTHS[base], containers))
        self.entries[base] += sum(lengths)
        least = min(LONG, _LONG_ENOUGH[base])
        long = [at for at, length in enumerate(lengths) if length >= least]
        for item, length in ((containers[at], lengths[at]) for at in long):
            if type(item) is base:
                table = item.__sizeof__() - base.__basicsize__
                self.table_bytes += table if table > LARGE else 0
            if length >= LONG:
                self.containers[id(item)] = (heap.type_name(type(item)), length)
        every = self.every
        for item in [item for item in containers if not id(item) // 16 % every]:
            length = heap.LENGTHS[base](item)
            if length < LONG:
                self.small[id(item)] = length


def _sampled(lengths: dict[int, int], every: int) -> dict[int, int]:
    """Return the long containers, and of the small ones those in the sample."""
    return {i: length for i, length in lengths.items() if length >= LONG or not i // 16 % every}


def _chunks(objects: list[Any], offset: int) -> Iterator[list[Any]]:
    for start in range(offset, len(objects), heap.CHUNK):
        yield objects[start : start + heap.CHUNK]
    for start in range(0, offset, heap.CHUNK):
        yield objects[start : min(start + heap.CHUNK, offset)]


def _most_common_types(types: collections.Counter[type]) -> dict[str, int]:
    named: collections.Counter[str] = collections.Counter()
    for kind, number in types.most_common(_TYPES):
        named[heap.type_name(kind)] += number
    return dict(named)


def _grown(
    containers: dict[int, tuple[str, int]], previous: dict[int, int]
) -> list[dict[str, Any]]:
    """Return the containers that gained the most, and the longest of those not seen before."""
    known: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for identity, (kind, length) in containers.items():
        before = previous.get(identity)
        if before is None:
            new.append({"id": identity, "type": kind, "length": length, "previous": None})
        elif length > before:
            known.append({"id": identity, "type": kind, "length": length, "previous": before})
    known.sort(key=lambda entry: entry["previous"] - entry["length"])
    new.sort(key=lambda entry: -entry["length"])
    return known[:_CANDIDATES] + new[: _CANDIDATES // 2]


def _spread(small: dict[int, int], previous: dict[int, int], every: int) -> dict[str, Any]:
    gains = {
        identity: length - previous[identity]
        for identity, length in small.items()
        if length > previous.get(identity, length)
    }
    most = sorted(gains, key=lambda identity: -gains[identity])[:5]
    return {"containers": len(gains) * every, "entries": sum(gains.values()) * every, "ids": most}


# The agent calls module functions, and a process has one census.
_census = Census()
take = _census.take
