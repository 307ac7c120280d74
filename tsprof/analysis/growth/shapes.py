"""Is growth constant, fading, or over? The tests on a window of checkpoints.

Every constant below was set on the families `CLEAN` and `LEAKY` of the simulator in
``tests/unit/analysis/simulate.py``; MATH.md has the tables.
"""

from dataclasses import dataclass

import numpy as np

from tsprof.analysis.growth.noise import Floats, Mask, isolated_jumps
from tsprof.analysis.growth.trend import Trend, fit_trend

# Increments that a leak must have been watched for. With 6, leaks were found two segments sooner
# and no more fillings were called leaks, but then none of the simulated services does two things
# at once within six segments.
LEAST_WINDOW = 8
# Increments without growth behind a quiet verdict, for bytes and for counts. A counter that grows
# by one on every second segment, at random, does not grow in 10 of them in 7 of 1000 runs.
LEAST_QUIET = 8
LEAST_QUIET_COUNTS = 10
# A filling with time constant t bends by about size / t over a window. What fills more slowly than
# over 40 segments (or 2.5 windows, in longer runs) cannot be told from a leak by its shape in the
# time that a check has. With 20 segments and 1.25 windows, 4.4 % of the fillings in `CLEAN` and
# 7.5 % of those in `CLEAN_UNSEEN` were called leaks instead of none, and leaks were found three
# segments sooner.
SLOWEST_FILL = 40.0
FILL_WINDOWS = 2.5
# How surely the bend must be above its limit. At 0.95, 1.3 % of the fillings in `CLEAN` were
# called leaks instead of none, and leaks were found one segment sooner.
SURE = 0.997
# A growth that comes faster by more than this share within 20 increments may be the front of an
# S-shaped filling: half as many of these again were called leaks without the limit.
STEEPENS = 0.25
STEEPENS_LATER = 0.8
LATER = 20
# Growth in few events (a 60 kB object on one of 1000 requests) cannot show its bend as precisely
# as that. It passes with this many effective events and no bend that could be seen. Without this
# path none of the leaks in rare events was found within 40 segments, with it nine of ten; with
# windows of 8 instead of 15, 5 % of the caches with few large entries were called leaks instead
# of 2.5 %, and leaks were found six segments sooner.
MANY_EVENTS_PER_STEP = 30.0
LEAST_EVENTS = 12.0
LEAST_EVENTS_COUNTS = 5.0
LEAST_WINDOW_EVENTS = 15
LEAST_WINDOW_COUNTS = 12
# Growth that was between these shares of the final rate came up gradually.
RISING = (0.1, 0.85)
RISE = 0.2


@dataclass(frozen=True)
class Scale:
    """What counts as growth of a counter."""

    resolution: float
    """Quantum of the counter."""
    floor: float
    """Growth per unit of the clock at or below which nothing is called a leak."""
    tolerance: float
    """Largest growth per unit of the clock that may pass as none."""
    slowest: float = SLOWEST_FILL
    """Time constant, in segments, of the slowest filling to be told from a leak."""

    @property
    def counts(self) -> bool:
        """Whether the counter counts things rather than bytes."""
        return self.resolution <= 1.0


@dataclass(frozen=True)
class Settled:
    """The window that tells most about permanent growth."""

    trend: Trend
    """The fit of the window."""
    contradicted: bool
    """A window that is known about as precisely bends more than a leak's does."""
    rising: int
    """Increments before the window over which the growth came up gradually."""


def bend_limit(size: int, slowest: float) -> float:
    """Return the share by which a leak's rate may seem to fall over a window.

    Args:
        size: increments of the window.
        slowest: time constant, in increments, of the slowest filling to be told from a leak.

    Returns:
        The limit, 0 to 0.4.
    """
    return min(size / slowest, 1 / FILL_WINDOWS)


def settle(steps: Floats, widths: Floats, scale: Scale) -> Settled:
    """Find the window, up to the last checkpoint, whose bend is known most precisely.

    The choice does not look at the bend itself, so it cannot pick a window in which a filling
    happens to look straight.

    Args:
        steps: increments of the counter.
        widths: increments of the clock.
        scale: what counts as growth.

    Returns:
        The window, and what the other windows have to say against it.
    """
    count = len(steps)
    latest = max(0, min(count - LEAST_WINDOW, int(count / 1.6)))
    starts = sorted({round(start) for start in np.linspace(0, latest, min(latest + 1, 10))})
    fits = [fit_trend(steps, widths, scale.resolution, start) for start in starts]
    precisions = [fit.bend_error * fit.quantile(0.95) for fit in fits]
    best = fits[int(np.argmin(precisions))]
    size = max(abs(best.rate), 1e-300)
    contradicted = swelling = False
    for fit, precision in zip(fits, precisions, strict=True):
        length = count - fit.start
        bend, error = fit.bend / size, fit.bend_error / size
        if precision < 2 * min(precisions):
            contradicted |= bend + error < -bend_limit(length, scale.slowest)
        if precision < 3 * min(precisions):
            contradicted |= bend - 1.65 * error > min(length / scale.slowest, 0.7)
        swelling |= bend - 1.65 * error > RISE
    rising = 0
    if swelling:
        before = (steps / widths)[: best.start] / size
        rising = int(((before > RISING[0]) & (before < RISING[1])).sum())
    return Settled(best, contradicted, rising)


def is_leak(settled: Settled, steps: Floats, widths: Floats, scale: Scale) -> bool:
    """Tell whether growth is permanent: above the floor, everywhere, and not slowing down.

    Args:
        settled: the window.
        steps: all increments of the counter.
        widths: all increments of the clock.
        scale: what counts as growth.

    Returns:
        True for a leak.
    """
    trend = settled.trend
    steps, widths = steps[trend.start :] - trend.fading, widths[trend.start :]
    size = len(steps)
    return (
        size >= LEAST_WINDOW
        and size >= 0.6 * trend.start
        and size >= 2 * settled.rising
        and not settled.contradicted
        and trend.low(0.99) > scale.floor
        and trend.rate * widths.sum() >= 4 * scale.resolution
        and min(_thirds(steps, widths, trend)) >= 0.4 * trend.rate
        and (_is_straight(trend, size, scale) or _comes_in_events(trend, steps, scale))
    )


def _thirds(steps: Floats, widths: Floats, trend: Trend) -> list[float]:
    """Return the growth per unit in each third of the window, jumps left out."""
    parts = np.array_split(np.flatnonzero(~trend.jumps), 3)
    return [float(steps[part].sum() / widths[part].sum()) for part in parts]


def _is_straight(trend: Trend, size: int, scale: Scale) -> bool:
    """Tell whether the rate neither falls nor rises, as precisely as that must be known."""
    limit = bend_limit(size, scale.slowest)
    bend, error = trend.relative_bend, trend.relative_error
    if bend < -max(limit / 3, trend.quantile(0.95) * error):
        return False
    steepest = STEEPENS if size < LATER else STEEPENS_LATER
    return (
        bend - trend.quantile(SURE) * error > -limit
        and bend + trend.quantile(0.95) * error < steepest
    )


def _comes_in_events(trend: Trend, steps: Floats, scale: Scale) -> bool:
    """Tell whether growth comes in separate events, often enough, and no more rarely with time.

    The number of events is estimated from the spread of the increments, as for Poisson's law.
    """
    smooth = steps[~trend.jumps]
    mean = float(smooth.mean())
    per_step = mean * mean / max(float(smooth.var()), 1e-300)
    events = per_step * len(smooth)
    bend, error = trend.relative_bend, trend.relative_error
    return bool(
        len(steps) >= (LEAST_WINDOW_COUNTS if scale.counts else LEAST_WINDOW_EVENTS)
        and len(steps) >= trend.start
        and events >= (LEAST_EVENTS_COUNTS if scale.counts else LEAST_EVENTS)
        and per_step < MANY_EVENTS_PER_STEP
        and abs(float(trend.fading.sum())) < 0.1 * float(steps.sum())
        and float(smooth.min()) > -0.3 * mean - scale.resolution
        and bend - 1.28 * error > -1.0
        and abs(bend) < 1.65 * error
    )


@dataclass(frozen=True)
class Quiet:
    """How near a counter is to having stopped growing."""

    missing: int
    """Increments without a jump that have yet to come."""
    growth: float
    """What the tail may still grow by per unit of the clock, at most; for a counter that may not
    grow at all, what it did grow by."""


def missing_increments(jumps: Mask, least: int) -> int:
    """Return for how many more increments nothing may jump before a counter counts as quiet.

    A jump may yet repeat while the quiet since then is shorter than the longest one before a jump.

    Args:
        jumps: all increments, True where the counter jumped.
        least: increments without a jump that it takes at any rate.

    Returns:
        The increments; 0 where it has been long enough.
    """
    indices = np.flatnonzero(jumps)
    gap = int(np.diff(np.r_[0, indices]).max()) if len(indices) else 0
    return max(0, max(least, gap) - since_jump(jumps))


def since_jump(jumps: Mask) -> int:
    """Return the number of increments after the last jump; all of them where there was none."""
    indices = np.flatnonzero(jumps)
    return len(jumps) - 1 - int(indices[-1]) if len(indices) else len(jumps)


def quiet(settled: Settled, steps: Floats, widths: Floats, scale: Scale) -> Quiet:
    """Say how near a counter is to having stopped growing: an equivalence test on its tail.

    Args:
        settled: the window.
        steps: all increments of the counter.
        widths: all increments of the clock.
        scale: what counts as growth.
    """
    trend = settled.trend
    least = LEAST_QUIET_COUNTS if scale.counts else LEAST_QUIET
    jumps = isolated_jumps(steps, widths, scale.resolution)
    tail = min(max(since_jump(jumps), least), max(least, len(steps) // 2), len(steps))
    if scale.counts and scale.tolerance <= 0:
        level = np.cumsum(steps[-tail:])
        growth = float(np.median(level[-3:])) - max(0.0, float(np.median(level[:3])))
    else:
        late = fit_trend(steps, widths, scale.resolution, len(steps) - tail)
        error = max(late.quantile(0.95) * late.rate_error, trend.quantile(0.95) * trend.rate_error)
        whole = float(steps[-tail:].sum() / widths[-tail:].sum())
        growth = max(late.rate, whole) + error
    return Quiet(missing_increments(jumps, least), growth)


def is_quiet(near: Quiet, settled: Settled, scale: Scale) -> bool:
    """Tell whether growth is over."""
    grows = settled.trend.low(0.95) > scale.floor
    return near.missing == 0 and not grows and near.growth <= scale.tolerance
