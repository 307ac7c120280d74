"""Which segments tell how the target serves, and what several of them come to together."""

from collections.abc import Sequence

from tsprof.histogram import Histogram
from tsprof.records import Segment


def undisturbed(segments: Sequence[Segment], last_judged: int | None) -> list[Segment]:
    """Return the segments that no profiler slowed down and in which no load process was lost.

    Args:
        segments: of the whole run.
        last_judged: number of the last checkpoint before a profiler's window; None for all.
    """
    return [
        segment
        for segment in segments
        if (last_judged is None or segment.number <= last_judged) and not segment.uncertain
    ]


def after_first(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments after the one that calibrates."""
    return [segment for segment in segments if segment.number > 0]


def steady(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments after the first, which calibrates, or that one where it is all there is.

    A target is cold at first: what was due while it loaded its modules would be in its p99.
    """
    return after_first(segments) or list(segments)


def requests_per_second(segments: Sequence[Segment]) -> float:
    """Return the throughput of segments together, their pauses left out; 0 without any."""
    busy = sum(segment.seconds for segment in segments)
    return sum(segment.requests for segment in segments) / busy if busy > 0 else 0.0


def latency_of(segments: Sequence[Segment]) -> Histogram:
    """Return the latencies of segments together."""
    latency = Histogram()
    for segment in segments:
        latency.merge(segment.histogram)
    return latency
