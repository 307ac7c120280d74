"""Does a counter grow for good? First version; see MATH.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tsprof.analysis.noise import Floats, Trend, fit_trend, isolated_jumps, kept


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


LEAST_INCREMENTS = 6
BEND_LIMIT = 0.3
FEW_EVENTS = 150.0


def assess(
    series: Series,
    *,
    resolution: float = 1.0,
    floor: float | None = None,
    tolerance: float | None = None,
) -> Assessment:
    """Say whether a counter grows for good.

    Args:
        series: the counter and its clocks at the checkpoints.
        resolution: quantum of the counter: 16 for bytes, 1 for counts.
        floor: growth per request at or below which nothing is called a leak. Default: for bytes a
            sixteenth of the resolution (1 B/request), for counts 0.
        tolerance: largest growth per request that may pass as none. Default: for bytes the
            resolution (16 B/request), for counts 0.001.

    Returns:
        The assessment.
    """
    in_bytes = resolution > 1.0
    floor = (resolution / 16 if in_bytes else 0.0) if floor is None else floor
    tolerance = (resolution if in_bytes else 0.001) if tolerance is None else tolerance
    x = np.asarray(series.requests, dtype=np.float64)
    values = np.asarray(series.values, dtype=np.float64)
    usable = np.isfinite(values) & np.isfinite(x)
    usable[usable] &= kept(values[usable], resolution)
    indices = np.flatnonzero(usable)
    indices = indices[np.r_[True, np.diff(x[indices]) > 0]] if len(indices) else indices
    x, values = x[indices], values[indices]
    count = len(x)
    if count < LEAST_INCREMENTS + 1:
        return _undecided(
            indices, LEAST_INCREMENTS + 2 - count, "Too few checkpoints to judge growth."
        )
    widths, steps = np.diff(x), np.diff(values)
    start, trend, jumps = _settle(steps, widths, resolution)
    steps, widths, jumps = steps[start:], widths[start:], jumps[start:]
    first, last = int(indices[start]), int(indices[-1])
    total = float(steps.sum() / widths.sum())
    t95 = trend.quantile(0.975)
    value = trend.rate + _excess(steps, widths, jumps, trend)
    rate = Interval(value, trend.rate - t95 * trend.rate_error, value + t95 * trend.rate_error)
    detectable = floor + (trend.quantile(0.95) + 1.645) * trend.rate_error + max(0.0, -trend.rate)

    def verdict(
        shape: Shape, probability: float, reason: str, more: int | None = None
    ) -> Assessment:
        return Assessment(
            shape,
            probability,
            rate,
            "requests",
            rate,
            first,
            last,
            detectable if np.isfinite(detectable) else None,
            None,
            more,
            reason,
        )

    size = len(steps)
    if size >= LEAST_INCREMENTS:
        if _leaks(steps, widths, jumps, trend, floor, resolution):
            return verdict(
                Shape.LEAK,
                0.99,
                f"Grew by {rate.value:.3g} per request in every part of the last {size} segments.",
            )
        upper = total + trend.quantile(0.95) * trend.rate_error
        growing = trend.rate - trend.quantile(0.95) * trend.rate_error > floor
        small = upper <= tolerance or upper * widths.sum() <= 4 * resolution
        if small and not growing:
            if jumps.any():
                quiet = size - 1 - int(np.flatnonzero(jumps)[-1])
                if quiet < 6:
                    return verdict(Shape.UNDECIDED, 0.3, "A jump at the end.", 6 - quiet)
            shape = Shape.NONE
            return verdict(shape, 0.01, f"No growth above {detectable:.3g} per request.")
    if trend.bend < 0 and abs(trend.bend) > trend.quantile(0.95) * trend.bend_error:
        return verdict(Shape.FILLING, 0.2, "Growth slows down.", max(4, size // 2))
    return verdict(Shape.UNDECIDED, 0.5, "Not decided yet.", max(2, size // 3))


def _excess(steps: Floats, widths: Floats, jumps: Floats, trend: Trend) -> float:
    return float((steps - trend.rate * widths)[jumps].sum() / widths.sum())


def _settle(steps: Floats, widths: Floats, resolution: float) -> tuple[int, Trend, Floats]:
    count = len(steps)
    latest = max(0, count - LEAST_INCREMENTS)
    starts = sorted({int(round(s)) for s in np.linspace(0, latest, min(latest + 1, 14))})
    for start in starts:
        part, wide = steps[start:], widths[start:]
        jumps = isolated_jumps(part, wide, resolution)
        trend = fit_trend(part, wide, resolution, ~jumps)
        bent = trend.bend < -trend.quantile(0.95) * trend.bend_error
        if not (bent and -trend.bend > 0.03 * abs(trend.rate)) and not _dead_third(
            part, wide, jumps, trend
        ):
            break
    return start, trend, np.r_[np.zeros(start, dtype=np.bool_), jumps]


def _thirds(steps: Floats, widths: Floats, use: Floats) -> list[float]:
    return [
        float(steps[part][use[part]].sum() / max(widths[part][use[part]].sum(), 1e-300))
        for part in np.array_split(np.arange(len(steps)), 3)
    ]


def _dead_third(steps: Floats, widths: Floats, jumps: Floats, trend: Trend) -> bool:
    if trend.rate <= 2 * trend.rate_error:
        return False
    return _thirds(steps, widths, ~jumps)[0] < 0.4 * trend.rate


def _leaks(
    steps: Floats, widths: Floats, jumps: Floats, trend: Trend, floor: float, resolution: float
) -> bool:
    low = trend.rate - trend.quantile(0.99) * trend.rate_error
    if low <= floor or trend.rate * widths.sum() < 4 * resolution:
        return False
    if min(_thirds(steps, widths, ~jumps)) < 0.4 * trend.rate:
        return False
    relative, error = trend.bend / trend.rate, trend.bend_error / trend.rate
    if relative - trend.quantile(0.975) * error > -BEND_LIMIT:
        return True
    smooth = steps[~jumps]
    events = smooth.sum() ** 2 / max(float(smooth @ smooth), 1e-300)
    monotone = smooth.min() > -resolution
    return bool(monotone and events < FEW_EVENTS and events >= 6 and relative > -error)


def _undecided(indices: Floats, more: int, reason: str) -> Assessment:
    nothing = Interval(0.0, 0.0, 0.0)
    first = int(indices[0]) if len(indices) else 0
    last = int(indices[-1]) if len(indices) else 0
    return Assessment(
        Shape.UNDECIDED, 0.5, nothing, "requests", nothing, first, last, None, None, more, reason
    )
