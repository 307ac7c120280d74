"""Whether a figure changed from one run to another, or only looks like it."""

import random

import pytest

from tsprof.analysis.comparison.change import RUN_TO_RUN, SMALLEST, Estimate, change


def about(value: float, reach: float) -> Estimate:
    return Estimate(value=value, low=value - reach, high=value + reach)


@pytest.mark.parametrize(
    ("before", "after", "figure", "direction"),
    [
        (about(300, 1), about(300.5, 1), "growth", 0),
        (about(300, 1), about(312, 1), "growth", 0),  # as runs of an unchanged service differ
        (about(300, 1), about(340, 1), "growth", 1),
        (about(300, 1), about(260, 1), "growth", -1),
        (about(300, 60), about(340, 60), "growth", 0),
        (about(0, 0.1), about(1.5, 0.1), "growth", 0),  # too small to matter
        (about(0, 0.1), about(3, 0.1), "growth", 1),
        (about(10, 0.1), about(15, 0.1), "p99_ms", 0),
        (about(10, 0.1), about(20, 0.1), "p99_ms", 1),
        (about(0, 0.0003), about(0.0008, 0.0003), "error_rate", 0),
        (about(0, 0.0003), about(0.02, 0.003), "error_rate", 1),
        (about(0.05, 0.001), about(0.06, 0.001), "anything else", 1),
    ],
)
def test_only_what_is_beyond_noise_counts(
    before: Estimate, after: Estimate, figure: str, direction: int
) -> None:
    difference = change(before, after, figure)
    assert difference.beyond_noise == direction
    assert difference.value == pytest.approx(after.value - before.value)
    assert change(after, before, figure).beyond_noise == -direction


def test_without_an_interval_nothing_can_be_told() -> None:
    difference = change(Estimate(value=1.0), about(1000, 1), "growth")
    assert (difference.value, difference.low, difference.beyond_noise) == (999, None, 0)


def test_uneven_intervals_count_on_the_side_that_matters() -> None:
    before = Estimate(value=10, low=9.9, high=14)
    after = Estimate(value=15, low=14.9, high=30)
    difference = change(before, after, "anything else")
    assert difference.low == pytest.approx(5 - 4.001, abs=0.01)
    assert difference.high == pytest.approx(5 + 15.0, abs=0.01)


def test_unchanged_services_are_rarely_called_changed() -> None:
    """Runs that differ by what runs differ, with an error of their own within it."""
    generator = random.Random(5)
    false_alarms = 0
    for _ in range(2000):
        values = [100 * (1 + generator.gauss(0, RUN_TO_RUN["growth"] / 3)) for _ in range(2)]
        before, after = (about(generator.gauss(value, 1.0), 1.96) for value in values)
        false_alarms += change(before, after, "growth").beyond_noise != 0
    assert false_alarms < 100
    assert SMALLEST["growth"] > 0
