"""Which readings of a counter can be used, and what it gained from one to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsprof.analysis.growth.noise import Floats, kept

LEAST_STEPS = 6
# Longer series are averaged in groups: 96 points keep the cost of a verdict below 100 ms.
MOST_POINTS = 96
# A job that runs now and then shows at up to a third of the checkpoints.
OFTEN_GIVEN_BACK = 0.4


@dataclass(frozen=True)
class Points:
    """The usable checkpoints along one clock."""

    indices: NDArray[np.int_]
    """The first checkpoint behind each point."""
    last: int
    """The last checkpoint behind the last point."""
    before: float
    """The clock at the first point."""
    values: Floats
    """The counter."""
    widths: Floats
    """Increments of the clock."""
    steps: Floats
    """Increments of the counter."""
    grouped: float
    """Checkpoints behind each point."""
    swing: float
    """Height of what comes and goes, where that is so at most checkpoints; else 0."""


def usable_points(x: Floats, values: Floats, *, resolution: float, floor: float) -> Points:
    """Drop what cannot be used: unreadable values, spikes that went away, a clock that stood still.

    A long series is averaged in groups of neighbours.
    """
    readable = np.flatnonzero(np.isfinite(values) & np.isfinite(x))
    if len(readable):
        before = np.maximum.accumulate(x[readable])[:-1]
        readable = readable[np.r_[True, x[readable][1:] > before]]
    level = values[readable]
    span = float(x[readable[-1]] - x[readable[0]]) if len(readable) else 0.0
    stayed = kept(level, resolution, floor * span / 4)
    swing = 0.0
    if np.count_nonzero(stayed) <= LEAST_STEPS < len(readable):
        # Falling on and on: nothing was a spike, and nothing is a leak.
        swing, stayed = np.inf, np.ones(len(readable), dtype=np.bool_)
    elif np.count_nonzero(~stayed) > OFTEN_GIVEN_BACK * len(stayed):
        lowest_later = np.minimum.accumulate(level[::-1])[::-1]
        swing = float(np.median((level - lowest_later)[~stayed]))
    indices = readable[stayed]
    groups = np.array_split(indices, min(len(indices), MOST_POINTS)) if len(indices) else []
    x = np.array([x[group].mean() for group in groups])
    values = np.array([values[group].mean() for group in groups])
    first = np.array([group[0] for group in groups], dtype=np.int_)
    last = int(indices[-1]) if len(indices) else 0
    grouped = len(indices) / max(len(groups), 1)
    begin = float(x[0]) if len(x) else 0.0
    return Points(first, last, begin, values, np.diff(x), np.diff(values), grouped, swing)
