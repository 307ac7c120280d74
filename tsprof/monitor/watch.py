"""Watches a run under way, and judges it as far as that can be done before its end."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tsprof.analysis.run.assessments import Look, look
from tsprof.analysis.service.climb import best_step, step_of
from tsprof.analysis.service.criteria import criteria_values, judge_criteria, judge_gauges
from tsprof.analysis.service.gauges import Gauges, gauges_of
from tsprof.analysis.service.segments import after_first, undisturbed
from tsprof.records import Checkpoint, Segment
from tsprof.report.model import Criterion
from tsprof.store.follow import RunFollower, RunSoFar

JUDGING_SHARE = 0.02
"""Part of the time that judging may take: on 20 checkpoints, of which a leak check takes one every
1.3 s, it takes 0.1 s."""


@dataclass(frozen=True)
class Judged:
    """What is only known anew at a checkpoint."""

    segments: Sequence[Segment]
    """Those that are judged, in the order of each gauge's values."""
    look: Look
    gauges: Gauges
    values: Mapping[str, float | None]
    """What every run measures, over the whole of it, by the names of criteria."""
    criteria: Mapping[str, Criterion]
    """By name."""


class RunWatch:
    """Follows a run and tells where it stands. To be asked by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Watch the run in a folder; it must have begun."""
        self._follower = RunFollower(folder)
        self._judged: Judged | None = None
        self._stage: tuple[int, ...] = ()
        self._judge_next = 0.0

    def look(self) -> tuple[RunSoFar, Judged]:
        """Return the run as it is now, and what is to be said of it, or was a moment ago."""
        run = self._follower.look()
        stage = (len(run.checkpoints), len(run.segments), len(run.phases))
        began = monotonic()
        due = stage != self._stage and (began >= self._judge_next or run.complete)
        if self._judged is None or due:
            self._judged, self._stage = judge(run), stage
            ended = monotonic()
            self._judge_next = ended + (ended - began) / JUDGING_SHARE
        return run, self._judged


def judge(run: RunSoFar) -> Judged:
    """Hold a run under way to its criteria, as far as they can be told before its end."""
    calm = undisturbed(run.segments, run.last_judged)
    warm = after_first(calm)
    gauges = gauges_of(run.settings.gauges.url, run.gauges, warm, run.checkpoints)
    used = run.usage.total_cpu["target"] / run.elapsed if run.elapsed else None
    percent = None if used is None else 100 * used
    values = criteria_values(_of_speed(run, calm), run.checkpoints, percent, run.processors)
    if run.scenario == "stress":  # use of processors is told of the best rate, at the end
        values |= {"cpu_percent": None, "machine_cpu_percent": None}
        if _best_segment(run) is None:
            values["requests_per_second"] = None
    limited = judge_criteria(run.settings.judged_by_value(run.scenario), values)
    own = judge_gauges(run.settings.comparisons | gauges.told(run.gauge_limits), gauges)
    return Judged(
        segments=warm,
        look=look(_judged_checkpoints(run), run.slowest_fill),
        gauges=gauges,
        values=values,
        criteria={criterion.name: criterion for criterion in limited + own},
    )


def _of_speed(run: RunSoFar, segments: Sequence[Segment]) -> Sequence[Segment]:
    """Return the segments that criteria of speed rest on: as far as they are known, the report's.

    Of a climb it is the highest rate that was sustained, of a surge what came before the spike.
    """
    best = _best_segment(run) if run.scenario == "stress" else None
    if best is not None:
        return [best]
    spikes = [phase.segment for phase in run.phases if phase.name == "spike"]
    return [segment for segment in segments if segment.number < min(spikes, default=math.inf)]


def _best_segment(run: RunSoFar) -> Segment | None:
    """Return the segment of the highest rate that a climb has sustained so far."""
    by_number = {segment.number: segment for segment in run.segments}
    held = [phase for phase in run.phases if phase.segment in by_number]
    steps = [step_of(by_number[phase.segment], phase.rate) for phase in held]
    best = best_step(steps)
    return None if best is None else by_number[held[steps.index(best)].segment]


def _judged_checkpoints(run: RunSoFar) -> Sequence[Checkpoint]:
    """Return the checkpoints by which growth is judged, of which none follows a spike."""
    spikes = [phase.began + 1 for phase in run.phases if phase.name == "spike"]
    until = min(spikes, default=math.inf)
    last = math.inf if run.last_judged is None else run.last_judged
    return [c for c in run.checkpoints if c.number <= last and c.seconds <= until]
