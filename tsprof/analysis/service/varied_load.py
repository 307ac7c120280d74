"""Did the load itself rise and fall over a run, by a schedule or by the users' wait times?"""

from collections.abc import Sequence

import numpy as np

from tsprof.histogram import middle
from tsprof.records import Segment

VARIED = 1.25
"""Highest over lowest rate, of the middle nine tenths of the segments, from which a load varied."""
MOST_WAITING = 0.5
"""Share of the users that wait for answers, in any segment, up to which they set the pace."""


def varied_load(segments: Sequence[Segment]) -> tuple[float, ...]:
    """Return the requests per second that were asked for in each segment, where that varied.

    With a rate, these are the requests that were due. Without one, they are those of users whose
    answers would take no time: what a slower target holds back does not count as asked for less.

    Args:
        segments: of the run.

    Returns:
        One rate for each segment, or nothing where the load was steady, or the target set the pace.
    """
    if not segments or any(s.seconds <= 0 or s.requests == 0 for s in segments):
        return ()
    if all(segment.arrivals for segment in segments):
        rates = [s.arrivals.due / s.seconds for s in segments if s.arrivals]
    else:
        waiting = [_waiting(segment) / max(segment.users, 1) for segment in segments]
        if max(waiting) > MOST_WAITING:
            return ()
        rates = [
            segment.requests / segment.seconds / (1 - share)
            for segment, share in zip(segments, waiting, strict=True)
        ]
    low, high = np.quantile(rates, [0.05, 0.95])
    return tuple(rates) if high > VARIED * low else ()


def _waiting(segment: Segment) -> float:
    """Return how many users waited for an answer, on average (Little's law)."""
    waited = sum(middle(int(bucket)) * count for bucket, count in segment.latency.items())
    return waited / 1000 / segment.seconds
