"""A run over time, for the charts: memory at each checkpoint, and every second of load."""

from collections.abc import Mapping, Sequence
from typing import Any

from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.ledger import total_owners
from tsprof.analysis.run.usage import Usage
from tsprof.histogram import Histogram, from_counts
from tsprof.records import Checkpoint
from tsprof.report.model import MemoryPoint, SecondPoint
from tsprof.report.thinning import MOST_POINTS, merged


class RunningTimeline:
    """The seconds of a run under way, in a number of points that does not grow for ever."""

    def __init__(self) -> None:
        """Begin with one point for each second."""
        self.step = 1
        """Seconds that a point stands for."""
        self.points: list[SecondPoint] = []
        self._unmerged: list[SecondPoint] = []

    def add(self, point: SecondPoint) -> None:
        """Add the next second."""
        self._unmerged.append(point)
        if len(self._unmerged) < self.step:
            return
        self.points.append(merged(self._unmerged))
        self._unmerged = []
        if len(self.points) >= MOST_POINTS:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [merged(pair) for pair in pairs]
            self.step *= 2


def memory_points(look: Look, checkpoints: Sequence[Checkpoint]) -> tuple[MemoryPoint, ...]:
    """Return the target's memory at each checkpoint, and whether the verdict rests on it."""
    window = look.judged_between
    points = []
    for checkpoint in checkpoints:
        owners = total_owners(checkpoint)
        settled = (
            window is not None
            and window[0].requests <= checkpoint.requests <= window[1].requests
            and checkpoint.number >= window[0].number
        )
        points.append(
            MemoryPoint(
                requests=checkpoint.requests,
                seconds=checkpoint.seconds,
                live_bytes=sum(r.live_or_anonymous for r in checkpoint.processes),
                rss_bytes=sum(r.rss for r in checkpoint.processes),
                owners=owners,
                settled=settled,
            )
        )
    return tuple(points)


def seconds_of_load(seconds: Sequence[Mapping[str, Any]], usage: Usage) -> tuple[SecondPoint, ...]:
    """Return the load of each second beside what the probes saw; the store may split a second."""
    merged: dict[int, tuple[int, int, Histogram]] = {}
    for row in seconds:
        requests, failures, latency = merged.get(row["second"], (0, 0, Histogram()))
        latency.merge(from_counts(row["latency"], row.get("max_ms", 0.0)))
        merged[row["second"]] = (
            requests + row["requests"], failures + row["failures"], latency,
        )  # fmt: skip
    points = []
    for second in sorted(merged.keys() | usage.rss.keys()):
        requests, failures, latency = merged.get(second, (0, 0, Histogram()))
        points.append(
            SecondPoint(
                second=second,
                requests=requests,
                failures=failures,
                p50_ms=latency.percentile(50),
                p95_ms=latency.percentile(95),
                p99_ms=latency.percentile(99),
                rss_bytes=usage.rss.get(second, 0),
                cpu_percent=100 * usage.cpu.get(second, 0.0),
            )
        )
    return tuple(points)
