"""Does a counter grow for good? The verdict on one series of checkpoints.

    points     spikes that went away are dropped, long series thinned       noise, points
    settle     the window whose bend is known best, warm-up modelled away   trend, shapes
    is_leak    constant in every part, above the floor, no bend             shapes
    is_quiet   an equivalence test on the tail                              shapes
    clock      what the growth is proportional to                           clocks
    rate       how fast it grows, jumps included                            rate
    forecast   plateau of a filling; how much longer to run                 forecast

MATH.md explains each step, with the error rates that were measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.special import stdtr

from tsprof.analysis.growth.clocks import best_clock
from tsprof.analysis.growth.forecast import FARTHEST, continue_filling, segments_to_decide
from tsprof.analysis.growth.noise import Floats, isolated_jumps
from tsprof.analysis.growth.points import LEAST_STEPS, Points, usable_points
from tsprof.analysis.growth.rate import Interval, first_settled, rate_with_tables, settled_rate
from tsprof.analysis.growth.shapes import (
    SLOWEST_FILL,
    Quiet,
    Scale,
    Settled,
    bend_limit,
    is_leak,
    is_quiet,
    quiet,
    settle,
)
from tsprof.analysis.growth.trend import Trend
from tsprof.report import format as fmt


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
    """A counter, read at checkpoints."""

    requests: tuple[int, ...]
    """Cumulative requests at each checkpoint."""
    seconds: tuple[float, ...]
    """Cumulative seconds of load at each checkpoint."""
    values: tuple[float, ...]
    """The counter (bytes, or a count)."""
    clocks: Mapping[str, tuple[float, ...]]
    """Other cumulative counters that growth may follow, such as errors or the hits of one endpoint,
    by name."""


@dataclass(frozen=True)
class Assessment:
    """What a counter's growth is, and how sure that is."""

    shape: Shape
    """The verdict."""
    probability: float
    """Of permanent growth, 0 to 1."""
    rate: Interval
    """Growth per request over the settled window, jumps included."""
    clock: str
    """What the growth follows best: "requests", "seconds" or a name of `Series.clocks`."""
    clock_rate: Interval
    """Growth per unit of that clock."""
    first: int
    """Index of the first checkpoint of the settled window."""
    last: int
    """Index of its last checkpoint."""
    ends_in_jump: bool
    """The last increment is a jump, which the rate leaves out: whether it was a spike, or a table
    that doubled, the next checkpoint tells."""
    detectable: float | None
    """Least growth per request that these data would have revealed; None when they could not reveal
    any."""
    plateau: float | None
    """Predicted final value of a filling; None where there is none."""
    more_segments: int | None
    """How many more segments would decide; None when decided, or when more segments would not
    help."""
    reason: str
    """One sentence."""

    @property
    def is_measured(self) -> bool:
        """Whether there were points enough to say anything of the rate."""
        return self.detectable is not None or self.rate.low != self.rate.high


REQUESTS = "requests"
SECONDS = "seconds"
# No run of a minute makes anything certain beyond this.
SUREST = 0.999


@dataclass(frozen=True)
class _Judged:
    """The verdict along one clock."""

    points: Points
    settled: Settled
    leak: bool
    near: Quiet
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
    requests = np.asarray(series.requests, dtype=np.float64)
    points = usable_points(requests, values, resolution=scale.resolution, floor=scale.floor)
    if len(points.steps) < LEAST_STEPS:
        return _too_short(points)
    judged = _judge(points, scale)
    clock, followed = REQUESTS, judged
    if not judged.quiet:
        clock, followed = _follow(series, values, judged, scale)
    return _describe(series, judged, clock, followed, scale)


def _judge(points: Points, scale: Scale) -> _Judged:
    scale = replace(scale, slowest=scale.slowest / points.grouped)
    settled = settle(points.steps, points.widths, scale)
    # A buffer that fills and empties out of step with the segments is read at a phase that
    # drifts: its lowest readings rise steadily, but by no more than its height.
    grown = settled.trend.rate * float(points.widths[settled.trend.start :].sum())
    leak = grown > points.swing and is_leak(settled, points.steps, points.widths, scale)
    near = quiet(settled, points.steps, points.widths, scale)
    return _Judged(points, settled, leak, near, not leak and is_quiet(near, settled, scale))


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
    along = usable_points(clocks[name], values, resolution=scale.resolution, floor=scale.floor)
    if len(along.steps) < LEAST_STEPS:
        return REQUESTS, judged
    ratio = float(judged.points.widths.sum() / along.widths.sum())
    per_tick = replace(scale, floor=scale.floor * ratio, tolerance=scale.tolerance * ratio)
    other = _judge(along, per_tick)
    return (name, other) if other.leak or not judged.leak else (REQUESTS, judged)


def _describe(
    series: Series, judged: _Judged, clock: str, followed: _Judged, scale: Scale
) -> Assessment:
    trend, size = judged.trend, len(judged.steps)
    first = int(judged.points.indices[trend.start + first_settled(judged.points, trend)])
    rate, clock_rate = _rates(series, judged, clock, followed, scale)
    likely = trend.above(scale.floor) * _straightness(trend, size, scale)
    plateau, more = None, None
    if judged.leak or followed.leak:
        shape = _leak_shape(followed)
        per = {REQUESTS: "request", SECONDS: "second", "errors": "error"}.get(clock, clock)
        probability = float(np.clip(likely, 0.9, SUREST))
        reason = (
            f"grew by {_amount(clock_rate.value, scale)} per {per} in every part of "
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
            reason = f"still grows by {_amount(rate.value, scale)} per request, but slows down"
        else:
            shape = Shape.UNDECIDED
            more = segments_to_decide(trend, size, judged.near, scale)
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
        last=judged.points.last,
        ends_in_jump=bool(followed.trend.jumps[-1]),
        detectable=detectable if np.isfinite(detectable) else None,
        plateau=plateau,
        more_segments=None if more is None else round(more * max(judged.points.grouped, 1.0)),
        reason=reason,
    )


_QUIET_REASONS = {
    Shape.NONE: "does not grow once the warm-up is over",
    Shape.STEP: "grew in steps that did not repeat, and is level since",
    Shape.FILLED: "filled up and has stopped growing",
}


def _rates(
    series: Series, judged: _Judged, clock: str, followed: _Judged, scale: Scale
) -> tuple[Interval, Interval]:
    """Return the growth per request, and per unit of the clock that it follows."""
    if followed is not judged:
        rate = settled_rate(followed.points, followed.trend, scale.resolution)
        ticks = series.seconds if clock == SECONDS else series.clocks[clock]
        start = judged.trend.start + first_settled(judged.points, judged.trend)
        first, last = int(judged.points.indices[start]), judged.points.last
        ratio = (ticks[last] - ticks[first]) / (series.requests[last] - series.requests[first])
        return Interval(rate.value * ratio, rate.low * ratio, rate.high * ratio), rate
    rate = settled_rate(judged.points, judged.trend, scale.resolution)
    if judged.leak:
        high = max(rate.high, rate_with_tables(judged.points, judged.trend, scale.resolution))
        rate = Interval(rate.value, rate.low, high)
    return rate, rate


def _straightness(trend: Trend, size: int, scale: Scale) -> float:
    """Return the probability that the growth bends by less than a filling's."""
    score = (trend.relative_bend + bend_limit(size, scale.slowest)) / max(
        trend.relative_error, 1e-300
    )
    return float(stdtr(trend.freedom, score))


def _leak_shape(judged: _Judged) -> Shape:
    """Tell a leak from a leak under a cache that filled for more than a quarter of the run."""
    steps, widths = judged.points.steps, judged.points.widths
    first = judged.trend.start + first_settled(judged.points, judged.trend)
    faster = int((steps[:first] > 1.25 * judged.trend.rate * widths[:first]).sum())
    return Shape.LEAK_AND_FILLING if faster > max(4, len(steps) // 4) else Shape.LEAK


def _quiet_shape(points: Points, resolution: float) -> Shape:
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
        return f"no change so far, but {size} usable segments are too few to be sure"
    if trend.jumps.any() and trend.low(0.95) <= scale.floor:
        return "grew in a jump, and it is too early to say that it will not repeat"
    if trend.low(0.95) > scale.floor:
        amount = _amount(trend.rate, scale)
        return (
            f"grows by {amount} per request, but {size} usable segments are too few or too uneven "
            "to tell a leak from a cache that fills"
        )
    return "varies too much from checkpoint to checkpoint to tell whether it grows"


def _amount(value: float, scale: Scale) -> str:
    return fmt.number(value) if scale.counts else fmt.size(value)


def _too_short(points: Points) -> Assessment:
    nothing = Interval(0.0, 0.0, 0.0)
    return Assessment(
        shape=Shape.UNDECIDED,
        probability=0.5,
        rate=nothing,
        clock=REQUESTS,
        clock_rate=nothing,
        first=int(points.indices[0]) if len(points.indices) else 0,
        last=points.last,
        ends_in_jump=False,
        detectable=None,
        plateau=None,
        more_segments=LEAST_STEPS + 2 - len(points.steps),
        reason=f"{len(points.steps)} usable segments are too few to judge growth",
    )
