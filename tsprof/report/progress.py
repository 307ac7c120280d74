"""How far a run is, in words."""

from dataclasses import dataclass

from tsprof.report import format as fmt
from tsprof.report.text import clean

LONGEST_TEXT = 400
NO_GROWTH = "growth not known yet"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands. Seconds, counts since the run's start, bytes per request."""

    phase: str
    elapsed: float
    expected: float | None = None
    """Seconds that the run will take at most; None when nobody knows."""
    requests: int = 0
    requests_per_second: float | None = None
    """Of the last second; None while nothing is sent."""
    failures: int = 0
    p99_ms: float | None = None
    growth_bytes_per_request: float | None = None
    """None until there are checkpoints enough."""
    low: float | None = None
    high: float | None = None
    lean: str = "undecided"
    """Where the verdict leans: ``leak``, ``clean``, ``undecided`` or another word; empty where no
    leak is looked for."""
    segments: int = 0
    message: str = ""


def is_waiting(progress: Progress) -> bool:
    """Whether nothing has been sent yet."""
    return not (progress.requests or progress.segments or progress.requests_per_second)


def load_so_far(progress: Progress) -> str:
    """Requests so far, and how they are answered now."""
    rate = progress.requests_per_second
    parts = [
        fmt.count(progress.requests, "request"),
        f"{fmt.number(rate)}/s" if rate is not None else "",
        f"{fmt.number(progress.failures)} failed",
        f"p99 {fmt.milliseconds(progress.p99_ms)}" if progress.p99_ms is not None else "",
        fmt.count(progress.segments, "segment"),
    ]
    return ", ".join(part for part in parts if part)


def totals_so_far(progress: Progress) -> str:
    """The same without what is told of now."""
    failed = f"{fmt.number(progress.failures)} failed"
    segments = fmt.count(progress.segments, "segment")
    return f"{fmt.count(progress.requests, 'request')}, {failed}, {segments}"


def _time(seconds: float) -> str:
    """A time that runs: nobody reads below a tenth of a second."""
    return fmt.duration(seconds) if seconds >= 1 else f"{fmt.number(round(seconds, 1))} s"


def time_so_far(progress: Progress) -> str:
    """How long the run takes so far, and at most: ``41.2 s of 2 min``."""
    # What follows a leak comes on top of the time for load.
    in_time = progress.expected and progress.elapsed <= progress.expected
    expected = f" of {fmt.duration(progress.expected)}" if in_time else ""
    return f"{_time(progress.elapsed)}{expected}"


def growth_so_far(progress: Progress) -> str:
    """The growth so far with its interval."""
    growth = progress.growth_bytes_per_request
    if growth is None:
        return NO_GROWTH
    between = ""
    if progress.low is not None and progress.high is not None:
        between = fmt.size_interval(progress.low, progress.high, beside=growth)
    return f"growth {fmt.size(growth)} per request{fmt.in_parentheses(between)}"


def sentence(progress: Progress) -> str:
    """All of it in one line."""
    message = f"; {progress.message}" if progress.message else ""
    elapsed = time_so_far(progress)
    if is_waiting(progress):
        return clean(f"{progress.phase} ({elapsed}){message}", LONGEST_TEXT)
    growth = f"; {growth_so_far(progress)}, so far: {progress.lean}" if progress.lean else ""
    return clean(
        f"[{elapsed}] {progress.phase}: {load_so_far(progress)}{growth}{message}", LONGEST_TEXT
    )
