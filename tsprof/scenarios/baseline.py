"""``baseline``: a steady load, measured for later runs to compare with."""

from tsprof.config import Settings
from tsprof.scenarios.soak import steady_plan
from tsprof.supervisor.plan import Plan


def plan(settings: Settings) -> Plan:
    """Return the plan of a baseline: the load that was asked for, for the whole time."""
    return steady_plan(settings, "baseline", settings.baseline.duration)
