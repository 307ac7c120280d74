"""The profilers that a scenario can follow a leak with, and how it samples hot paths."""

from tsprof.analysis.comparison import hot_growth
from tsprof.config import Settings
from tsprof.errors import UsageError
from tsprof.profilers import heaptrack, jemalloc, valgrind
from tsprof.profilers.sampling import Sampling

RATE_FOR_FLAMES = 500
"""Samples per second in a run that is there to sample, or judged by what it sampled."""
PROFILERS = ("memray", "tracemalloc", "heaptrack", "valgrind", "massif", "jemalloc")


def profiler(settings: Settings) -> str:
    """Return the profiler that the settings name, or ``auto`` for the best that is to be had.

    Raises:
        UsageError: there is no such profiler, or it is not installed.
    """
    name = settings.check.profiler
    if name is None:
        return "auto"
    if name not in PROFILERS:
        raise UsageError(
            f"there is no profiler {name!r} for a leak check",
            hint=f"choose {', '.join(PROFILERS[:-1])} or {PROFILERS[-1]}, or leave --profiler out",
        )
    if name == "heaptrack":
        heaptrack.require()
    elif name in ("valgrind", "massif"):
        valgrind.require()
    elif name == "jemalloc":
        jemalloc.require()
    return name


def sampling(settings: Settings) -> Sampling | None:
    """Return how hot paths are sampled beside the scenario's own business; None for not at all."""
    if not settings.check.hot_paths:
        return None
    return Sampling(rate=RATE_FOR_FLAMES) if _judges_hot_paths(settings) else Sampling()


def sampled_every(settings: Settings, usual: int) -> int:
    """Return every how many segments one is sampled: each one where hot paths are judged."""
    return 1 if _judges_hot_paths(settings) else usual


def _judges_hot_paths(settings: Settings) -> bool:
    """Tell whether a function's growth can fail the run: then each sample counts."""
    return settings.criteria.get(hot_growth.NAME, "off") != "off"


def counter(settings: Settings) -> str:
    """Return ``callgrind`` where the settings name it, to count instructions; else ``auto``.

    Raises:
        UsageError: it is not installed.
    """
    if settings.check.profiler != "callgrind":
        return "auto"  # another one is named for leaks
    valgrind.require()
    return "callgrind"
