"""What the phases of a scenario came to: the steps of a climb, a spike and what followed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tsprof.analysis.service.climb import (
    Step,
    best_step,
    first_beyond,
    held_back,
    step_of,
    what_gave_way,
)
from tsprof.analysis.service.delivery import assess_delivery, obstacle_to_speed
from tsprof.analysis.service.recovery import Second, recovery
from tsprof.histogram import Histogram, from_counts
from tsprof.records import Checkpoint, Phase, ProcessSample, Segment
from tsprof.report import format as fmt
from tsprof.report.model import Comparison, PhaseReport

LEAST_SECONDS = 2.0
"""Between two samples of a process, for its use of a processor."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a scenario's phases came to."""

    segments: Sequence[Segment]
    """Those that criteria of speed rest on."""
    until: float = math.inf
    """Seconds since the run's start up to which growth is judged. What ten times the connections
    and threads leave behind is a jump, of which ``memory_kept`` tells."""
    values: Mapping[str, float | None] = field(default_factory=dict)
    """What only this scenario measures, for its criteria."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Why a value of ``values`` is not known, by name."""
    phases: tuple[PhaseReport, ...] = ()
    """For the report."""
    highlights: tuple[str, ...] = ()
    """Sentences for the top of the report."""
    gave_way: str = ""
    """What gave way first in a climb; empty where nothing did."""
    held_back: str = ""
    """Why the target may sustain a higher rate than was found: what gave way was not the target."""
    comparison: Comparison | None = None
    """Of two targets that took turns."""
    obstacle: str = ""
    """Why these cannot be compared; empty where they can."""


@dataclass(frozen=True, kw_only=True)
class Busy:
    """Processors in use: 1 is one of them."""

    busiest: float
    """By the target's busiest process."""
    target: float
    """By the whole target."""
    everything: float
    """By the target, the load and tsprof."""


def climbed(
    phases: Sequence[Phase],
    segments: Sequence[Segment],
    samples: Iterable[ProcessSample],
    processors: int | None,
) -> Outcome:
    """Return the highest rate that was sustained, and what gave way above it.

    Args:
        phases: one for each rate that was held.
        segments: of the run.
        samples: of all processes.
        processors: of the machine; None where it is not known.
    """
    by_number = {segment.number: segment for segment in segments}
    held = [phase for phase in phases if phase.segment in by_number]
    use = busy(held, samples)
    steps = [
        _step(phase, by_number[phase.segment], used, processors)
        for phase, used in zip(held, use, strict=True)
    ]
    best, beyond = best_step(steps), first_beyond(steps)
    gave_way = what_gave_way(beyond, processors) if beyond and beyond.rate is not None else ""
    if best is None:
        tried = "no rate was sustained" if held else "no rate was held"
        return Outcome(
            segments=segments,
            values={"requests_per_second": None},
            untold={"requests_per_second": tried},
            phases=tuple(map(_row, held, steps, use)),
            highlights=(f"{tried}{_why(beyond, gave_way)}",),
            gave_way=gave_way,
        )
    at = steps.index(best)
    used = use[at]
    values: dict[str, float | None] = {"requests_per_second": best.achieved}
    if used is not None:
        values["cpu_percent"] = 100 * used.target
        values["machine_cpu_percent"] = 100 * used.everything / processors if processors else None
    highest = f"highest sustained rate: {fmt.number(round(best.achieved))} requests/s"
    return Outcome(
        segments=[by_number[held[at].segment]],
        values=values,
        phases=tuple(map(_row, held, steps, use)),
        highlights=(f"{highest}{_why(beyond, gave_way)}",),
        gave_way=gave_way,
        held_back=held_back(beyond, processors) if beyond else "",
    )


def _why(beyond: Step | None, gave_way: str) -> str:
    if beyond is None or beyond.rate is None:
        return "; no higher one was tried that it did not sustain"
    rate = fmt.number(round(beyond.rate))
    return f"; at {rate}/s gave way: {gave_way}"


def _step(phase: Phase, segment: Segment, used: Busy | None, processors: int | None) -> Step:
    return replace(
        step_of(segment, phase.rate),
        busiest=used.busiest if used else None,
        machine=used.everything / processors if used and processors else None,
        waited=segment.generator.waited_share if segment.generator else 0.0,
        generator=obstacle_to_speed(assess_delivery([segment])),
        p99_ms=segment.histogram.percentile(99),
    )


def _row(phase: Phase, step: Step, used: Busy | None) -> PhaseReport:
    return PhaseReport(
        name=phase.name,
        seconds=step.seconds,
        rate=phase.rate,
        requests_per_second=step.achieved,
        failed=step.failed,
        p99_ms=step.p99_ms if phase.rate else None,
        processors=used.target if used else None,
        sustained=None if phase.rate is None else step.is_sustained,
    )


def busy(phases: Sequence[Phase], samples: Iterable[ProcessSample]) -> list[Busy | None]:
    """Return how many processors were in use in each phase; None for one too short to tell."""
    ends: list[dict[tuple[str, int], tuple[ProcessSample, ProcessSample]]] = [{} for _ in phases]
    for sample in samples:
        key = (sample.role, sample.pid)
        for phase, known in zip(phases, ends, strict=True):
            if phase.began <= sample.second <= phase.ended:
                known[key] = (known[key][0] if key in known else sample, sample)
    return [_busy(list(known.values())) for known in ends]


def _busy(ends: Sequence[tuple[ProcessSample, ProcessSample]]) -> Busy | None:
    used = {
        (first.role, first.pid): (last.cpu_seconds - first.cpu_seconds)
        / (last.second - first.second)
        for first, last in ends
        if last.second - first.second >= LEAST_SECONDS
    }
    target = [share for (role, _), share in used.items() if role == "target"]
    if not target:
        return None
    return Busy(busiest=max(target), target=sum(target), everything=sum(used.values()))


def spiked(
    phases: Sequence[Phase],
    segments: Sequence[Segment],
    seconds: Sequence[Mapping[str, Any]],
    checkpoints: Sequence[Checkpoint],
) -> Outcome:
    """Return how a target bore a spike: recovery, what was dropped, and what memory it kept.

    Args:
        phases: ``before`` once or more, ``spike``, ``recovery``, ``after`` once or more.
        segments: of the run; spike and recovery are one.
        seconds: of load, as they are stored.
        checkpoints: of the run.
    """
    told = [_second(row) for row in seconds]
    parts = {p.name: [each for each in phases if each.name == p.name] for p in phases}
    during = {n: [s for each in part for s in _within(told, each)] for n, part in parts.items()}
    if "recovery" not in parts:
        reason = "the run ended before the spike was over"
        names = ("recovery_seconds", "dropped_requests", "memory_kept")
        untold = dict.fromkeys(names, reason)
        return Outcome(segments=segments, values=dict.fromkeys(names), untold=untold)
    spike, calming = parts["spike"][0], parts["recovery"][0]
    back = recovery(during.get("before", []), [*during["recovery"], *during.get("after", [])])
    kept, why = _memory_kept(checkpoints, spike)
    surge = next(segment for segment in segments if segment.number == spike.segment)
    unsent = surge.arrivals.unsent if surge.arrivals else 0
    dropped = surge.failures + unsent
    recovered = (
        f"back within the calm band (p95 of {fmt.milliseconds(back.band_ms)}) after "
        f"{back.seconds:.0f} s"
        if back.seconds is not None
        else f"recovery: {back.reason}"
    )
    # A service that had the time and did not come back has not recovered: that is no lack of data.
    never = back.seconds is None and back.band_ms is not None and "did not" in back.reason
    length = max(phase.ended for phase in phases) - calming.began
    return Outcome(
        segments=[segment for segment in segments if segment.number < spike.segment],
        until=spike.began + 1,
        values={
            "recovery_seconds": length if never else back.seconds,
            "dropped_requests": float(dropped),
            "memory_kept": kept,
        },
        untold={"recovery_seconds": back.reason, "memory_kept": why},
        phases=tuple(
            _phase_row(name, during[name], sum(each.ended - each.began for each in part))
            for name, part in parts.items()
        ),
        highlights=(f"{recovered}; {fmt.count(dropped, 'request')} dropped",),
    )


def _second(row: Mapping[str, Any]) -> Second:
    return Second(
        at=row["second"],
        requests=row["requests"],
        failures=row["failures"],
        latency=from_counts(row["latency"], row.get("max_ms", 0.0)),
    )


def _within(seconds: Iterable[Second], phase: Phase) -> list[Second]:
    """Return the seconds of a phase: each is told at its end."""
    return [second for second in seconds if phase.began < second.at <= phase.ended]


def _memory_kept(checkpoints: Sequence[Checkpoint], spike: Phase) -> tuple[float | None, str]:
    """Return the growth of live memory over the spike, as a share of what there was before."""
    earlier = [c for c in checkpoints if c.seconds <= spike.began + 1]
    later = [c for c in checkpoints if c.seconds > spike.ended]
    if not earlier or not later:
        return None, "no checkpoint was taken before and after the spike"
    before, after = _live(earlier[-1]), _live(later[-1])
    if before <= 0:
        return None, "the target's memory is not known"
    return max(0.0, after / before - 1), ""


def _live(checkpoint: Checkpoint) -> float:
    return float(sum(r.live_or_anonymous for r in checkpoint.processes))


def _phase_row(name: str, seconds: Sequence[Second], length: float) -> PhaseReport:
    latency = Histogram()
    for second in seconds:
        latency.merge(second.latency)
    requests = sum(second.requests for second in seconds)
    failures = sum(second.failures for second in seconds)
    return PhaseReport(
        name=name,
        seconds=length,
        requests_per_second=requests / length if length > 0 else 0.0,
        failed=failures / requests if requests else 0.0,
        p99_ms=latency.percentile(99),
    )
