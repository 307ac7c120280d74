import numpy as np
import pytest

from tsprof.analysis.growth.noise import covariances, isolated_jumps, kept, level_noise


@pytest.mark.parametrize("sigma", [100.0, 5000.0])
@pytest.mark.parametrize("rate", [0.0, 3e4])
def test_level_noise_is_the_standard_deviation_of_a_reading(sigma: float, rate: float) -> None:
    rng = np.random.default_rng(1)
    found = [level_noise(rate * np.arange(40) + rng.normal(0, sigma, 40), 16.0) for _ in range(200)]
    assert np.median(found) == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("period", [3, 4, 5, 8])
def test_level_noise_is_blind_to_periodic_spikes(period: int) -> None:
    rng = np.random.default_rng(2)
    spikes = 5e7 * (np.arange(40) % period == 1)
    found = [level_noise(spikes + rng.normal(0, 300, 40), 16.0) for _ in range(50)]
    assert np.median(found) < 300 * 5


@pytest.mark.parametrize("count", range(6))
def test_level_noise_is_never_below_that_of_rounding(count: int) -> None:
    assert level_noise(np.zeros(count), 16.0) == pytest.approx(16 / 12**0.5)


def test_readings_above_a_later_one_were_given_back() -> None:
    values = np.array([0.0, 10.0, 5e6, 20.0, 30.0, 5e6, 5e6, 40.0, 50.0])
    assert kept(values, 16.0, 0.0).tolist() == [
        True, True, False, True, True, False, False, True, True,
    ]  # fmt: skip


def test_what_is_held_to_the_end_is_kept() -> None:
    assert kept(np.array([0.0, 0.0, 0.0, 5e6, 5e6]), 16.0, 0.0).all()


def test_noise_and_small_falls_are_kept() -> None:
    rng = np.random.default_rng(3)
    assert sum(not kept(rng.normal(0, 5000, 30), 16.0, 0.0).all() for _ in range(300)) <= 15
    falling = -100.0 * np.arange(20)
    assert not kept(falling, 16.0, 0.0)[:18].any()
    assert kept(falling, 16.0, 2000.0).all()


def test_a_jump_stands_out_from_both_sides() -> None:
    steps = np.full(20, 1e4)
    steps[12] = 5e6
    jumps = isolated_jumps(steps, np.full(20, 1500.0), 16.0)
    assert np.flatnonzero(jumps).tolist() == [12]


def test_a_jump_at_the_end_is_one() -> None:
    steps = np.full(20, 1e4)
    steps[19] = 5e6
    assert isolated_jumps(steps, np.full(20, 1500.0), 16.0)[19]


def test_the_start_of_a_decaying_growth_is_no_jump() -> None:
    steps = 1e6 * np.exp(-np.arange(20) / 2.0)
    assert not isolated_jumps(steps, np.full(20, 1500.0), 16.0).any()


def test_a_longer_segment_is_no_jump() -> None:
    widths = np.full(20, 1500.0)
    widths[7] = 15000.0
    assert not isolated_jumps(30 * widths, widths, 16.0).any()


def test_jumps_that_come_again_and_again_are_how_the_counter_grows() -> None:
    steps = np.zeros(24)
    steps[4::5] = 6e4
    assert not isolated_jumps(steps, np.full(24, 1500.0), 16.0).any()
    steps[4::5] = 6e4 * 4.0 ** np.arange(4)
    assert isolated_jumps(steps, np.full(24, 1500.0), 16.0).sum() == 4


def test_noise_makes_few_jumps() -> None:
    rng = np.random.default_rng(4)
    marked = [
        isolated_jumps(rng.normal(3e4, 7e3, 25), np.full(25, 1500.0), 16.0).sum()
        for _ in range(200)
    ]
    assert np.mean(marked) < 0.05


def test_every_covariance_is_positive_definite_and_leaves_out_what_is_not_used() -> None:
    rng = np.random.default_rng(5)
    use = np.arange(12) != 5
    found = covariances(rng.normal(0, 1, 12), rng.uniform(100, 3000, 12), use)
    assert found.shape == (5, 11, 11)
    for matrix in found:
        assert np.linalg.eigvalsh(matrix).min() > 0
        assert np.allclose(matrix, matrix.T)


def test_the_next_reading_takes_the_noise_of_a_reading_back() -> None:
    reading = covariances(np.ones(6), np.full(6, 10.0), np.ones(6, dtype=np.bool_))[-1]
    rng = np.random.default_rng(6)
    steps = np.diff(rng.normal(0, 1, (200_000, 7)), axis=1)
    assert np.allclose(np.cov(steps.T), 2 * reading, atol=0.03)
