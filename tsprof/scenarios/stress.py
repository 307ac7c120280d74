"""``stress``: climb to the highest rate that the target sustains, and see what gives way."""

from tsprof.config import Settings
from tsprof.scenarios.profilers import profiler
from tsprof.supervisor.climb import UNHELD
from tsprof.supervisor.plan import Plan

STEPS = 12
"""Rates held in a run of full length: a climb by tenths takes seven, halving the rest four."""
LEAST_STEP = 3.0
"""Seconds from which a rate can be called sustained."""


def plan(settings: Settings) -> Plan:
    """Return the plan of a climb; a rate of the settings is not used, since it is searched for."""
    check, duration = settings.check, settings.stress.duration
    return Plan(
        scenario="stress",
        segment_seconds=max(LEAST_STEP, duration / STEPS),
        max_seconds=duration,
        users=settings.load.users,
        rate=UNHELD,
        counted=False,
        attribute=None if check.attribute else False,
        profiler=profiler(settings),
        drain_seconds=check.drain,
        hang_seconds=check.hang_timeout,
    )
