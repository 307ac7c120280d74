"""From checkpoints to the series that are judged: which processes count, since when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tsprof.analysis.growth.assess import Series
from tsprof.records import Checkpoint, ProcessReading

PAGE = 4096
LARGE_SHARE = 0.2
"""Part of the target's resident memory from which a process cannot be left out."""
BLOCK = 16
"""Both allocators hand out multiples of 16 bytes on 64-bit machines."""


@dataclass(frozen=True)
class Watched:
    """The processes on which a verdict can rest, and the checkpoints that show all of them."""

    identities: frozenset[tuple[int, float]]
    checkpoints: tuple[Checkpoint, ...]
    restarts: int
    """Checkpoints at which a process that counts had gone, come or changed its way of telling."""
    uncertain: int = 0
    """Checkpoints before which a load process was lost, with its count of requests."""

    def readings(self, checkpoint: Checkpoint) -> list[ProcessReading]:
        """Return the watched processes' readings at a checkpoint."""
        return [r for r in checkpoint.processes if r.identity in self.identities]


def watched(checkpoints: Sequence[Checkpoint]) -> Watched:
    """Choose the processes and checkpoints that can be compared with each other.

    A process that ends takes its memory with it, a new worker warms up, and exact counters do not
    compare with a look from outside: growth is only judged since the last such change. A small
    child without an agent that merely comes along is no change: it shows in the number of
    processes. Nor does growth compare over a segment whose requests are not all counted, or between
    a target that had the time to tidy up and one that had not.
    """
    large = _large(checkpoints[-1]) if checkpoints else frozenset()
    start, restarts, uncertain = 0, 0, 0
    for index in range(1, len(checkpoints)):
        before = {r.identity: r.source for r in checkpoints[index - 1].processes}
        here = {r.identity: r.source for r in checkpoints[index].processes}
        gone = before.keys() - here.keys()
        come = {k for k in here.keys() - before.keys() if here[k] == "agent" or k in large}
        changed = {k for k in here.keys() & before.keys() if here[k] != before[k]}
        if gone or come or changed:
            start, restarts = index, restarts + 1
        if checkpoints[index].rested != checkpoints[index - 1].rested:
            start = index
        if checkpoints[index].uncertain:
            start, uncertain = index, uncertain + 1
    comparable = tuple(checkpoints[start:])
    identities = (
        frozenset.intersection(*(frozenset(r.identity for r in c.processes) for c in comparable))
        if comparable
        else frozenset()
    )
    return Watched(identities, comparable, restarts, uncertain)


def _large(checkpoint: Checkpoint) -> frozenset[tuple[int, float]]:
    """Return the processes without which a checkpoint does not tell of the target's memory."""
    total = sum(r.rss for r in checkpoint.processes)
    return frozenset(r.identity for r in checkpoint.processes if r.rss > LARGE_SHARE * total)


def series(view: Watched, value: Callable[[ProcessReading], float | None]) -> Series | None:
    """Return the sum of a counter over the watched processes that have it, or None if none has.

    Besides requests and seconds, the errors and (where there are at least two) the endpoints serve
    as clocks.
    """
    having = {
        r.identity for c in view.checkpoints for r in view.readings(c) if value(r) is not None
    }
    if not having:
        return None
    values = tuple(
        float(sum(value(r) or 0 for r in view.readings(c) if r.identity in having))
        for c in view.checkpoints
    )
    return _series(view.checkpoints, values)


def process_count(checkpoints: Sequence[Checkpoint]) -> Series:
    """Return the number of processes of the target over the whole run."""
    return _series(checkpoints, tuple(float(c.children) for c in checkpoints))


def temporary_files(checkpoints: Sequence[Checkpoint]) -> Series | None:
    """Return the number of the target's temporary files, or None where it was not watched."""
    numbers = [c.temporary_files for c in checkpoints if c.temporary_files is not None]
    if not numbers or len(numbers) < len(checkpoints):
        return None
    return _series(checkpoints, tuple(map(float, numbers)))


def _series(checkpoints: Sequence[Checkpoint], values: tuple[float, ...]) -> Series:
    clocks = {"errors": tuple(float(c.failures) for c in checkpoints)}
    if checkpoints:
        names = sorted(checkpoints[-1].endpoints)
        if len(names) > 1:
            for name in names:
                clocks[name] = tuple(float(c.endpoints.get(name, 0)) for c in checkpoints)
    return Series(
        requests=tuple(c.requests for c in checkpoints),
        seconds=tuple(c.seconds for c in checkpoints),
        values=values,
        clocks={name: counts for name, counts in clocks.items() if counts and counts[-1] > 0},
    )


def live(reading: ProcessReading) -> float | None:
    """Exact live bytes of a process with an agent."""
    return reading.live


def outside(reading: ProcessReading) -> float | None:
    """Resident anonymous bytes of a process without a readable ledger."""
    return reading.anonymous if reading.live is None else None


def unowned(reading: ProcessReading) -> float | None:
    """Resident anonymous bytes beyond what the known allocators hold (mmap, jemalloc).

    Negative by a constant where held memory is not resident; only its growth means anything.
    """
    if reading.live is None:
        return None
    return float(reading.anonymous - reading.python_held - reading.native_held)


def slack(reading: ProcessReading) -> float | None:
    """Bytes that the allocators hold from the kernel without using them."""
    if reading.live is None:
        return None
    return float(reading.python_held + reading.native_held - reading.live)


def descriptors(reading: ProcessReading) -> float | None:
    """Open file descriptors."""
    return float(reading.descriptors)


def threads(reading: ProcessReading) -> float | None:
    """Threads, the native ones included."""
    return float(reading.threads)


def tasks(reading: ProcessReading) -> float | None:
    """Asyncio tasks that are not done."""
    return None if reading.tasks is None else float(reading.tasks)
