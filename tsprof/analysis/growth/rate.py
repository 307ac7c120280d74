"""How fast a counter grows once it has settled: the permanent rate, with what came in jumps."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tsprof.analysis.growth.noise import Mask, isolated_jumps
from tsprof.analysis.growth.points import LEAST_STEPS, Points
from tsprof.analysis.growth.trend import Trend

TWICE = 0.05
"""Relative error up to which a jump is twice an earlier one."""


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


def settled_rate(points: Points, trend: Trend, resolution: float) -> Interval:
    """Return the growth over the settled window: the permanent rate, and jumps that may belong.

    A jump at the end cannot be told from a spike.
    """
    window, widths = points.steps[trend.start :], points.widths[trend.start :]
    resize = trend.jumps & _tables(points, trend.rate, resolution)[trend.start :]
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


def _tables(points: Points, rate: float, resolution: float) -> Mask:
    """Tell the increments in which a table may have doubled: it adds what it held before.

    So it adds no more than all growth so far, with what came at the same pace before the first
    checkpoint (no more than as much again: a process may be younger than that); or twice what it
    added the last time.
    """
    steps, widths = points.steps, points.widths
    passed = np.cumsum(widths) - widths
    paced = 1 + np.minimum(points.before / np.maximum(passed, widths), 1)
    tables: Mask = steps <= (np.cumsum(steps) - steps) * paced
    excess = steps - rate * widths
    jumps = np.flatnonzero(isolated_jumps(steps, widths, resolution))
    for earlier, later in combinations(jumps, 2):
        if abs(excess[later] - 2 * excess[earlier]) < TWICE * excess[later]:
            tables[[earlier, later]] = True
    return tables


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
