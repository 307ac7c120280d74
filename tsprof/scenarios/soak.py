"""What scenarios have in common that keep a load up for a given time."""

from dataclasses import replace

from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.config import Settings, gauge_limits
from tsprof.scenarios.common import timed_plan
from tsprof.scenarios.profiling import sampled_every
from tsprof.supervisor.plan import Plan

LEAST_CHECKPOINTS = 20
"""A short run takes checkpoints more often, so that there is something to judge."""
LEAST_SEGMENT = 1.0
CHECKPOINT_EVERY = 60.0
SAMPLED_SEGMENTS = (4, 12)
"""Segments of a run in which call stacks are sampled, at least and at most, over all of its length:
one in twenty of those of four hours, so that what sampling costs is divided by twenty."""
SAMPLED_PER_SECOND = 1 / 20
"""Such segments by the length of a run: each takes 0.2 s for the profiler to start and to end."""


def segment_seconds(duration: float, checkpoint_every: float = CHECKPOINT_EVERY) -> float:
    """Return the time under load between two checkpoints of a run of so many seconds."""
    return max(LEAST_SEGMENT, min(checkpoint_every, duration / LEAST_CHECKPOINTS))


def steady_plan(
    settings: Settings, scenario: str, duration: float, checkpoint_every: float = CHECKPOINT_EVERY
) -> Plan:
    """Return the plan of a steady load, with a checkpoint every so many seconds.

    Args:
        settings: of the run.
        scenario: its name.
        duration: seconds under load.
        checkpoint_every: seconds under load between two checkpoints, at most.
    """
    length = segment_seconds(duration, checkpoint_every)
    timed = timed_plan(settings, scenario, segment_seconds=length, max_seconds=duration)
    return replace(
        timed,
        # A cache may take the whole run to fill, and the run is looked at after every segment.
        slowest_fill=max(SLOWEST_FILL, duration / length),
        stop_when_sure=False,
        stop_on_leak=not settings.check.keep_going,
        sampled_every=sampled_every(
            settings, max(1, round(duration / length / _sampled_segments(duration)))
        ),
        gauge_limits=gauge_limits(settings, scenario),
    )


def _sampled_segments(duration: float) -> float:
    least, most = SAMPLED_SEGMENTS
    return min(max(duration * SAMPLED_PER_SECOND, least), most)
