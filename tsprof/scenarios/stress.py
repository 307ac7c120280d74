"""``stress``: climb to the highest rate that the target sustains, and see what gives way."""

from dataclasses import replace

from tsprof.config import Settings
from tsprof.errors import UsageError
from tsprof.scenarios.common import timed_plan
from tsprof.supervisor.climb import UNHELD
from tsprof.supervisor.plan import Plan

STEPS = 12
"""Rates held in a run of full length: a climb by tenths takes seven, halving the rest four."""
LEAST_STEP = 3.0
"""Seconds from which a rate can be called sustained."""


def plan(settings: Settings) -> Plan:
    """Return the plan of a climb.

    Raises:
        UsageError: a rate was asked for, which is what a climb searches.
    """
    if settings.load.rate is not None:
        raise UsageError(
            "tsprof stress searches the rate, so none can be given",
            hint="leave --rate out, or use tsprof baseline, which keeps it up",
        )
    duration = settings.stress.duration
    step = max(LEAST_STEP, duration / STEPS)
    timed = timed_plan(settings, "stress", segment_seconds=step, max_seconds=duration)
    return replace(timed, rate=UNHELD)
