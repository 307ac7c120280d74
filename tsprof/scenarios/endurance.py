"""``endurance``: the soak test over minutes or hours."""

from tsprof.config import Settings, gauge_limits
from tsprof.scenarios.profilers import profiler
from tsprof.scenarios.soak import segment_seconds, slowest_fill
from tsprof.supervisor.plan import Plan


def plan(settings: Settings) -> Plan:
    """Return the plan of a soak: load for the time asked, a checkpoint every so often."""
    endurance, check = settings.endurance, settings.check
    length = segment_seconds(endurance.duration, endurance.checkpoint_every)
    return Plan(
        scenario="endurance",
        segment_seconds=length,
        slowest_fill=slowest_fill(endurance.duration, length),
        max_seconds=endurance.duration,
        users=settings.load.users,
        rate=settings.load.rate,
        counted=False,
        stop_when_sure=False,
        stop_on_leak=not check.keep_going,
        attribute=None if check.attribute else False,
        profiler=profiler(settings),
        drain_seconds=check.drain,
        hang_seconds=check.hang_timeout,
        gauge_limits=gauge_limits(settings, "endurance"),
    )
