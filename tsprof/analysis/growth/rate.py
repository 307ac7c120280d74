"""How fast a counter grows once it has settled: the permanent rate, with what came in jumps."""

from dataclasses import dataclass

import numpy as np

from tsprof.analysis.growth.noise import isolated_jumps
from tsprof.analysis.growth.points import LEAST_STEPS, Points
from tsprof.analysis.growth.trend import Trend


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def first_settled(points: Points, trend: Trend) -> int:
    """Return the first increment of the window in which what fades is below 5 %."""
    fading = trend.fading > 0.05 * abs(trend.rate) * points.widths[trend.start :]
    late = np.flatnonzero(fading)
    start = int(late[-1]) + 1 if len(late) else 0
    return min(start, max(len(fading) - LEAST_STEPS, 0))


def settled_rate(points: Points, trend: Trend) -> Interval:
    """Return the growth over the settled window: the permanent rate, and jumps that may belong.

    A table that doubles adds no more than what it held before, so a jump larger than all growth
    so far is none of that; nor can a jump at the end be told from a spike.
    """
    window, widths = points.steps[trend.start :], points.widths[trend.start :]
    grown = np.cumsum(points.steps)[trend.start :] - window
    resize = trend.jumps & (window <= grown)
    resize[-1] = False
    first = first_settled(points, trend)
    steps = np.where(trend.jumps & ~resize, trend.rate * widths, window)[first:]
    span = float(widths[first:].sum())
    excess = (window - trend.rate * widths)[first:][resize[first:]].sum()
    value = trend.rate + float(excess) / span
    # The plain difference is exact for what grew; only the noise of two readings spoils it.
    grew = float(steps.sum())
    spread = float(np.std(steps - trend.rate * widths[first:]))
    spoilt = spread * (1 - trend.staying)
    fading = float(trend.fading[first:].sum())
    if spoilt < 0.02 * abs(grew) and fading < 0.02 * abs(grew):
        value = grew / span
    margin = trend.quantile(0.975) * trend.rate_error
    return Interval(value, min(trend.rate, value) - margin, max(trend.rate, value) + margin)


def rate_with_tables(points: Points, trend: Trend, resolution: float) -> float:
    """Return the rate over two thirds of the run, tables that were reallocated there included.

    A dict's table doubles ever more rarely, so that a window may hold none of it: 272 B per request
    were measured, exactly, of a dict that gained 289 B in the long run.
    """
    steps, widths = points.steps, points.widths
    grown = np.cumsum(steps) - steps
    once = isolated_jumps(steps, widths, resolution) & (steps > grown)
    settled = slice(len(steps) // 3, None)
    gained = np.where(once, trend.rate * widths, steps)[settled]
    return float(gained.sum() / widths[settled].sum())
