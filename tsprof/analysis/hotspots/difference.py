"""What became hotter or cooler from one profile to another, beyond sampling error and noise.

Compared is a function's CPU time per request: its share of the samples times the CPU time that the
target took per request. All functions together get slower when the machine does, or when another
one is measured; the median of their changes is taken out, and told apart. What is left has to be
beyond sampling error and beyond what an unchanged service varies by from run to run. As many
functions are looked at, the Benjamini-Hochberg procedure keeps the rate of false changes: of two
runs of an unchanged service, one pair in fifty shows any. It is weighted: a function counts by how
much its share tells, so that those that hardly take any time do not hide a change of those that do.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, hypot, log, sqrt
from statistics import fmean, median

import numpy as np
from scipy.special import ndtr, ndtri

from tsprof.analysis.hotspots.functions import CONFIDENCE, Name
from tsprof.analysis.hotspots.profiles import SUMS
from tsprof.analysis.hotspots.sides import MICROSECONDS, Sampled
from tsprof.report.model import HotChange, HotDifference

FALSE_CHANGES = 0.02
"""Part of the comparisons of an unchanged service that may show a change: of twenty, one at most in
94 of 100 cases."""
RUN_TO_RUN = 0.03
"""Relative standard error of a function's CPU time from run to run beside sampling error: where
memory lies, which seed hashes have."""
LEAST_SHARE = 0.01
"""Of the time in either profile, from which a function is looked at."""
LEAST_SAMPLES = 20
"""In both profiles together, below which no change could be told."""
SIGHTED_SHARE = 0.1
"""Of the CPU time, of the function by which a comparison's sight is told."""
POWER = 0.9
"""Part of the comparisons that find a change which is told to be detectable."""
MOSTLY = 0.9
"""Part of a function's time that is its own, from which what it calls is not looked at; and of all
time, from which a function that calls nearly everything is not: it changes as the whole does."""
WELL_KNOWN = 25
"""Samples in each profile, from which a function is one of those whose median is taken out."""
LEAST_COMMON = 6
"""Functions whose median says by how much all changed."""
UNKNOWN_COMMON = 0.1
"""Relative standard error of the machine's speed, where there are not so many."""
OF_MEDIAN = 1.25
"""Its standard error in those of a mean."""
_HALF = 0.5
"""Added to counts, so that a function that is new has a ratio, too."""


@dataclass(frozen=True)
class _Tested:
    name: Name
    part: str
    share: float
    """Of the CPU time, on both sides together, 0 to 1."""
    before: float
    """Seconds per request."""
    after: float
    logarithm: float
    """Of the ratio, what is common to all taken out."""
    error: float
    """Standard error of the logarithm."""


def hot_changes(before: Sampled, after: Sampled) -> HotDifference:
    """Compare two profiles of a service; nothing where one of them has no samples or no requests.

    Args:
        before: the earlier one, or whatever the other is to be compared with.
        after: the later one.
    """
    sides = (before, after)
    if any(side.samples <= 0 or side.cpu_per_request <= 0 for side in sides):
        return HotDifference()
    common, common_error = _common(before, after)
    tested = list(_tests(before, after, common, common_error))
    if not tested:
        return HotDifference(common=exp(common) - 1)
    chances = [2 * float(ndtr(-abs(test.logarithm) / test.error)) for test in tested]
    sure = _certain(chances, _weights(tested))
    changes = [
        HotChange(
            function=test.name[0],
            file=test.name[1],
            line=after.lines.get(test.name) or before.lines.get(test.name, 0),
            part="own" if test.part == "own" else "total",
            before_us_per_request=test.before * MICROSECONDS,
            after_us_per_request=test.after * exp(-common) * MICROSECONDS,
            change=exp(test.logarithm) - 1,
            low=exp(test.logarithm - CONFIDENCE * test.error) - 1,
            high=exp(test.logarithm + CONFIDENCE * test.error) - 1,
        )
        for test, certain in zip(tested, sure, strict=True)
        if certain
    ]
    changes.sort(key=lambda c: -abs(c.after_us_per_request - c.before_us_per_request))
    return HotDifference(
        changes=tuple(changes),
        common=exp(common) - 1,
        looked_at=len({test.name for test in tested}),
        detectable=_detectable(before, after, tested, common_error),
    )


def _weights(tested: Sequence[_Tested]) -> list[float]:
    """Return how much each test counts: 1 on average.

    It is the variance of the share, by which samples tell it, and known before it is compared. What
    functions take themselves and with what they call counts as much, although those who only call
    are many.
    """
    told = [test.share * (1 - test.share) for test in tested]
    sums: defaultdict[str, float] = defaultdict(float)
    for test, much in zip(tested, told, strict=True):
        sums[test.part] += much
    each = len(tested) / len(sums)
    return [
        each * much / sums[test.part] if sums[test.part] else 1.0
        for test, much in zip(tested, told, strict=True)
    ]


def _certain(chances: Sequence[float], weights: Sequence[float]) -> list[bool]:
    """Tell which changes are certain by Benjamini and Hochberg's procedure.

    ``scipy.stats`` has it without weights, and takes a second to import, in every check.

    Args:
        chances: p-value of each.
        weights: how much each counts, 1 on average.
    """
    weighted = np.divide(chances, weights, out=np.ones(len(chances)), where=np.array(weights) > 0)
    ordered = np.sort(weighted)
    allowed = FALSE_CHANGES * np.arange(1, len(ordered) + 1) / len(ordered)
    passed = ordered[ordered <= allowed]
    return [bool(len(passed)) and chance <= passed[-1] for chance in weighted]


def _detectable(
    before: Sampled, after: Sampled, tested: Sequence[_Tested], common_error: float
) -> float:
    """Return the growth that would nearly always be found in a function with a tenth of the time.

    Only that function changes, so that its own p-value has to be small enough.
    """
    told = SIGHTED_SHARE * (1 - SIGHTED_SHARE)
    others = sum(test.share * (1 - test.share) for test in tested if test.part == "own")
    part = FALSE_CHANGES / len({test.part for test in tested})
    certain = -float(ndtri(part * told / (others + told) / 2))
    counts = (SIGHTED_SHARE * before.samples, SIGHTED_SHARE * after.samples)
    error = hypot(_error(*counts, before, after), common_error, RUN_TO_RUN)
    return exp((certain + float(ndtri(POWER))) * error) - 1


def knows_common(before: Sampled, after: Sampled) -> bool:
    """Tell whether so many functions are well known that what all changed by can be taken out."""
    return len(_well_known(before, after)) >= LEAST_COMMON


def _well_known(before: Sampled, after: Sampled) -> list[Name]:
    was, now = before.own, after.own
    return [n for n in was if n[0] not in SUMS and min(was[n], now.get(n, 0.0)) >= WELL_KNOWN]


def _common(before: Sampled, after: Sampled) -> tuple[float, float]:
    """Return the logarithm of what all functions changed by, and its standard error."""
    was, now = before.own, after.own
    known = _well_known(before, after)
    if len(known) < LEAST_COMMON:
        return 0.0, UNKNOWN_COMMON
    errors = {name: _error(was[name], now[name], before, after) for name in known}
    best = sorted(known, key=lambda name: errors[name])
    # Rare functions tell little: so many are asked that the median is known best.
    error, many = min(
        (OF_MEDIAN * sqrt(fmean(errors[name] ** 2 for name in best[:many]) / many), many)
        for many in range(LEAST_COMMON, len(best) + 1)
    )
    return median(_logarithm(was[n], now[n], before, after) for n in best[:many]), error


def _tests(
    before: Sampled, after: Sampled, common: float, common_error: float
) -> Iterator[_Tested]:
    own = _pairs(before.own, after.own, before.unlisted, after.unlisted)
    total = _pairs(before.total, after.total, 0.0, 0.0)
    if before.unlisted or after.unlisted:  # a caller of much may have too little of its own
        total = {n: pair for n, pair in total.items() if n in before.total and n in after.total}
    parts = [("own", name, *pair) for name, pair in own.items()]
    everything = (before.samples, after.samples)
    parts += [
        ("total", name, *pair)
        for name, pair in total.items()
        if not _mostly(own.get(name, (0.0, 0.0)), pair) and not _mostly(pair, everything)
    ]
    for part, name, first, second in parts:
        was, now = first / before.samples, second / after.samples
        if name[0] in SUMS or max(was, now) < LEAST_SHARE or first + second < LEAST_SAMPLES:
            continue
        sampling = _error(first, second, before, after)
        yield _Tested(
            name=name,
            part=part,
            share=min(1.0, (was + now) / 2),
            before=was * before.cpu_per_request,
            after=now * after.cpu_per_request,
            logarithm=_logarithm(first, second, before, after) - common,
            error=hypot(sampling, common_error, RUN_TO_RUN),
        )


def _mostly(part: tuple[float, float], whole: tuple[float, float]) -> bool:
    return sum(part) > MOSTLY * sum(whole)


def _pairs(
    was: Mapping[Name, float], now: Mapping[Name, float], absent_then: float, absent_now: float
) -> dict[Name, tuple[float, float]]:
    names = {**was, **now}
    return {name: (was.get(name, absent_then), now.get(name, absent_now)) for name in names}


def _logarithm(first: float, second: float, before: Sampled, after: Sampled) -> float:
    """Return the logarithm of the ratio of two weights, per request."""
    was = (first + _HALF) / (before.samples + _HALF) * before.cpu_per_request
    now = (second + _HALF) / (after.samples + _HALF) * after.cpu_per_request
    return log(now / was)


def _error(first: float, second: float, before: Sampled, after: Sampled) -> float:
    """Return the standard error that sampling gives that logarithm."""
    sides = ((first, before), (second, after))
    return sqrt(
        sum(
            side.dispersion * (1 / (weight + _HALF) - 1 / (side.samples + _HALF))
            for weight, side in sides
        )
    )
