"""``spike``: a multiple of the load for a while, and how the target comes back from it."""

from tsprof.config import Settings
from tsprof.config.defaults import default
from tsprof.scenarios.profilers import profiler, sampling
from tsprof.scenarios.soak import segment_seconds
from tsprof.supervisor.plan import Plan, Surge


def plan(settings: Settings) -> Plan:
    """Return the plan of a spike: users, and the rate where there is one, are multiplied."""
    check, spike = settings.check, settings.spike
    shares = default("spike", "shares")
    before = shares["before"] * spike.duration
    return Plan(
        scenario="spike",
        segment_seconds=segment_seconds(before),
        max_seconds=spike.duration,
        users=settings.load.users,
        rate=settings.load.rate,
        surge=Surge(
            times=spike.times,
            before=before,
            during=shares["during"] * spike.duration,
            recovery=shares["recovery"] * spike.duration,
            after=shares["after"] * spike.duration,
        ),
        counted=False,
        attribute=None if check.attribute else False,
        profiler=profiler(settings),
        sampling=sampling(settings),
        drain_seconds=check.drain,
        hang_seconds=check.hang_timeout,
    )
