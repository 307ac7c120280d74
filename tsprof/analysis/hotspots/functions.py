"""How much of the CPU time each function takes, and how sure that is.

A sample is the call stack that ran at a random moment, so a function's share of the samples
estimates its share of the CPU time. Samples close to each other are alike where requests last long:
windows, taken apart in time, tell by how much shares vary beyond what chance does to independent
samples, and the intervals are as wide as if there were so many samples fewer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from tsprof.analysis.hotspots.profiles import SUMS
from tsprof.stacks import Frame, StackProfile

CONFIDENCE = 1.96
"""Standard errors in a 95 % interval."""
LISTED = 30
"""Functions in a report: more than are shown, for later runs to be compared with."""
LEADING = 5
"""Functions, of the most self time, by which it is judged how much shares vary."""
LEAST_WINDOWS = 3
"""Windows from which on they tell how much shares vary between them."""

Name = tuple[str, str]
"""A function's name and its file."""


@dataclass(frozen=True, kw_only=True)
class FunctionTime:
    """One function's part of the CPU time."""

    frame: Frame
    """With the line of it that ran most."""
    own: float
    """Share, 0 to 1, of the time in which the function itself ran."""
    total: float
    """Share of the time in which it or what it called ran."""
    low: float
    """Lower end of the 95 % interval of ``own``."""
    high: float
    """Upper end of that interval."""


def name_of(frame: Frame) -> Name:
    """Return what a function is told apart by."""
    return frame.function, frame.file


def own_weights(profile: StackProfile) -> dict[Name, float]:
    """Return the weight of the stacks in which each function is the innermost."""
    weights: defaultdict[Name, float] = defaultdict(float)
    for stack in profile.stacks:
        if stack.frames:
            weights[name_of(profile.frames[stack.frames[-1]])] += stack.weight
    return dict(weights)


def total_weights(profile: StackProfile) -> dict[Name, float]:
    """Return the weight of the stacks that each function is in, however often."""
    weights: defaultdict[Name, float] = defaultdict(float)
    for stack in profile.stacks:
        for name in {name_of(profile.frames[place]) for place in stack.frames}:
            weights[name] += stack.weight
    return dict(weights)


def function_times(profile: StackProfile, dispersion: float = 1.0) -> tuple[FunctionTime, ...]:
    """Return the functions of a profile, those with the most time of their own first.

    Args:
        profile: by function, see ``by_function``.
        dispersion: see ``dispersion``.
    """
    everything = profile.total
    if not everything:
        return ()
    own, total = own_weights(profile), total_weights(profile)
    frames = {name_of(frame): frame for frame in profile.frames}
    rows = []
    for name, weight in total.items():
        share = own.get(name, 0.0) / everything
        low, high = interval(share, everything / dispersion)
        rows.append(
            FunctionTime(
                frame=frames[name], own=share, total=weight / everything, low=low, high=high
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.own, -row.total, row.frame.function)))


def interval(share: float, samples: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share that so many independent samples told."""
    if samples <= 0:
        return 0.0, 1.0
    squared = CONFIDENCE**2 / samples
    middle = (share + squared / 2) / (1 + squared)
    reach = sqrt(squared * share * (1 - share) + squared**2 / 4) / (1 + squared)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def dispersion(windows: Sequence[StackProfile]) -> float:
    """Return how many samples of these windows say as much as one independent sample; 1 at least.

    It is the mean, over the leading functions, of Pearson's statistic of the differences between
    windows over its degrees of freedom.
    """
    counts = [(own_weights(window), window.total) for window in windows if window.total]
    if len(counts) < LEAST_WINDOWS:
        return 1.0
    everything = sum(total for _, total in counts)
    summed: defaultdict[Name, float] = defaultdict(float)
    for weights, _ in counts:
        for name, weight in weights.items():
            summed[name] += weight
    functions = [name for name in summed if name[0] not in SUMS]
    leading = sorted(functions, key=lambda name: -summed[name])[:LEADING]
    spreads = [_spread(name, summed[name] / everything, counts) for name in leading]
    return max(1.0, fmean(spreads)) if spreads else 1.0


def _spread(
    name: Name, share: float, counts: Sequence[tuple[Mapping[Name, float], float]]
) -> float:
    if not 0 < share < 1:
        return 1.0
    deviations = (
        (weights.get(name, 0.0) - total * share) ** 2 / (total * share * (1 - share))
        for weights, total in counts
    )
    return sum(deviations) / (len(counts) - 1)
