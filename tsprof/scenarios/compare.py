"""``compare``: two targets under the same load, in turns."""

from dataclasses import replace

from tsprof.config import Settings
from tsprof.errors import UsageError
from tsprof.scenarios.common import timed_plan
from tsprof.supervisor.plan import Plan

TURNS = 40
"""Turns of a run; ten for each interval of Student's would be enough, and drift is halved twice."""
LEAST_TURN = 0.3
LONGEST_TURN = 10.0
"""Seconds; what the machine does besides changes from minute to minute."""


def plan(settings: Settings) -> Plan:
    """Return the plan of a comparison: short turns, the whole time used.

    Raises:
        UsageError: there is nothing to compare with, or both would serve at the same place.
    """
    _see_to_both(settings)
    duration = settings.compare.duration
    turn = min(max(duration / TURNS, LEAST_TURN), LONGEST_TURN)
    timed = timed_plan(settings, "compare", segment_seconds=turn, max_seconds=duration)
    return replace(timed, sampling=None)  # no turn shares the processors with a profiler


def _see_to_both(settings: Settings) -> None:
    if not settings.compare.reference:
        raise UsageError(
            "there is nothing to compare with",
            hint="name the other program with --reference 'uvicorn old:app --port {port}'",
        )
    if settings.target.pid is not None or "{port}" not in settings.load.host:
        raise UsageError(
            "both targets of a comparison are started, each at a port of its own",
            hint="give commands with {port} in them, and neither --pid nor --host",
        )
    if settings.load.expect_workers:
        raise UsageError(
            "a comparison makes its load on this machine",
            hint="leave --expect-workers out; --load-processes shares the load here",
        )
    for address in settings.gauges.url:
        if "://" in address and "{port}" not in address:
            raise UsageError(
                f"the gauges at {address} would be read as those of both targets",
                hint="name a path such as /metrics",
            )
