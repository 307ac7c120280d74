"""Permanent growth, told from growth that fades: the fit behind every verdict."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from tsprof.analysis.growth.noise import (
    NOISE_ODDS,
    READING_SHARES,
    Floats,
    Mask,
    covariances,
    isolated_jumps,
)

# Decay times of a warm-up, as shares of the window. Slower decays count against constancy.
FADING_TIMES = np.geomspace(0.01, 0.15, 12)
LEAST_STEPS = 5


@dataclass(frozen=True)
class Trend:
    """A permanent rate that changes linearly over a window, beside growth that fades."""

    start: int
    """Index of the window's first increment."""
    rate: float
    """Permanent growth per unit of the clock, at the middle of the window."""
    rate_error: float
    """Its standard error."""
    bend: float
    """Permanent rate at the window's end less that at its start."""
    bend_error: float
    """Its standard error."""
    freedom: int
    """Degrees of freedom of both errors."""
    staying: float
    """Share of the noise that stays in the level (0: the next reading takes it back)."""
    fading: Floats
    """Growth per increment that belongs to what fades."""
    remaining: float
    """What the fading growth will still add after the window."""
    jumps: Mask
    """Increments of the window that were left out."""

    def quantile(self, probability: float) -> float:
        """Return Student's quantile for the errors."""
        return float(stdtrit(self.freedom, probability))

    def above(self, limit: float) -> float:
        """Return the probability that the rate is above a limit."""
        return float(stdtr(self.freedom, (self.rate - limit) / self.rate_error))

    def low(self, probability: float) -> float:
        """Return the lower bound of the rate that holds with a probability."""
        return self.rate - self.quantile(probability) * self.rate_error

    @property
    def relative_bend(self) -> float:
        """The bend as a share of the rate."""
        return self.bend / max(abs(self.rate), 1e-300)

    @property
    def relative_error(self) -> float:
        """Standard error of the relative bend."""
        return self.bend_error / max(abs(self.rate), 1e-300)


def fit_trend(steps: Floats, widths: Floats, resolution: float, start: int = 0) -> Trend:
    """Fit permanent growth and growth that fades to increments, by generalised least squares.

    The noise has a part that stays (events, random arrivals) and a part that the next reading
    takes back; the fit is averaged over the kinds of noise and over the decay times by their
    likelihood.

    Args:
        steps: increments of the counter.
        widths: increments of the clock.
        resolution: quantum of the counter.
        start: index of the first increment to be used.

    Returns:
        The trend; infinite errors where fewer than `LEAST_STEPS` increments are usable.
    """
    steps, widths = steps[start:], widths[start:]
    jumps = isolated_jumps(steps, widths, resolution) if len(steps) else np.zeros(0, np.bool_)
    if len(steps) - int(jumps.sum()) < LEAST_STEPS:
        jumps[:] = False  # among so few increments nothing is an exception
    use = ~jumps
    count = int(use.sum())
    if count < LEAST_STEPS:
        return Trend(start, 0.0, np.inf, 0.0, np.inf, 1, 1.0, 0.0 * steps, 0.0, jumps)
    unit = float(widths.mean())
    edges = np.r_[0.0, np.cumsum(widths)] / widths.sum()
    middles = (edges[1:] + edges[:-1]) / 2 - 0.5
    fading = np.diff(-np.exp(-edges[:, None] / FADING_TIMES), axis=0)
    table = np.column_stack([widths / unit, widths * middles / unit, fading, steps])[use]
    roots = np.linalg.cholesky(covariances(steps, widths, use))
    whitened = np.linalg.solve(roots, np.broadcast_to(table, (len(roots), *table.shape)))
    gram = whitened.transpose(0, 2, 1) @ whitened
    logdet = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    kinds = len(FADING_TIMES)
    plain = _solve(gram, np.array([[0, 1]]), logdet, count, resolution)
    faded = _solve(
        gram, np.array([[0, 1, 2 + kind] for kind in range(kinds)]), logdet, count, resolution
    )
    penalty = 0.5 * np.log(count) + np.log(kinds)
    scores = np.concatenate(
        [plain[0], np.where(faded[1][:, :, 2] > 0, faded[0] - penalty, -np.inf)], axis=1
    )
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    estimates = np.concatenate([plain[1][:, :, :2], faded[1][:, :, :2]], axis=1)
    spreads = np.concatenate([plain[2][:, :, :2], faded[2][:, :, :2]], axis=1)
    mean = np.einsum("nk,nkp->p", weights, estimates)
    error = np.sqrt(np.einsum("nk,nkp->p", weights, spreads + (estimates - mean) ** 2))
    amplitude = (weights[:, 1:] * faded[1][:, :, 2]).sum(axis=0)
    return Trend(
        start=start,
        rate=float(mean[0] / unit),
        rate_error=float(error[0] / unit),
        bend=float(mean[1] / unit),
        bend_error=float(error[1] / unit),
        freedom=max(count - 3, 1),
        staying=float(weights.sum(axis=1) @ (1 - READING_SHARES)),
        fading=fading @ amplitude,
        remaining=float(amplitude @ np.exp(-1 / FADING_TIMES)),
        jumps=jumps,
    )


def _solve(
    gram: Floats, picks: NDArray[np.int_], logdet: Floats, count: int, resolution: float
) -> tuple[Floats, Floats, Floats]:
    """Return score, estimates and variances for each kind of noise and each pick of columns."""
    parameters = picks.shape[1]
    inverse = np.linalg.inv(gram[:, picks[:, :, None], picks[:, None, :]])
    right = gram[:, picks, -1]
    estimate = np.einsum("nkpq,nkq->nkp", inverse, right)
    squares = gram[:, -1, -1][:, None] - (estimate * right).sum(axis=2)
    squares = np.maximum(squares, 0.0)
    variance = np.maximum(squares / (count - parameters), resolution**2 / 12.0)
    # Restricted likelihood: without it, noise that stays passes for noise of the reading, and the
    # bend's error is too small by a factor of 1.8.
    score = (
        -0.5 * ((count - 2) * np.log(variance) + squares / variance)
        - 0.5 * np.linalg.slogdet(gram[:, :2, :2])[1][:, None]
        + (np.log(NOISE_ODDS) - logdet)[:, None]
    )
    spread = variance[:, :, None] * np.diagonal(inverse, axis1=2, axis2=3)
    return score, estimate, spread
