"""After growth was suspected: how much of it went at rest, and what load brought after that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from tsprof.analysis.growth.assess import Assessment
from tsprof.analysis.run import observe
from tsprof.analysis.run.assessments import Look, requests_between
from tsprof.analysis.run.confirmation import Drain
from tsprof.records import Checkpoint, ProcessReading
from tsprof.report.model import Resource

PER_REQUEST = 0.02
"""Timers per request from which it is worth to wait for them, where memory grows."""
TIMED = 0.5
"""Timers for each of what grew, likewise."""
FEW_TIMERS = 64
"""Timers that a service may have for its own purposes, such as those of idle connections."""
LETS_GO = 0.1
"""Part of a growth that must have gone lately for it to be given more time. Of tasks that live 20
to 60 s, 26 % went within 15 s; of a leak none does."""
CLOSED_BYTES = 16_384
"""Bytes that go with each connection that is closed at rest: 8 to 9 kB of a clean uvicorn."""
CLOSED_COUNT = 2
"""Descriptors or tasks, likewise."""
Counter = Callable[[ProcessReading], float | None]
Value = Callable[[Checkpoint], float | None]


@dataclass(frozen=True, kw_only=True)
class Timers:
    """What of a process goes on by itself, see ``agent/timers.py``."""

    number: int
    seconds: Sequence[float]
    """In how many each is due; of very many, a sample."""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """Checkpoints that were taken after the last one that was judged."""

    before: Checkpoint
    """Before the rest."""
    rested: Checkpoint
    """After it."""
    again: Checkpoint | None = None
    """After some more load."""
    segments: int = 1
    """Length of that load in segments."""


def goes_on(final: Look, after: Aftermath, since: Checkpoint, *, clients: int) -> bool:
    """Tell whether something that seems to leak lets go at a pace at which a longer rest may tell.

    Args:
        final: the look that the verdict rests on.
        after: the rest so far.
        since: a checkpoint within it; what went after that tells the pace.
        clients: of the load, whose connections the target may have closed.
    """
    earlier = replace(after, rested=since)
    pairs = [
        (CLOSED_BYTES, memory_drain(final, after), memory_drain(final, earlier)),
        *(
            (CLOSED_COUNT, drain, count_drains(final, earlier).get(resource))
            for resource, drain in count_drains(final, after).items()
        ),
    ]
    return any(
        now.released - then.released > max(LETS_GO * now.grown, clients * each)
        for each, now, then in pairs
        if now is not None and then is not None and not now.let_go
    )


def half_due(final: Look, timers: Sequence[Timers]) -> float:
    """Return in how many seconds half of the timers are due that may end what grew; 0 for none.

    Args:
        final: the look that the verdict rests on.
        timers: of each process.
    """
    requests = final.view.checkpoints[-1].requests - final.view.checkpoints[0].requests
    rates = [final.counts[name].rate.value for name in final.counts if name in final.leaking]
    least = TIMED * requests * min([PER_REQUEST, *rates])
    if sum(each.number for each in timers) < max(least, FEW_TIMERS):
        return 0.0
    return median([seconds for each in timers for seconds in each.seconds] or [0.0])


def memory_drain(final: Look, after: Aftermath) -> Drain | None:
    """Return what became of memory's growth; None where it does not leak."""
    for leaks, assessment, counter in (
        (final.memory_leaks, final.memory, observe.live),
        (final.outside_leaks, final.outside, observe.outside),
        (final.unowned_leaks, final.unowned, observe.unowned),
    ):
        if leaks and assessment is not None:
            return _drain(final, assessment, after, partial(_sum, final, counter))
    return None


def count_drains(final: Look, after: Aftermath) -> dict[Resource, Drain]:
    """Return what became of the counted resources that seem to leak."""
    values: dict[Resource, Value] = {
        "fd": partial(_sum, final, observe.descriptors),
        "thread": partial(_sum, final, observe.threads),
        "task": partial(_sum, final, observe.tasks),
        "process": lambda checkpoint: float(checkpoint.children),
        "temporary_file": lambda checkpoint: checkpoint.temporary_files,
    }
    found: dict[Resource, Drain] = {}
    for resource, assessment in final.counts.items():
        if resource in final.leaking:
            drain = _drain(final, assessment, after, values[resource])
            if drain is not None:
                found[resource] = drain
    return found


def _sum(final: Look, value: Counter, checkpoint: Checkpoint) -> float | None:
    """Return a counter's sum over the processes that were judged; None where one tells no more."""
    judged = {
        r.identity for r in final.view.readings(final.view.checkpoints[-1]) if _tells(value, r)
    }
    readings = [r for r in checkpoint.processes if r.identity in judged]
    if len(readings) < len(judged) or not all(_tells(value, r) for r in readings):
        return None
    return float(sum(value(reading) or 0 for reading in readings))


def _tells(value: Counter, reading: ProcessReading) -> bool:
    return value(reading) is not None


def _drain(
    final: Look,
    judged: Assessment,
    after: Aftermath,
    value: Value,
) -> Drain | None:
    before, rested = value(after.before), value(after.rested)
    if before is None or rested is None:
        return None
    seconds = after.rested.seconds - after.before.seconds
    grown = judged.rate.value * requests_between(final.view, judged)
    # Half of the tasks that lived 20 to 60 s had ended by the rest: naming them had taken 37 s.
    most = max(before, value(final.view.checkpoints[judged.last]) or 0.0)
    drain = Drain(seconds=seconds, grown=grown, released=most - rested)
    again = value(after.again) if after.again is not None else None
    if after.again is None or again is None:
        return drain

    def ticks(start: Checkpoint, end: Checkpoint) -> float:
        if judged.clock == "seconds":
            return end.seconds - start.seconds
        return end.requests - start.requests

    window = final.view.checkpoints[judged.first : judged.last + 1]
    load = ticks(after.rested, after.again)
    before_that = [
        ((value(end) or 0) - (value(start) or 0)) / ticks(start, end) * load
        for start, end in zip(window, window[after.segments :], strict=False)
        if ticks(start, end) > 0
    ]
    whole = ticks(window[0], window[-1]) if window else 0.0
    if not before_that or whole <= 0:
        return drain
    return replace(
        drain, brought=again - rested, expected=grown / whole * load, least=min(before_that)
    )
