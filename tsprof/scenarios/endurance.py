"""``endurance``: the soak test over minutes or hours."""

from tsprof.analysis.shapes import SLOWEST_FILL
from tsprof.config import Settings
from tsprof.scenarios.profilers import profiler
from tsprof.supervisor.plan import Plan

LEAST_CHECKPOINTS = 20
"""A short soak takes checkpoints more often, so that there is something to judge."""
LEAST_SEGMENT = 1.0


def plan(settings: Settings) -> Plan:
    """Return the plan of a soak: load for the time asked, a checkpoint every so often."""
    endurance, check = settings.endurance, settings.check
    segment_seconds = max(
        LEAST_SEGMENT,
        min(endurance.checkpoint_every, endurance.duration / LEAST_CHECKPOINTS),
    )
    return Plan(
        scenario="endurance",
        segment_seconds=segment_seconds,
        # A cache may take the whole soak to fill, and the run is looked at after every segment.
        slowest_fill=max(SLOWEST_FILL, endurance.duration / segment_seconds),
        max_seconds=endurance.duration,
        users=endurance.users or settings.load.users,
        counted=False,
        stop_when_sure=False,
        stop_on_leak=not check.keep_going,
        attribute=None if check.attribute else False,
        profiler=profiler(settings),
        drain_seconds=check.drain,
        hang_seconds=check.hang_timeout,
    )
