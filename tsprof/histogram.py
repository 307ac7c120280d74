"""A latency histogram of bounded size that can be merged and sent as JSON.

The buckets are log-linear: every power of two is cut into 64 equal parts, so that a bucket's
middle is within 1/128 (0.8 %) of every value in it, and the range from 1 microsecond to 1 hour
has 2,048 buckets. Only the buckets that were hit are stored. The layout is that of HdrHistogram
(Gil Tene), reached through ``math.frexp`` instead of integer shifts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

LOWEST_MS = 0.001
HIGHEST_MS = 3_600_000.0
PARTS = 64
"""Parts of a power of two. 50 would do for 1 %; 64 makes the arithmetic exact in binary."""


def bucket(milliseconds: float) -> int:
    """Return the number of the bucket that holds a latency.

    Values outside of 1 microsecond to 1 hour, and NaN, go to the nearest end of the range.
    """
    if not LOWEST_MS <= milliseconds <= HIGHEST_MS:
        milliseconds = HIGHEST_MS if milliseconds > HIGHEST_MS else LOWEST_MS
    mantissa, exponent = math.frexp(milliseconds)
    return exponent * PARTS + int(mantissa * 2 * PARTS)


def middle(number: int) -> float:
    """Return the middle, in milliseconds, of the bucket with this number."""
    exponent, part = divmod(number - PARTS, PARTS)
    return math.ldexp(PARTS + part + 0.5, exponent) / (2 * PARTS)


@dataclass
class Histogram:
    """How many latencies fell into each bucket, and the largest one, which is exact."""

    counts: dict[int, int] = field(default_factory=dict)
    max_ms: float = 0.0

    @property
    def count(self) -> int:
        """How many latencies were recorded."""
        return sum(self.counts.values())

    def record(self, milliseconds: float) -> None:
        """Add one latency."""
        number = bucket(milliseconds)
        self.counts[number] = self.counts.get(number, 0) + 1
        if milliseconds > self.max_ms:
            self.max_ms = min(milliseconds, HIGHEST_MS)

    def merge(self, other: "Histogram") -> None:
        """Add everything that ``other`` has recorded."""
        for number, count in other.counts.items():
            self.counts[number] = self.counts.get(number, 0) + count
        self.max_ms = max(self.max_ms, other.max_ms)

    def share_above(self, milliseconds: float) -> float:
        """Return the share of latencies, 0 to 1, in buckets above that of ``milliseconds``."""
        limit = bucket(milliseconds)
        above = sum(count for number, count in self.counts.items() if number > limit)
        return above / max(1, self.count)

    def percentile(self, percent: float) -> float | None:
        """Return the latency that ``percent`` of the recorded ones do not exceed.

        Args:
            percent: From 0 to 100. 100 gives the exact largest value.

        Returns:
            Milliseconds, within 1 % of the nearest-rank percentile; None when nothing was
            recorded.
        """
        if not self.counts:
            return None
        if percent >= 100:  # noqa: PLR2004 - all of a hundred
            return self.max_ms
        rank = max(1, math.ceil(self.count * percent / 100))
        seen = 0
        for number in sorted(self.counts):
            seen += self.counts[number]
            if seen >= rank:
                return min(middle(number), self.max_ms)
        raise AssertionError("the counts of all buckets reach every rank")


def from_counts(counts: Mapping[int, int], max_ms: float = 0.0) -> Histogram:
    """Return the histogram of stored counts.

    Args:
        counts: By bucket.
        max_ms: The largest latency. Where it is not known (0), no percentile is capped by it.
    """
    return Histogram(dict(counts), max_ms or math.inf)
