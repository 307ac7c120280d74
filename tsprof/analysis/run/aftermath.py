"""After growth was suspected: how much of it went at rest, and what load brought after that."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tsprof.analysis.growth.assess import Assessment
from tsprof.analysis.run import observe
from tsprof.analysis.run.assessments import Look, requests_between
from tsprof.analysis.run.confirmation import Drain
from tsprof.records import Checkpoint, ProcessReading
from tsprof.report.model import Resource

Counter = Callable[[ProcessReading], float | None]
Value = Callable[[Checkpoint], float | None]


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
    drain = Drain(seconds=seconds, grown=grown, released=before - rested)
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
