"""What growth follows: requests, seconds, errors, or the hits of one endpoint."""

from collections.abc import Mapping

import numpy as np

from tsprof.analysis.growth.noise import Floats

# A clock must explain the increments e^4 times better than requests do: with six clocks of
# random shares beside a leak per request, one of 400 runs names a wrong clock.
MARGIN = 4.0


def best_clock(
    steps: Floats, requests: Floats, clocks: Mapping[str, Floats], resolution: float
) -> str:
    """Return the name of the clock to which the increments are closest to proportional.

    Args:
        steps: increments of the counter.
        requests: increments of the requests.
        clocks: increments of the other clocks, by name.
        resolution: quantum of the counter.

    Returns:
        A name out of `clocks`, or "requests" unless another is clearly better.
    """
    count = len(steps)
    rounding = resolution**2 / 6.0 * float((1 / requests).sum())
    own = _misfit(steps, requests, requests) + rounding
    best, gain = "requests", MARGIN
    for name, widths in clocks.items():
        if not widths.any():
            continue
        better = 0.5 * count * np.log(own / (_misfit(steps, widths, requests) + rounding))
        if better > gain:
            best, gain = name, better
    return best


def _misfit(steps: Floats, widths: Floats, requests: Floats) -> float:
    weights = 1 / requests
    rate = (weights * steps * widths).sum() / (weights * widths * widths).sum()
    return float((weights * (steps - rate * widths) ** 2).sum())
