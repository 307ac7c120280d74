"""What a reading is worth: noise, spikes that went away, jumps that happened once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Share of the noise that belongs to the reading (and is taken back by the next one) rather than
# to the growth itself (and stays). The truth is unknown, so fits are averaged over these.
READING_SHARES = (0.0, 0.6, 0.95, 1.0)


@dataclass(frozen=True)
class Trend:
    """A rate that changes linearly over a window.

    Attributes:
        rate: mean growth per unit of x.
        rate_error: its standard error.
        bend: rate at the end less rate at the start, by the straight line through the rates.
        bend_error: its standard error.
        freedom: degrees of freedom of both errors.
        staying: probability-weighted share of the noise that stays in the level (0: all of it is
            taken back by the next reading).
    """

    rate: float
    rate_error: float
    bend: float
    bend_error: float
    freedom: int
    staying: float

    def quantile(self, probability: float) -> float:
        """Return Student's quantile for the errors."""
        return float(stdtrit(self.freedom, probability))


def level_noise(values: Floats, resolution: float) -> float:
    """Estimate the standard deviation of a reading from its second differences.

    The lower quartile of their sizes is used, so that jumps and spikes at up to a quarter of the
    points do not count.

    Args:
        values: readings at the checkpoints.
        resolution: quantum of the counter.

    Returns:
        The standard deviation, at least that of rounding to the quantum.
    """
    rounding = resolution / np.sqrt(12.0)
    if len(values) < 4:
        return float(rounding)
    bends = np.abs(np.diff(values, 2)) / np.sqrt(6.0)
    return float(max(np.quantile(bends, 0.25) / 0.3186, rounding))


def kept(values: Floats, resolution: float) -> Mask:
    """Tell the readings that were not given back later.

    A reading well above a later one was a spike: what it showed has been returned.

    Args:
        values: readings at the checkpoints.
        resolution: quantum of the counter.

    Returns:
        True where the reading is below all later ones, within the noise.
    """
    lowest_later = np.minimum.accumulate(values[::-1])[::-1]
    # The range of 300 readings with Gaussian noise exceeds 7 standard deviations once in 10^4.
    tolerance = 8.0 * level_noise(values, resolution) + resolution
    return np.asarray(values <= lowest_later + tolerance, dtype=np.bool_)


def isolated_jumps(steps: Floats, widths: Floats, resolution: float) -> Mask:
    """Tell the increments that stand out from their neighbours on both sides.

    The first increments of a decaying growth do not stand out: those before them are larger.

    Args:
        steps: increments of the counter.
        widths: increments of the clock.
        resolution: quantum of the counter.

    Returns:
        True where an increment is a jump.
    """
    rates = steps / widths
    middle = np.median(rates)
    scale = np.median(np.abs(rates - middle)) / 0.6745
    scale = max(scale, resolution / float(np.median(widths)))
    jumps = np.zeros(len(steps), dtype=np.bool_)
    for index in range(1, len(steps)):
        around = np.r_[rates[max(index - 2, 0) : index], rates[index + 1 : index + 3]]
        highest = np.sort(around)[-2:].mean() if index + 1 < len(steps) else around.max()
        jumps[index] = rates[index] > max(2.0 * highest, highest + 6 * scale, middle + 6 * scale)
    return jumps


def fit_trend(steps: Floats, widths: Floats, resolution: float, use: Mask) -> Trend:
    """Fit a linearly changing rate to increments, by generalised least squares.

    The noise has a part that stays (events, random arrivals) and a part that the next reading
    takes back; the fit is averaged over the mixtures in `READING_SHARES` by their likelihood.

    Args:
        steps: increments of the counter.
        widths: increments of the clock.
        resolution: quantum of the counter.
        use: increments to be used (jumps are left out).

    Returns:
        The trend; infinite errors where fewer than three increments are usable.
    """
    count = int(use.sum())
    if count < 4:
        return Trend(0.0, np.inf, 0.0, np.inf, 1, 1.0)
    middles = np.cumsum(widths) - widths / 2
    middles = middles / widths.sum() - 0.5
    columns = np.column_stack([widths, widths * middles])[use]
    target = steps[use]
    staying = np.diag(widths / widths.mean())
    size = len(steps)
    reading = np.eye(size) - 0.5 * (np.eye(size, k=1) + np.eye(size, k=-1))
    freedom = count - 2
    least = resolution**2 / 12.0
    fits = []
    for share in READING_SHARES:
        covariance = ((1 - share) * staying + share * reading)[np.ix_(use, use)]
        root = np.linalg.cholesky(covariance)
        whitened = np.linalg.solve(root, np.column_stack([columns, target]))
        design, response = whitened[:, :2], whitened[:, 2]
        inverse = np.linalg.inv(design.T @ design)
        estimate = inverse @ (design.T @ response)
        residuals = response - design @ estimate
        variance = max(float(residuals @ residuals) / freedom, least)
        likelihood = (
            -0.5 * count * np.log(variance)
            - np.log(np.diag(root)).sum()
            - 0.5 * float(residuals @ residuals) / variance
        )
        fits.append((likelihood, estimate, variance * np.diag(inverse)))
    best = max(fit[0] for fit in fits)
    weights = np.exp([fit[0] - best for fit in fits])
    weights /= weights.sum()
    estimates = np.array([fit[1] for fit in fits])
    variances = np.array([fit[2] for fit in fits])
    mean = weights @ estimates
    errors = np.sqrt(weights @ (variances + (estimates - mean) ** 2))
    return Trend(
        float(mean[0]),
        float(errors[0]),
        float(mean[1]),
        float(errors[1]),
        freedom,
        float(weights @ (1 - np.array(READING_SHARES))),
    )
