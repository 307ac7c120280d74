"""What a reading is worth: noise, spikes that went away, jumps that happened once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Share of the noise that belongs to the reading (and is taken back by the next one) rather than
# to the growth itself (and stays), and whether the part that stays is in proportion to the growth
# (grains that arrive at random). The truth is unknown: fits are averaged over these kinds.
READING_SHARES = np.array([0.0, 0.0, 0.6, 0.95, 1.0])
GRAINED = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
# The bend's error is too small where noise that stays passes for the other: it has better odds.
NOISE_ODDS = np.array([3.0, 1.5, 1.0, 1.0, 1.0])

# So many jumps of so similar size are how a counter grows: the tables of a dict double in size
# from jump to jump, and lazy imports come in ones and twos.
OFTEN = 4
ALIKE = 3.0


def level_noise(values: Floats, resolution: float) -> float:
    """Estimate the standard deviation of a reading, growth and spikes aside.

    The lower quartile of the sizes of differences is used, so that spikes at up to a third of the
    points do not count; of second differences, or of first differences about their median.

    Args:
        values: readings at the checkpoints.
        resolution: quantum of the counter.

    Returns:
        The standard deviation, at least that of rounding to the quantum.
    """
    rounding = float(resolution / np.sqrt(12.0))
    if len(values) < 3:  # noqa: PLR2004 - the least that has a second difference
        return rounding
    first, second = np.diff(values), np.diff(values, 2)
    changes = np.abs(first - np.median(first)) / np.sqrt(2.0)
    bends = np.abs(second) / np.sqrt(6.0)
    least = min(float(np.quantile(sizes, 0.25)) for sizes in (changes, bends))
    # 0.3186: the lower quartile of the size of a standard Gaussian.
    return max(least / 0.3186, rounding)


def kept(values: Floats, resolution: float, slack: float) -> Mask:
    """Tell the readings that were not given back later.

    A reading well above a later one was a spike: what it showed has been returned.

    Args:
        values: readings at the checkpoints.
        resolution: quantum of the counter.
        slack: a fall that is too small to matter.

    Returns:
        True where the reading is below all later ones, within the noise.
    """
    lowest_later = np.minimum.accumulate(values[::-1])[::-1]
    # At 8 standard deviations, as estimated, one of 30 runs with 30 readings loses a reading.
    tolerance = max(8.0 * level_noise(values, resolution) + resolution, slack)
    return np.asarray(values <= lowest_later + tolerance, dtype=np.bool_)


def isolated_jumps(steps: Floats, widths: Floats, resolution: float) -> Mask:
    """Tell the increments that stand out from their neighbours on both sides.

    The first increments of a decaying growth do not stand out: those before them are larger. Four
    or more jumps of about the same size are no exceptions: they are how this counter grows.

    Args:
        steps: increments of the counter.
        widths: increments of the clock.
        resolution: quantum of the counter.

    Returns:
        True where an increment is a jump.
    """
    rates = steps / widths
    middle = float(np.median(rates))
    scale = float(np.median(np.abs(rates - middle))) / 0.6745
    scale = max(scale, resolution / float(np.median(widths)))
    jumps = np.zeros(len(steps), dtype=np.bool_)
    for index in range(1, len(steps)):
        around = np.sort(np.r_[rates[max(index - 2, 0) : index], rates[index + 1 : index + 3]])
        highest = around[-1] if index + 1 == len(steps) else around[-2:].mean()
        jumps[index] = rates[index] > max(2.0 * highest, highest + 6 * scale, middle + 6 * scale)
    sizes = rates[jumps] - middle
    if len(sizes) >= OFTEN and sizes.max() <= ALIKE * sizes.min():
        jumps[:] = False
    return jumps


def covariances(steps: Floats, widths: Floats, use: Mask) -> Floats:
    """Return the increments' covariance for each kind of noise, up to a factor.

    Args:
        steps: increments of the counter.
        widths: increments of the clock.
        use: increments that are used.

    Returns:
        One matrix for each entry of `READING_SHARES`.
    """
    size = len(widths)
    even = widths / widths.mean()
    around = np.lib.stride_tricks.sliding_window_view(np.pad(steps / widths, 2, mode="reflect"), 5)
    local = np.abs(around.mean(axis=1)) * even
    local = np.maximum(local, 0.1 * max(float(local.mean()), 1e-300))
    reading = np.eye(size) - 0.5 * (np.eye(size, k=1) + np.eye(size, k=-1))
    shares, grained = READING_SHARES[:, None, None], GRAINED[:, None, None]
    staying = (1 - grained) * np.diag(even) + grained * np.diag(local / local.mean())
    mixed = (1 - shares) * staying + shares * reading
    return np.asarray(mixed[:, use][:, :, use])
