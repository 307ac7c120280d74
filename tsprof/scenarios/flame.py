"""``flame``: where the CPU time goes."""

from tsprof.config import Settings
from tsprof.profilers.sampling import Sampling
from tsprof.supervisor.plan import Plan

SEGMENT_SECONDS = 2.0
"""py-spy takes 0.1 s before it to start. Five of them, with 500 samples a second, tell a share to
within 1.5 points on a service that is busy."""


def plan(settings: Settings) -> Plan:
    """Return the plan: sampled segments until the shares of the hottest functions are precise."""
    asked = settings.flame
    return Plan(
        scenario="flame",
        segment_seconds=SEGMENT_SECONDS,
        max_seconds=settings.check.max_time,
        users=settings.load.users,
        rate=settings.load.rate,
        counted=False,
        attribute=False,
        hang_seconds=settings.check.hang_timeout,
        sampling=Sampling(
            rate=asked.samples_per_second,
            native=asked.native,
            gil=asked.gil,
            threads=asked.threads,
            idle=asked.idle,
        ),
    )
