"""Does a service get worse over hours? Latency, throughput, error and hit rates, block by block.

A straight line through the blocks of a run, with noise that is correlated from block to block:
generalised least squares with a first-order autoregression (Prais and Winsten 1954), outliers
pulled in. Where the load itself rose and fell, the line is that at equal load: a cubic in the
logarithm of the load is fitted along. A line through too little data always has some slope, so a
verdict of stable is an equivalence test of its own: the whole interval must lie within the margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from tsprof.analysis.growth.noise import Floats
from tsprof.analysis.growth.rate import Interval

Transform = Literal["log", "logit", "identity"]

# Of 1000 stable runs of 8 blocks with noise of 4 % and a correlation of 0.5, 12 were called
# degraded; half of them is the least in which a recovery shows.
LEAST_BLOCKS = 8
# Residuals beyond this many interquartile ranges are pulled in: a backup, a full disk queue.
OUTLIER = 4.0
# A share of 0 or 1 has no logit; with 10,000 requests in a block it is known to about this.
LEAST_SHARE = 1e-4
SURE = 0.975
BEYOND_DOUBT = 0.998
"""How sure it must be that a quality got worse at all. With 0.975, 9 of 200 stable soaks over a
day's cycle were called degraded."""
LOAD_TERMS = 3
"""Powers of the logarithm of the load. Over a day's load that varied by a factor of 3, a queue's
delay left a slope of 2 % with two of them, and of none with three."""
LEAST_BLOCKS_OF_LOADS = 16
"""As ``LEAST_BLOCKS``, where the load varied."""
LEAST_OWN = 0.25
"""Part of the time's variance that the load must leave unexplained. Of 200 stable runs over half a
day's cycle, 96 were called degraded without this."""
MOST_CORRELATED = 0.98


class DriftState(StrEnum):
    """What became of a quality over a run."""

    DEGRADED = "degraded"
    STABLE = "stable"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Drift:
    """The change of a quality from the start of a run to its end."""

    state: DriftState
    """The verdict."""
    change: Interval
    """The change with its 95 % interval: relative (0.1 is 10 % more) for "log", relative change of
    the odds for "logit", in the values' own unit for "identity"."""
    reason: str
    """One sentence."""


def assess_drift(
    seconds: Sequence[float],
    values: Sequence[float],
    *,
    transform: Transform,
    worse: Literal[1, -1],
    margin: float,
    load: Sequence[float] = (),
) -> Drift:
    """Say whether a quality of the service got worse over a run.

    Args:
        seconds: middle of each block since the run's start.
        values: the quality in each block; what is not finite, or not positive for "log", is left
            out.
        transform: "log" for what is positive (latency, throughput), "logit" for shares (hit
            rate), "identity" for the rest (error rate).
        worse: +1 where more is worse, -1 where less is.
        margin: the change that matters, in the unit of `Drift.change`.
        load: what was asked of the service in each block, above 0, where that varied; empty where
            it was the same throughout.

    Returns:
        Degraded: certainly worse, by the margin or more at the best guess, and to the run's end.
        Stable: certainly not worse by the margin. Inconclusive: anything else.
    """
    time, level, asked = _transformed(seconds, values, load, transform)
    count, enough = len(time), LEAST_BLOCKS_OF_LOADS if asked.size else LEAST_BLOCKS
    unknown = Interval(0.0, -np.inf, np.inf)
    if count < enough or time[-1] <= time[0]:
        reason = f"{count} segments are too few to judge a drift; {enough} are needed"
        return Drift(DriftState.INCONCLUSIVE, unknown, reason)
    position = (time - time[0]) / (time[-1] - time[0])
    if np.ptp(level) > 0 and _follows(position, asked):
        reason = "the load itself rose or fell over the run: what that does is no drift"
        return Drift(DriftState.INCONCLUSIVE, unknown, reason)
    level = _without_outliers(position, level, asked)
    slope, error = _slope(position, level, asked)
    freedom = count - 3 - asked.shape[1]
    reach = float(stdtrit(freedom, SURE)) * error
    change = Interval(*(_change(slope + side * reach, transform) for side in (0, -1, 1)))
    got_worse = worse * slope > float(stdtrit(freedom, BEYOND_DOUBT)) * error
    if max(worse * change.low, worse * change.high) < margin:
        state = DriftState.STABLE
        reason = "certainly did not get worse by as much as matters"
    elif got_worse and worse * change.value >= margin:
        if _lasts(position, level - _of_load(position, level, asked), worse * slope, worse):
            state = DriftState.DEGRADED
            reason = "got worse throughout the run, up to its end"
        else:
            state = DriftState.INCONCLUSIVE
            reason = "got worse, but recovered or stopped before the end"
    else:
        state = DriftState.INCONCLUSIVE
        reason = "varies too much to tell whether it got worse by as much as matters"
    return Drift(state, change, reason)


def share_ends(middle: float, change: float) -> tuple[float, float]:
    """Return a share at the start and at the end of a run.

    Args:
        middle: the share in the middle of the run.
        change: the relative change of its odds over the run, above -1.
    """
    middle = min(max(middle, LEAST_SHARE), 1 - LEAST_SHARE)
    odds, half = middle / (1 - middle), float(np.sqrt(max(1 + change, np.finfo(float).tiny)))
    start, end = odds / half, odds * half
    return start / (1 + start), end / (1 + end)


def _transformed(
    seconds: Sequence[float],
    values: Sequence[float],
    load: Sequence[float],
    transform: Transform,
) -> tuple[Floats, Floats, Floats]:
    """Return what is usable in order of time: time, level, and the terms of the load by column."""
    time = np.asarray(seconds, dtype=np.float64)
    level = np.asarray(values, dtype=np.float64)
    asked = np.asarray(load if len(load) else np.ones(len(time)), dtype=np.float64)
    usable = np.isfinite(time) & np.isfinite(level) & np.isfinite(asked) & (asked > 0)
    if transform == "log":
        usable &= level > 0
    order = np.flatnonzero(usable)[np.argsort(time[usable], kind="stable")]
    time, level, asked = time[order], level[order], asked[order]
    if transform == "log":
        level = np.log(level)
    elif transform == "logit":
        level = level.clip(LEAST_SHARE, 1 - LEAST_SHARE)
        level = np.log(level) - np.log1p(-level)
    around = np.log(asked) - np.log(asked).mean() if len(asked) else asked
    size = float(np.abs(around).max(initial=0.0))
    powers = range(1, LOAD_TERMS + 1) if size else ()
    terms = [(around / size) ** power for power in powers]
    return time, level, np.column_stack(terms) if terms else np.empty((len(time), 0))


def _change(difference: float, transform: Transform) -> float:
    """Return a difference on the transformed scale in the unit of `Drift.change`."""
    return difference if transform == "identity" else float(np.expm1(min(difference, 700.0)))


def _follows(position: Floats, asked: Floats) -> bool:
    """Tell whether the load went with the time, so that nothing tells their effects apart."""
    design = np.column_stack([np.ones(len(position)), asked])
    rest = position - design @ np.linalg.lstsq(design, position, rcond=None)[0]
    return float(rest @ rest) < LEAST_OWN * float(np.sum((position - position.mean()) ** 2))


def _of_load(position: Floats, level: Floats, asked: Floats) -> Floats:
    """Return the part of each level that the load explains beside a straight line."""
    design = np.column_stack([np.ones(len(level)), position, asked])
    return np.asarray(asked @ np.linalg.lstsq(design, level, rcond=None)[0][2:])


def _without_outliers(position: Floats, level: Floats, asked: Floats) -> Floats:
    """Pull outliers in towards the line through the medians of all pairs (Theil and Sen)."""
    of_load = _of_load(position, level, asked)
    first, second = np.triu_indices(len(level), k=1)
    run = position[second] - position[first]
    rise = (level - of_load)[second] - (level - of_load)[first]
    slope = float(np.median(rise[run > 0] / run[run > 0]))
    rest = level - of_load - slope * position
    low, middle, high = np.quantile(rest, [0.25, 0.5, 0.75])
    reach = OUTLIER * (high - low)
    return np.asarray(of_load + slope * position + rest.clip(middle - reach, middle + reach))


def _slope(position: Floats, level: Floats, asked: Floats) -> tuple[float, float]:
    """Return the slope of the line through the blocks at equal load, and its standard error.

    The correlation of neighbours is estimated from the residuals and corrected for the
    parameters that were fitted: without that, it is too small, and so is the error.
    """
    count = len(level)
    design = np.column_stack([np.ones(count), position, asked])
    fitted = design.shape[1]
    first_fit = np.linalg.lstsq(design, level, rcond=None)[0]
    rest = level - design @ first_fit
    total = float(rest @ rest)
    if total <= 0.0:
        return float(first_fit[1]), 0.0
    echo = float(rest[1:] @ rest[:-1]) / total
    echo = float(np.clip(echo + (fitted + 2 * fitted * echo) / count, 0.0, MOST_CORRELATED))
    first = np.sqrt(1 - echo**2)
    white = np.vstack([first * design[:1], design[1:] - echo * design[:-1]])
    target = np.r_[first * level[0], level[1:] - echo * level[:-1]]
    inverse = np.linalg.pinv(white.T @ white)
    estimate = inverse @ (white.T @ target)
    left = target - white @ estimate
    variance = float(left @ left) / (count - fitted - 1)
    return float(estimate[1]), float(np.sqrt(variance * inverse[1, 1]))


def _lasts(position: Floats, level: Floats, claimed: float, worse: int) -> bool:
    """Tell whether the last half bears the claim out: it is worse there, and not recovering."""
    third = len(level) // 3
    shift = worse * float(np.median(level[-third:]) - np.median(level[:third]))
    half = len(level) // 2
    slope, error = _slope(position[-half:], level[-half:], np.empty((half, 0)))
    return shift >= 0.4 * claimed and worse * slope + error >= 0.5 * claimed
