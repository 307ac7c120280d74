"""``flame``: where the CPU time goes."""

from pathlib import Path

from tsprof.config import Settings
from tsprof.profilers import scalene
from tsprof.profilers.sampling import Sampling
from tsprof.scenarios.profiling import counter
from tsprof.supervisor.plan import Plan

SEGMENT_SECONDS = 2.0
"""py-spy takes 0.1 s before it to start. Five of them, with 500 samples a second, tell a share to
within 1.5 points on a service that is busy."""


def plan(settings: Settings) -> Plan:
    """Return the plan: sampled segments until the shares of the hottest functions are precise.

    Raises:
        UsageError: lines are asked for, and Scalene cannot tell them.
    """
    asked = settings.flame
    folder = (settings.target.cwd or Path.cwd()).absolute()
    if asked.lines:
        scalene.require(settings.target.command, folder)
    return Plan(
        scenario="flame",
        segment_seconds=SEGMENT_SECONDS,
        max_seconds=settings.check.max_time,
        users=settings.load.users,
        rate=settings.load.rate,
        counted=False,
        attribute=False,
        profiler=counter(settings),
        hang_seconds=settings.check.hang_timeout,
        sampling=Sampling(
            rate=asked.samples_per_second,
            native=asked.native,
            gil=asked.gil,
            threads=asked.threads,
            idle=asked.idle,
        ),
        lines=folder if asked.lines else None,
    )
