"""Where a filling will end, and how much longer a run must be to decide."""

from dataclasses import dataclass

import numpy as np

from tsprof.analysis.growth.noise import Floats
from tsprof.analysis.growth.shapes import LEAST_WINDOW, SURE, Quiet, Scale, bend_limit
from tsprof.analysis.growth.trend import Trend

# A filling whose second half brought more than this share of the first is too straight to tell
# where it ends.
STRAIGHT = 0.9
# From this share of noise that stays, the bend's error falls with the square root of the window.
MOSTLY_STAYING = 0.5
# Beyond this many times the run so far, "run longer" is no advice.
FARTHEST = 8.0


@dataclass(frozen=True)
class Filling:
    """A filling, continued as an exponential approach to its end."""

    remaining: float
    """What it will still add."""
    segments: int
    """Segments until it adds no more than the floor."""


def continue_filling(steps: Floats, widths: Floats, floor: float) -> Filling | None:
    """Continue a filling from the growth in the two halves of its window.

    Args:
        steps: increments of the counter in the window, jumps left out.
        widths: increments of the clock in the window.
        floor: growth per unit of the clock at which it counts as over.

    Returns:
        The forecast; None where growth does not slow down clearly.
    """
    half = len(steps) // 2
    early, late = float(steps[:half].sum()), float(steps[-half:].sum())
    if half == 0 or not 0 < late < STRAIGHT * early:
        return None
    ends = np.r_[0.0, np.cumsum(widths)]
    apart = float(ends[-1] - ends[half])
    length = float(ends[-1] - ends[-1 - half])
    time = apart / float(np.log(early / late))
    faded = float(np.exp(-length / time))
    remaining = late * faded / (1 - faded)
    units = time * float(np.log(max(remaining / time / max(floor, 1e-300), 1.0)))
    segments = np.ceil(min(units / float(widths.mean()), 1e6))
    return Filling(remaining, int(segments))


def segments_to_decide(trend: Trend, size: int, near: Quiet, scale: Scale) -> int | None:
    """Estimate how many more segments settle whether growth is permanent.

    The bend's error falls with the 1.5th power of the window while the limit still widens with
    it, later with the square root; the rate's with either, as the noise stays or is taken back.

    Args:
        trend: the fit of the window.
        size: increments of the window.
        near: what it lacks of being quiet.
        scale: what counts as growth.

    Returns:
        The segments; None where no reasonable number would do.
    """
    if not np.isfinite(trend.rate_error):
        return max(1, LEAST_WINDOW + 1 - size)
    least = max(2, LEAST_WINDOW + 1 - size)
    stays = trend.staying > MOSTLY_STAYING
    if trend.low(0.95) > scale.floor:
        ratio = trend.quantile(SURE) * trend.relative_error / bend_limit(size, scale.slowest)
        stays = stays and size >= LEAST_WINDOW * 2
    else:
        least = max(least, near.missing)
        if scale.tolerance <= 0:
            return least
        ratio = near.growth / scale.tolerance
    power = 2.0 if stays else 2.0 / 3.0
    more = size * (float(np.clip(ratio, 1.0, 1e6)) ** power - 1)
    return max(least, int(np.ceil(more))) if more <= FARTHEST * size else None
