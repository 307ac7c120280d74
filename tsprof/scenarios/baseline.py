"""``baseline``: a steady load, measured for later runs to compare with."""

from tsprof.config import Settings, gauge_limits
from tsprof.scenarios.profilers import profiler
from tsprof.scenarios.soak import segment_seconds, slowest_fill
from tsprof.supervisor.plan import Plan


def plan(settings: Settings) -> Plan:
    """Return the plan of a baseline: the load that was asked for, for the whole time."""
    check, duration = settings.check, settings.baseline.duration
    length = segment_seconds(duration)
    return Plan(
        scenario="baseline",
        segment_seconds=length,
        slowest_fill=slowest_fill(duration, length),
        max_seconds=duration,
        users=settings.load.users,
        rate=settings.load.rate,
        counted=False,
        stop_when_sure=False,
        stop_on_leak=not check.keep_going,
        attribute=None if check.attribute else False,
        profiler=profiler(settings),
        drain_seconds=check.drain,
        hang_seconds=check.hang_timeout,
        gauge_limits=gauge_limits(settings, "baseline"),
    )
