"""Does a counter grow for good? The verdict on one series of checkpoints.

    points     spikes that went away are dropped, long series thinned       noise, _points
    settle     the window whose bend is known best, warm-up modelled away   trend, shapes
    is_leak    constant in every part, above the floor, no bend             shapes
    is_quiet   an equivalence test on the tail                              shapes
    clock      what the growth is proportional to                           clocks
    forecast   plateau of a filling; how much longer to run                 forecast

MATH.md explains each step, with the error rates that were measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from tsprof.analysis.clocks import best_clock
from tsprof.analysis.forecast import FARTHEST, continue_filling, segments_to_decide
from tsprof.analysis.noise import Floats, isolated_jumps, kept
from tsprof.analysis.shapes import (
    SLOWEST_FILL,
    Scale,
    Settled,
    bend_limit,
    is_leak,
    is_quiet,
    settle,
)
from tsprof.analysis.trend import Trend


class Shape(StrEnum):
    """How a counter grows."""

    NONE = "none"
    LEAK = "leak"
    FILLING = "filling"
    FILLED = "filled"
    STEP = "step"
    LEAK_AND_FILLING = "leak_and_filling"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Series:
    """A counter, read at checkpoints.

    Attributes:
        requests: cumulative requests at each checkpoint.
        seconds: cumulative seconds of load at each checkpoint.
        values: the counter (bytes, or a count).
        clocks: other cumulative counters that growth may follow, such as errors or the hits of
            one endpoint, by name.
    """

    requests: tuple[int, ...]
    seconds: tuple[float, ...]
    values: tuple[float, ...]
    clocks: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Assessment:
    """What a counter's growth is, and how sure that is.

    Attributes:
        shape: the verdict.
        probability: of permanent growth, 0 to 1.
        rate: growth per request over the settled window, jumps included.
        clock: what the growth follows best: "requests", "seconds" or a name of `Series.clocks`.
        clock_rate: growth per unit of that clock.
        first: index of the first checkpoint of the settled window.
        last: index of its last checkpoint.
        detectable: least growth per request that these data would have revealed; None when they
            could not reveal any.
        plateau: predicted final value of a filling; None where there is none.
        more_segments: how many more segments would decide; None when decided, or when more
            segments would not help.
        reason: one sentence.
    """

    shape: Shape
    probability: float
    rate: Interval
    clock: str
    clock_rate: Interval
    first: int
    last: int
    detectable: float | None
    plateau: float | None
    more_segments: int | None
    reason: str


REQUESTS = "requests"
SECONDS = "seconds"
LEAST_STEPS = 6
# Longer series are averaged in groups: 96 points keep the cost of a verdict below 100 ms.
MOST_POINTS = 96
# A job that runs now and then shows at up to a third of the checkpoints.
OFTEN_GIVEN_BACK = 0.4
# No run of a minute makes anything certain beyond this.
SUREST = 0.999


@dataclass(frozen=True)
class _Points:
    """The usable checkpoints along one clock.

    Attributes:
        indices: the first checkpoint behind each point.
        last: the last checkpoint behind the last point.
        values: the counter.
        widths: increments of the clock.
        steps: increments of the counter.
        grouped: checkpoints behind each point.
        swing: height of what comes and goes, where that is so at most checkpoints; else 0.
    """

    indices: NDArray[np.int_]
    last: int
    values: Floats
    widths: Floats
    steps: Floats
    grouped: float
    swing: float


@dataclass(frozen=True)
class _Judged:
    """The verdict along one clock."""

    points: _Points
    settled: Settled
    leak: bool
    quiet: bool

    @property
    def trend(self) -> Trend:
        return self.settled.trend

    @property
    def steps(self) -> Floats:
        return self.points.steps[self.trend.start :]

    @property
    def widths(self) -> Floats:
        return self.points.widths[self.trend.start :]


def assess(
    series: Series,
    *,
    resolution: float = 1.0,
    floor: float | None = None,
    tolerance: float | None = None,
    slowest: float = SLOWEST_FILL,
) -> Assessment:
    """Say whether a counter grows for good.

    Args:
        series: the counter and its clocks at the checkpoints.
        resolution: quantum of the counter: 16 for bytes, 1 for counts.
        floor: growth per request at or below which nothing is called a leak. Default: for bytes a
            sixteenth of the resolution (1 B/request), for counts 0.
        tolerance: largest growth per request that may pass as none. Default: for bytes the
            resolution (16 B/request), for counts 0 (no growth at all).
        slowest: time constant, in segments, of the slowest filling to be told from a leak while
            it fills. A run of hours that is looked at again and again needs its planned length
            here, or a cache that takes as long to fill is a leak at the first look.

    Returns:
        The assessment.
    """
    counts = resolution <= 1.0
    scale = Scale(
        resolution,
        (0.0 if counts else resolution / 16) if floor is None else floor,
        (0.0 if counts else resolution) if tolerance is None else tolerance,
        slowest,
    )
    values = np.asarray(series.values, dtype=np.float64)
    points = _points(np.asarray(series.requests, dtype=np.float64), values, scale)
    if len(points.steps) < LEAST_STEPS:
        return _too_short(points)
    judged = _judge(points, scale)
    clock, followed = REQUESTS, judged
    if not judged.quiet:
        clock, followed = _follow(series, values, judged, scale)
    return _describe(series, judged, clock, followed, scale)


def _judge(points: _Points, scale: Scale) -> _Judged:
    scale = replace(scale, slowest=scale.slowest / points.grouped)
    settled = settle(points.steps, points.widths, scale)
    # A buffer that fills and empties out of step with the segments is read at a phase that
    # drifts: its lowest readings rise steadily, but by no more than its height.
    grown = settled.trend.rate * float(points.widths[settled.trend.start :].sum())
    leak = grown > points.swing and is_leak(settled, points.steps, points.widths, scale)
    quiet = not leak and is_quiet(settled, points.steps, points.widths, scale)
    return _Judged(points, settled, leak, quiet)


def _points(x: Floats, values: Floats, scale: Scale) -> _Points:
    """Drop what cannot be used: unreadable values, spikes that went away, a clock that stood still.

    A long series is averaged in groups of neighbours.
    """
    readable = np.flatnonzero(np.isfinite(values) & np.isfinite(x))
    if len(readable):
        before = np.maximum.accumulate(x[readable])[:-1]
        readable = readable[np.r_[True, x[readable][1:] > before]]
    level = values[readable]
    span = float(x[readable[-1]] - x[readable[0]]) if len(readable) else 0.0
    stayed = kept(level, scale.resolution, scale.floor * span / 4)
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
    return _Points(first, last, values, np.diff(x), np.diff(values), grouped, swing)


def _follow(series: Series, values: Floats, judged: _Judged, scale: Scale) -> tuple[str, _Judged]:
    """Judge the growth along the clock that it follows best."""
    # Jumps count here: errors that come in bursts make the growth that follows them jump.
    start = min(judged.trend.start, len(judged.points.steps) // 4)
    window = judged.points.indices[start:]
    others = {SECONDS: series.seconds, **series.clocks}
    clocks = {
        name: np.asarray(clock, dtype=np.float64)
        for name, clock in others.items()
        if len(clock) == len(values)
    }
    name = best_clock(
        judged.points.steps[start:],
        judged.points.widths[start:],
        {name: np.diff(clock[window]) for name, clock in clocks.items()},
        scale.resolution,
    )
    if name == REQUESTS:
        return REQUESTS, judged
    along = _points(clocks[name], values, scale)
    if len(along.steps) < LEAST_STEPS:
        return REQUESTS, judged
    ratio = float(judged.points.widths.sum() / along.widths.sum())
    per_tick = replace(scale, floor=scale.floor * ratio, tolerance=scale.tolerance * ratio)
    other = _judge(along, per_tick)
    return (name, other) if other.leak or not judged.leak else (REQUESTS, judged)


def _first_settled(judged: _Judged) -> int:
    """Return the first increment of the window in which what fades is below 5 %."""
    fading = judged.trend.fading > 0.05 * abs(judged.trend.rate) * judged.widths
    late = np.flatnonzero(fading)
    start = int(late[-1]) + 1 if len(late) else 0
    return min(start, max(len(fading) - LEAST_STEPS, 0))


def _rate(judged: _Judged) -> Interval:
    """Growth over the settled window: the permanent rate, and the jumps that may belong to it.

    A table that doubles adds no more than what it held before, so a jump larger than all growth
    so far is none of that; nor can a jump at the end be told from a spike.
    """
    trend = judged.trend
    grown = np.cumsum(judged.points.steps)[trend.start :] - judged.steps
    resize = trend.jumps & (judged.steps <= grown)
    resize[-1] = False
    first = _first_settled(judged)
    steps = np.where(trend.jumps & ~resize, trend.rate * judged.widths, judged.steps)[first:]
    span = float(judged.widths[first:].sum())
    excess = (judged.steps - trend.rate * judged.widths)[first:][resize[first:]].sum()
    value = trend.rate + float(excess) / span
    # The plain difference is exact for what grew; only the noise of two readings spoils it.
    grew = float(steps.sum())
    spread = float(np.std(steps - trend.rate * judged.widths[first:]))
    spoilt = spread * (1 - trend.staying)
    fading = float(trend.fading[first:].sum())
    if spoilt < 0.02 * abs(grew) and fading < 0.02 * abs(grew):
        value = grew / span
    margin = trend.quantile(0.975) * trend.rate_error
    return Interval(value, min(trend.rate, value) - margin, max(trend.rate, value) + margin)


def _rate_with_tables(judged: _Judged, resolution: float) -> float:
    """Return the rate over two thirds of the run, tables that were reallocated there included.

    A dict's table doubles ever more rarely, so that a window may hold none of it: 272 B per request
    were measured, exactly, of a dict that gained 289 B in the long run.
    """
    steps, widths = judged.points.steps, judged.points.widths
    grown = np.cumsum(steps) - steps
    once = isolated_jumps(steps, widths, resolution) & (steps > grown)
    settled = slice(len(steps) // 3, None)
    gained = np.where(once, judged.trend.rate * widths, steps)[settled]
    return float(gained.sum() / widths[settled].sum())


def _describe(
    series: Series, judged: _Judged, clock: str, followed: _Judged, scale: Scale
) -> Assessment:
    trend, size = judged.trend, len(judged.steps)
    first = int(judged.points.indices[trend.start + _first_settled(judged)])
    last = judged.points.last
    rate = _rate(judged)
    clock_rate = rate
    if followed is not judged:
        clock_rate = _rate(followed)
        ticks = series.seconds if clock == SECONDS else series.clocks[clock]
        ratio = (ticks[last] - ticks[first]) / (series.requests[last] - series.requests[first])
        rate = Interval(clock_rate.value * ratio, clock_rate.low * ratio, clock_rate.high * ratio)
    elif judged.leak:
        high = max(rate.high, _rate_with_tables(judged, scale.resolution))
        rate = clock_rate = Interval(rate.value, rate.low, high)
    likely = trend.above(scale.floor) * _straightness(trend, size, scale)
    plateau, more = None, None
    if judged.leak or followed.leak:
        shape = _leak_shape(followed)
        per = {REQUESTS: "request", SECONDS: "second", "errors": "error"}.get(clock, clock)
        probability = float(np.clip(likely, 0.9, SUREST))
        reason = (
            f"grew by {clock_rate.value:.3g} per {per} in every part of "
            f"{len(followed.steps)} segments, without slowing down"
        )
    elif judged.quiet:
        shape = _quiet_shape(judged.points, scale.resolution)
        probability = float(np.clip(likely, 1 - SUREST, 0.05))
        reason = _QUIET_REASONS[shape]
    else:
        smooth = np.where(trend.jumps, trend.rate * judged.widths, judged.steps)
        filling = continue_filling(smooth, judged.widths, scale.floor)
        slows = trend.relative_bend < -trend.quantile(0.95) * trend.relative_error
        fades = float(trend.fading[-size // 3 :].sum()) > 0.5 * float(smooth[-size // 3 :].sum())
        probability = float(np.clip(likely, 0.05, 0.9))
        if (
            filling is not None
            and filling.segments > 0
            and (slows or fades or judged.settled.contradicted)
        ):
            shape = Shape.FILLING
            plateau = float(judged.points.values[-1]) + filling.remaining
            more = max(2, filling.segments) if filling.segments <= FARTHEST * size else None
            probability = min(probability, 0.3)
            reason = f"still grows by {rate.value:.3g} per request, but slows down"
        else:
            shape = Shape.UNDECIDED
            more = segments_to_decide(trend, size, scale)
            reason = _undecided_reason(judged, scale)
    detectable = (
        scale.floor + (trend.quantile(0.95) + 1.645) * trend.rate_error + max(0.0, -trend.rate)
    )
    return Assessment(
        shape=shape,
        probability=probability,
        rate=rate,
        clock=clock,
        clock_rate=clock_rate,
        first=first,
        last=last,
        detectable=detectable if np.isfinite(detectable) else None,
        plateau=plateau,
        more_segments=more,
        reason=reason,
    )


_QUIET_REASONS = {
    Shape.NONE: "does not grow once the warm-up is over",
    Shape.STEP: "grew in steps that did not repeat, and is level since",
    Shape.FILLED: "filled up and has stopped growing",
}


def _straightness(trend: Trend, size: int, scale: Scale) -> float:
    """Return the probability that the growth bends by less than a filling's."""
    score = (trend.relative_bend + bend_limit(size, scale.slowest)) / max(
        trend.relative_error, 1e-300
    )
    return float(stdtr(trend.freedom, score))


def _leak_shape(judged: _Judged) -> Shape:
    """Tell a leak from a leak under a cache that filled for more than a quarter of the run."""
    steps, widths = judged.points.steps, judged.points.widths
    first = judged.trend.start + _first_settled(judged)
    faster = int((steps[:first] > 1.25 * judged.trend.rate * widths[:first]).sum())
    return Shape.LEAK_AND_FILLING if faster > max(4, len(steps) // 4) else Shape.LEAK


def _quiet_shape(points: _Points, resolution: float) -> Shape:
    """Tell steps and a long filling from a counter that never grew."""
    grown = np.cumsum(points.steps)
    jumps = isolated_jumps(points.steps, points.widths, resolution)
    if float(points.steps[jumps].sum()) > 0.1 * abs(float(grown[-1])):
        return Shape.STEP
    reached = int(np.argmax(grown >= 0.95 * grown[-1])) + 1 if grown[-1] > 0 else 0
    return Shape.FILLED if reached > max(4, len(grown) // 4) else Shape.NONE


def _undecided_reason(judged: _Judged, scale: Scale) -> str:
    trend, size = judged.trend, len(judged.steps)
    if np.abs(judged.steps).max() < scale.resolution:
        return f"no change so far, but {size} segments are too few to be sure"
    if trend.jumps.any() and trend.low(0.95) <= scale.floor:
        return "grew in a jump, and it is too early to say that it will not repeat"
    if trend.low(0.95) > scale.floor:
        return (
            f"grows by {trend.rate:.3g} per request, but {size} segments are too few or too "
            "uneven to tell a leak from a cache that fills"
        )
    return "varies too much from checkpoint to checkpoint to tell whether it grows"


def _too_short(points: _Points) -> Assessment:
    nothing = Interval(0.0, 0.0, 0.0)
    return Assessment(
        shape=Shape.UNDECIDED,
        probability=0.5,
        rate=nothing,
        clock=REQUESTS,
        clock_rate=nothing,
        first=int(points.indices[0]) if len(points.indices) else 0,
        last=points.last,
        detectable=None,
        plateau=None,
        more_segments=LEAST_STEPS + 2 - len(points.steps),
        reason=f"{len(points.steps)} segments are too few to judge growth",
    )
