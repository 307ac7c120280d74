"""``endurance``: the soak test over minutes or hours."""

from tsprof.config import Settings
from tsprof.scenarios.soak import steady_plan
from tsprof.supervisor.plan import Plan


def plan(settings: Settings) -> Plan:
    """Return the plan of a soak: load for the time asked, a checkpoint every so often."""
    soak = settings.endurance
    return steady_plan(settings, "endurance", soak.duration, soak.checkpoint_every)
