"""The fit of permanent growth beside a warm-up that fades: right values, honest errors."""

from collections.abc import Callable

import numpy as np
import pytest

from tsprof.analysis.growth.trend import Trend, fit_trend

WIDTHS = np.full(20, 1500.0)


def fit(steps: np.ndarray, start: int = 0) -> Trend:
    return fit_trend(steps, np.full(len(steps), 1500.0), 16.0, start)


@pytest.mark.parametrize("rate", [-5.0, 0.0, 20.0, 2000.0])
def test_steady_growth(rate: float) -> None:
    found = fit(rate * WIDTHS)
    assert found.rate == pytest.approx(rate, abs=0.01)
    assert abs(found.bend) < 0.05
    assert found.rate_error < 0.01
    assert abs(found.fading.sum()) < 100


def test_bend_is_the_change_of_the_rate_over_the_window() -> None:
    found = fit(WIDTHS * np.linspace(30, 50, 20))
    assert found.rate == pytest.approx(40, rel=0.01)
    # The rates are those of the segments' middles, 19/20 of the window apart.
    assert found.bend == pytest.approx(20 * 20 / 19, rel=0.03)
    assert found.relative_bend == pytest.approx(found.bend / found.rate)


def test_a_warm_up_is_told_from_permanent_growth() -> None:
    warm = np.diff(-2e6 * np.exp(-np.arange(21) / 1.5))
    found = fit(30 * WIDTHS + warm)
    assert found.rate == pytest.approx(30, rel=0.05)
    assert found.fading.sum() == pytest.approx(warm.sum(), rel=0.05)
    assert np.argmax(found.fading) == 0


def test_a_filling_as_long_as_the_window_counts_against_constancy() -> None:
    found = fit(np.diff(-2e6 * np.exp(-np.arange(21) / 20.0)))
    assert found.relative_bend < -0.8
    assert found.relative_bend + 5 * found.relative_error < 0


def test_a_jump_does_not_change_the_rate() -> None:
    steps = 30 * WIDTHS
    steps[11] += 5e6
    found = fit(steps)
    assert found.rate == pytest.approx(30, rel=0.01)
    assert np.flatnonzero(found.jumps).tolist() == [11]


def test_start_leaves_out_what_is_before() -> None:
    steps = np.r_[np.full(8, 1e7), np.full(12, 3e4)]
    found = fit(steps, 8)
    assert (found.start, len(found.fading), len(found.jumps)) == (8, 12, 12)
    assert found.rate == pytest.approx(20, rel=0.01)


@pytest.mark.parametrize("count", range(5))
def test_too_few_increments_have_no_precision(count: int) -> None:
    found = fit(np.full(count, 1e4))
    assert found.rate_error == np.inf
    assert found.low(0.95) == -np.inf
    assert found.above(0.0) == pytest.approx(0.5)


def poisson(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.poisson(3, count) * 1e4


def staying(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.normal(3e4, 6e3, count)


def reading(rng: np.random.Generator, count: int) -> np.ndarray:
    return 3e4 + np.diff(rng.normal(0, 5e3, count + 1))


@pytest.mark.parametrize("noise", [poisson, staying, reading])
@pytest.mark.parametrize("count", [10, 24])
def test_errors_cover_the_truth_whatever_the_noise(
    noise: Callable[[np.random.Generator, int], np.ndarray], count: int
) -> None:
    rng = np.random.default_rng(7)
    fits = [fit(noise(rng, count)) for _ in range(200)]
    bends = [abs(found.bend) < found.quantile(0.95) * found.bend_error for found in fits]
    rates = [
        abs(found.rate - 20) < found.quantile(0.95) * found.rate_error
        for found in fits
        if noise is not poisson
    ]
    # 0.90 is nominal; ten increments do not tell the kinds of noise well apart.
    assert np.mean(bends) > 0.83
    assert not rates or np.mean(rates) > 0.78


def test_the_kind_of_noise_is_recognised() -> None:
    rng = np.random.default_rng(8)
    stays = np.mean([fit(staying(rng, 30)).staying for _ in range(100)])
    goes = np.mean([fit(reading(rng, 30)).staying for _ in range(100)])
    assert stays > 0.75
    assert goes < 0.25


def test_noise_of_readings_is_averaged_out_over_the_window() -> None:
    rng = np.random.default_rng(9)
    errors = {n: np.median([fit(reading(rng, n)).rate_error for _ in range(50)]) for n in (15, 60)}
    # A line through readings gains the 1.5th power of their number, one through events the 0.5th.
    assert errors[15] / errors[60] > 4
