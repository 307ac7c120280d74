import numpy as np
import pytest

from tsprof.analysis.growth.forecast import continue_filling, segments_to_decide
from tsprof.analysis.growth.shapes import (
    Scale,
    Settled,
    bend_limit,
    is_leak,
    is_quiet,
    missing_increments,
    quiet,
    settle,
)
from tsprof.analysis.growth.trend import fit_trend

BYTES = Scale(16.0, 1.0, 16.0)
COUNTS = Scale(1.0, 0.0, 0.0)


def settled(rates: np.ndarray, scale: Scale = BYTES) -> tuple[Settled, np.ndarray, np.ndarray]:
    widths = np.full(len(rates), 1500.0)
    steps = np.round(rates * widths / scale.resolution) * scale.resolution
    return settle(steps, widths, scale), steps, widths


def leaks(rates: np.ndarray, scale: Scale = BYTES) -> bool:
    found, steps, widths = settled(rates, scale)
    return is_leak(found, steps, widths, scale)


def rests(rates: np.ndarray, scale: Scale = BYTES) -> bool:
    found, steps, widths = settled(rates, scale)
    return is_quiet(quiet(found, steps, widths, scale), found, scale)


@pytest.mark.parametrize(("size", "limit"), [(0, 0.0), (8, 0.2), (16, 0.4), (40, 0.4), (400, 0.4)])
def test_bend_limit_follows_the_slowest_filling(size: int, limit: float) -> None:
    assert bend_limit(size, 40) == pytest.approx(limit)


@pytest.mark.parametrize("segments", [3.0, 8.0, 20.0, 40.0])
@pytest.mark.parametrize("count", [8, 12, 20, 30, 40])
def test_no_window_of_an_exponential_filling_is_a_leak(segments: float, count: int) -> None:
    assert not leaks(200 * np.exp(-np.arange(count) / segments))


@pytest.mark.parametrize("count", [8, 12, 20, 30, 40])
def test_no_window_of_a_logarithmic_filling_is_a_leak(count: int) -> None:
    assert not leaks(200 / (1 + np.arange(count) / 5))


@pytest.mark.parametrize("count", [10, 14, 18, 22, 26, 30, 36])
@pytest.mark.parametrize("scale", [2.0, 4.0])
def test_no_window_of_an_s_shaped_filling_is_a_leak(count: int, scale: float) -> None:
    height = np.exp(-(np.arange(count) - 14) / scale)
    assert not leaks(200 * height / (1 + height) ** 2)


def test_a_leak_is_watched_for_eight_segments() -> None:
    assert [leaks(np.full(count, 30.0)) for count in (6, 7, 8, 30)] == [False, False, True, True]


def test_a_leak_must_be_above_the_floor() -> None:
    assert leaks(np.full(20, 1.2))
    assert not leaks(np.full(20, 0.8))
    assert not leaks(np.full(20, 1.2), Scale(16.0, 1.5, 16.0))


def test_a_leak_is_there_in_every_third() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.5, 18)
    assert leaks(30 + noise)
    assert not leaks(np.r_[np.full(12, 45.0), np.full(6, 5.0)] + noise)
    assert not leaks(np.r_[np.full(6, 40.0), np.full(6, 5.0), np.full(6, 40.0)] + noise)


def test_growth_in_rare_events_is_a_leak_when_there_are_enough() -> None:
    rng = np.random.default_rng(2)
    found = [leaks(40 * rng.poisson(1.5, 40).astype(float)) for _ in range(50)]
    assert np.mean(found) > 0.4
    assert not leaks(40 * np.r_[np.zeros(10), 1, np.zeros(6), 1, np.zeros(12)])


def test_few_counts_make_no_leak() -> None:
    once = np.zeros(25)
    once[[4, 9, 16]] = 1 / 1500
    assert not leaks(once, COUNTS)
    often = np.where(np.arange(25) % 3 == 0, 1 / 1500, 0.0)
    assert leaks(often, COUNTS)


def test_the_window_is_chosen_by_precision() -> None:
    rng = np.random.default_rng(3)
    rates = 30 + np.r_[rng.normal(0, 30, 10), rng.normal(0, 1, 15)]
    found, _, _ = settled(rates)
    assert found.trend.start >= 7


def test_a_precise_window_that_bends_contradicts() -> None:
    rates = 100 * np.exp(-np.arange(25) / 12.0)
    found, _, _ = settled(rates)
    assert found.contradicted or found.trend.relative_bend < -bend_limit(25, 40)


@pytest.mark.parametrize(
    ("jumps", "expected"),
    [((), 0), ((3,), 0), ((9,), 0), ((10,), 1), ((3, 8), 0), ((3, 14), 6), ((14,), 9), ((19,), 19)],
)
def test_quiet_must_last_longer_than_before_a_jump(jumps: tuple[int, ...], expected: int) -> None:
    marks = np.zeros(20, dtype=np.bool_)
    marks[list(jumps)] = True
    assert missing_increments(marks, 8) == expected


def test_quiet_is_an_equivalence_test() -> None:
    rng = np.random.default_rng(4)
    assert rests(np.zeros(12))
    assert not rests(np.full(12, 3.0))
    small = rng.normal(0, 2, 25)
    wide = rng.normal(0, 200, 25)
    assert rests(small)
    assert not rests(wide)
    assert not rests(small, Scale(16.0, 1.0, 0.1))


def test_quiet_counts_do_not_grow_at_all() -> None:
    one = np.zeros(30)
    one[18] = 1 / 1500
    assert rests(np.zeros(30), COUNTS)
    assert not rests(one, COUNTS)


@pytest.mark.parametrize("count", [10, 15, 16, 25])
@pytest.mark.parametrize("time", [5.0, 20.0])
def test_a_filling_is_continued_to_its_end(count: int, time: float) -> None:
    level = 1e6 * (1 - np.exp(-np.arange(count + 1) / time))
    found = continue_filling(np.diff(level), np.full(count, 1500.0), 1.0)
    assert found is not None
    assert level[-1] + found.remaining == pytest.approx(1e6, rel=1e-6)
    rate = 1e6 / time / 1500 * np.exp(-(count + found.segments) / time)
    assert rate == pytest.approx(1.0, rel=0.3) or found.segments == 0


@pytest.mark.parametrize("rates", [np.full(12, 30.0), np.linspace(10, 30, 12), np.zeros(12)])
def test_growth_that_does_not_slow_down_has_no_end(rates: np.ndarray) -> None:
    assert continue_filling(rates * 1500, np.full(12, 1500.0), 1.0) is None


def test_more_segments_are_asked_for_where_the_bend_is_uncertain() -> None:
    rng = np.random.default_rng(5)
    more = {}
    for spread in (0.1, 6.0, 10.0):
        found, steps, widths = settled(rng.normal(30, spread, 12))
        trend = fit_trend(steps, widths, 16.0)
        near = quiet(found, steps, widths, BYTES)
        more[spread] = segments_to_decide(trend, 12, near, BYTES)
    assert more[0.1] == 2
    assert more[6.0] is not None
    assert more[10.0] is None or more[10.0] > more[6.0] > 2
