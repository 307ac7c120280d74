"""What the scenarios that look for leaks have in common."""

from tsprof.config import Settings
from tsprof.scenarios.profiling import profiler, sampling
from tsprof.supervisor.plan import Plan


def timed_plan(
    settings: Settings, scenario: str, *, segment_seconds: float, max_seconds: float
) -> Plan:
    """Return the plan of a load that goes on for a time, which a scenario then makes its own.

    Args:
        settings: of the run.
        scenario: its name.
        segment_seconds: under load between two checkpoints.
        max_seconds: under load in all.

    Raises:
        UsageError: the profiler that the settings name cannot be used.
    """
    check = settings.check
    return Plan(
        scenario=scenario,
        segment_seconds=segment_seconds,
        max_seconds=max_seconds,
        users=settings.load.users,
        rate=settings.load.rate,
        counted=False,
        attribute=None if check.attribute else False,
        profiler=profiler(settings),
        sampling=sampling(settings),
        drain_seconds=check.drain,
        hang_seconds=check.hang_timeout,
    )
