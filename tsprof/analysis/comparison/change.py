"""From one run to another: how a figure changed, and whether that is beyond noise."""

from dataclasses import dataclass
from math import hypot

from tsprof.analysis.run.assessments import LEAK_FLOOR

# A figure's interval tells how it varies within a run. Runs of the same service on the same
# machine differ by more: what else the machine does, where memory lies, which seed hashes have.
RUN_TO_RUN = {
    "growth": 0.05,
    "count": 0.05,
    "sites": 0.1,
    "holders": 0.1,
    "p50_ms": 0.25,
    "p95_ms": 0.35,
    "p99_ms": 0.50,
    "requests_per_second": 0.25,
    "cpu_ms": 0.20,
    "load_cpu_ms": 0.10,
}
"""Part of the smaller one by which two runs of an unchanged service may differ, by figure. Six runs
with the same leak of 313 bytes differed by 0.4 % in its rate and by 2 % in that of its site."""
SMALLEST = {"growth": LEAK_FLOOR, "sites": LEAK_FLOOR, "error_rate": 0.001}
"""Difference that is too small to matter in the figure's unit, by figure."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure of one run with its 95 % interval; both ends None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """The difference of a figure between two runs, with its interval."""

    value: float
    low: float | None
    """None where one of the two has no interval."""
    high: float | None

    @property
    def beyond_noise(self) -> int:
        """1 where it certainly rose, -1 where it certainly fell, 0 where that cannot be told."""
        if self.low is None or self.high is None:
            return 0
        return int(self.low > 0) - int(self.high < 0)


def change(before: Estimate, after: Estimate, figure: str) -> Change:
    """Compare a figure of two runs.

    The interval of the difference is recovered from the two intervals (Zou and Donner 2008), and
    widened by what an unchanged service varies from run to run.

    Args:
        before: of the earlier run.
        after: of the later run, in the same unit.
        figure: a key of ``RUN_TO_RUN`` or ``SMALLEST``; anything else has the interval alone.
    """
    difference = after.value - before.value
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return Change(value=difference, low=None, high=None)
    size = min(abs(before.value), abs(after.value))
    between = max(RUN_TO_RUN.get(figure, 0.0) * size, SMALLEST.get(figure, 0.0))
    return Change(
        value=difference,
        low=difference - hypot(after.value - after.low, before.high - before.value, between),
        high=difference + hypot(after.high - after.value, before.value - before.low, between),
    )
