"""``flame``: where the CPU time goes."""

from pathlib import Path

from tsprof.config import Settings
from tsprof.profilers import scalene
from tsprof.profilers.sampling import Sampling
from tsprof.scenarios.profiling import counter
from tsprof.supervisor.plan import Plan

SEGMENT_SECONDS = 2.0
"""py-spy takes 0.1 s before it to start. With 500 samples a second some ten of them tell a change,
on a service that is busy and a machine that is not."""


def plan(settings: Settings) -> Plan:
    """Return the plan: sampled segments until a change could be told.

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
        max_seconds=asked.max_time,
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
