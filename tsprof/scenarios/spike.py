"""``spike``: a multiple of the load for a while, and how the target comes back from it."""

from dataclasses import replace

from tsprof.config import Settings
from tsprof.config.defaults import default
from tsprof.scenarios.common import timed_plan
from tsprof.scenarios.soak import segment_seconds
from tsprof.supervisor.plan import Plan, Surge


def plan(settings: Settings) -> Plan:
    """Return the plan of a spike: users, and the rate where there is one, are multiplied."""
    spike = settings.spike
    shares = default("spike", "shares")
    before = shares["before"] * spike.duration
    timed = timed_plan(
        settings, "spike", segment_seconds=segment_seconds(before), max_seconds=spike.duration
    )
    return replace(
        timed,
        surge=Surge(
            times=spike.times,
            before=before,
            during=shares["during"] * spike.duration,
            recovery=shares["recovery"] * spike.duration,
            after=shares["after"] * spike.duration,
        ),
    )
