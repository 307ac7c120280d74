"""Recovery: how long after a spike a service takes to serve as it did before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tsprof.histogram import Histogram

PERCENT = 95.0
"""The percentile of each second that is compared: of a hundred requests in a second, the 99th is
the slowest but one, and wanders."""
ALLOWED = 0.25
"""A second may be slower than the calm ones' band by this share: neighbours on the machine."""
CALM_SHARE = 0.9
"""The band reaches up to the second that so many of the calm ones are below."""
LASTING = 5
"""Seconds that must be calm again, all but one, before the first of them counts."""
LEAST_CALM = 5
"""Seconds before the spike without which there is no band."""


@dataclass(frozen=True, kw_only=True)
class Second:
    """One second of load; ``at`` counts from the start of the run."""

    at: int
    requests: int
    failures: int
    latency: Histogram


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """How a service came back."""

    seconds: float | None
    """From the end of the spike to the first lasting calm; None where it did not come."""
    band_ms: float | None
    """The slowest that counts as calm; None where there is none."""
    reason: str = ""
    """Why ``seconds`` is None; empty otherwise."""


def recovery(calm: Sequence[Second], after: Sequence[Second]) -> Recovery:
    """Compare the seconds after a spike with those before it.

    Args:
        calm: before the spike.
        after: from the first second after it on, under the same load as before.

    Returns:
        Recovered at the first second from which on all but one of five were within the band of the
        calm ones, with no more failures than these had.
    """
    before = sorted(filter(math.isfinite, map(_slow, calm)))
    if len(before) < LEAST_CALM:
        reason = f"{len(before)} seconds before the spike are too few to compare with"
        return Recovery(seconds=None, band_ms=None, reason=reason)
    top = before[math.ceil(CALM_SHARE * len(before)) - 1] * (1 + ALLOWED)
    failed = max(_failed(second) for second in calm)
    good = [_slow(s) <= top and _failed(s) <= failed for s in after]
    for first in range(len(good) - LASTING + 1):
        if good[first] and sum(good[first : first + LASTING]) >= LASTING - 1:
            return Recovery(seconds=float(first), band_ms=top)
    if len(good) < LASTING:
        reason = f"{len(good)} seconds after the spike are too few to tell"
    else:
        reason = f"it did not within the {len(good)} s after the spike"
    return Recovery(seconds=None, band_ms=top, reason=reason)


def _slow(second: Second) -> float:
    value = second.latency.percentile(PERCENT)
    return math.inf if value is None else value


def _failed(second: Second) -> float:
    return second.failures / second.requests if second.requests else 0.0
