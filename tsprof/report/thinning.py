"""The points of a run of hours thinned to what a chart can show."""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

from tsprof.report.model import MemoryPoint, SecondPoint

_LATENCIES = {"p50_ms", "p95_ms", "p99_ms"}

MOST_POINTS = 600
"""A chart has about as many pixels; the page of a four-hour run measures 0.4 MB with it."""


def thinned(points: Sequence[MemoryPoint]) -> list[MemoryPoint]:
    """At most 600 of the points, evenly spread, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(index * last / (MOST_POINTS - 1))] for index in range(MOST_POINTS)]


def bucketed(points: Sequence[SecondPoint]) -> tuple[list[SecondPoint], int]:
    """The timeline in at most 600 buckets, and how many seconds make one.

    Counts are summed. The median is weighted by requests; of the high percentiles and of memory
    the worst second stays, so that a spike is not averaged away.
    """
    step = max(math.ceil(len(points) / MOST_POINTS), 1)
    if step == 1:
        return [_finite(point) for point in points], 1
    starts = range(0, len(points), step)
    return [merged([_finite(p) for p in points[at : at + step]]) for at in starts], step


def merged(points: Sequence[SecondPoint]) -> SecondPoint:
    """One point for those of several seconds in a row."""
    timed = [(point.p50_ms, point.requests) for point in points if point.p50_ms is not None]
    weight = sum(requests for _, requests in timed)
    return SecondPoint(
        second=points[0].second,
        requests=sum(point.requests for point in points),
        failures=sum(point.failures for point in points),
        p50_ms=sum(p50 * requests for p50, requests in timed) / weight if weight else None,
        p95_ms=_largest(point.p95_ms for point in points),
        p99_ms=_largest(point.p99_ms for point in points),
        rss_bytes=max(point.rss_bytes for point in points),
        cpu_percent=fmean(point.cpu_percent for point in points),
    )


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _finite(point: SecondPoint) -> SecondPoint:
    """The point without NaN and infinity, which JSON in the page cannot say."""
    latencies = {
        name: None if value is None or not math.isfinite(value) else value
        for name, value in point.model_dump(include=_LATENCIES).items()
    }
    cpu = point.cpu_percent if math.isfinite(point.cpu_percent) else 0.0
    return point.model_copy(update={**latencies, "cpu_percent": cpu})
