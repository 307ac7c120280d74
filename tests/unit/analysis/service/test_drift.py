import math
from typing import Literal

import numpy as np
import pytest

from tsprof.analysis.service.drift import Drift, DriftState, assess_drift

BLOCKS = 60


def correlated(rng: np.random.Generator, count: int, echo: float = 0.4) -> np.ndarray:
    noise = rng.normal(0, 1, count)
    for index in range(1, count):
        noise[index] = echo * noise[index - 1] + noise[index] * np.sqrt(1 - echo**2)
    return noise


def latency(drift: float, *, noise: float = 0.03, seed: int = 1, count: int = BLOCKS) -> np.ndarray:
    rng = np.random.default_rng(seed)
    path = np.log1p(drift) * np.linspace(0, 1, count)
    return 10 * np.exp(path + noise * correlated(rng, count))


def judge(
    values: np.ndarray,
    transform: Literal["log", "logit", "identity"] = "log",
    worse: Literal[1, -1] = 1,
    margin: float = 0.05,
) -> Drift:
    seconds = 120.0 * np.arange(len(values))
    return assess_drift(
        seconds.tolist(), values.tolist(), transform=transform, worse=worse, margin=margin
    )


def test_latency_that_rises_is_degraded() -> None:
    found = judge(latency(0.25))
    assert found.state is DriftState.DEGRADED
    assert found.change.low < 0.25 < found.change.high
    assert found.change.value == pytest.approx(0.25, abs=0.08)


def test_latency_that_stays_is_stable() -> None:
    found = judge(latency(0.0, noise=0.01))
    assert found.state is DriftState.STABLE
    assert found.change.high < 0.05


def test_latency_that_falls_is_stable() -> None:
    assert judge(latency(-0.3)).state is DriftState.STABLE


def test_noise_is_inconclusive_and_not_stable() -> None:
    assert judge(latency(0.0, noise=0.2)).state is DriftState.INCONCLUSIVE


def test_a_change_that_is_certain_but_small_is_stable() -> None:
    found = judge(latency(0.02, noise=0.002))
    assert found.state is DriftState.STABLE
    assert found.change.low > 0


@pytest.mark.parametrize("start", [10, 20, 30])
def test_a_bad_spell_that_went_away_is_not_degraded(start: int) -> None:
    for seed in range(20):
        values = latency(0.0, seed=seed)
        values[start : start + 15] *= 1.15
        assert judge(values).state is not DriftState.DEGRADED


def test_single_bad_blocks_change_nothing() -> None:
    values = latency(0.0, noise=0.01)
    values[[45, 52, 58]] *= 20
    found = judge(values)
    assert found.state is not DriftState.DEGRADED
    assert abs(found.change.value) < 0.05


@pytest.mark.parametrize("kind", ["stable", "drifting"])
def test_error_rates(kind: str) -> None:
    drift = 0.0 if kind == "stable" else 0.1
    found = [judge(latency(drift, seed=seed, noise=0.02)) for seed in range(100)]
    degraded = sum(one.state is DriftState.DEGRADED for one in found)
    stable = sum(one.state is DriftState.STABLE for one in found)
    covered = sum(one.change.low <= drift <= one.change.high for one in found)
    assert covered >= 88
    if kind == "stable":
        assert degraded <= 4
        assert stable >= 80
    else:
        assert degraded >= 90
        assert stable == 0


def test_throughput_is_worse_when_it_falls() -> None:
    falling = latency(-0.25)
    assert judge(falling, worse=-1).state is DriftState.DEGRADED
    assert judge(latency(0.25), worse=-1).state is DriftState.STABLE


def test_hit_rate_is_judged_by_its_odds() -> None:
    rng = np.random.default_rng(2)
    odds = np.exp(np.linspace(np.log(99), np.log(49), BLOCKS) + rng.normal(0, 0.02, BLOCKS))
    found = judge(odds / (1 + odds), "logit", -1, 0.2)
    assert found.state is DriftState.DEGRADED
    assert found.change.value == pytest.approx(49 / 99 - 1, abs=0.03)


def test_shares_of_none_and_all_are_survived() -> None:
    found = judge(np.r_[np.zeros(30), np.ones(30)], "logit", 1, 0.1)
    assert math.isfinite(found.change.value)


def test_error_rate_is_judged_as_it_is() -> None:
    rng = np.random.default_rng(3)
    found = judge(np.linspace(0, 0.02, BLOCKS) + rng.normal(0, 0.001, BLOCKS), "identity", 1, 0.005)
    assert found.state is DriftState.DEGRADED
    assert found.change.value == pytest.approx(0.02, abs=0.002)
    assert judge(np.zeros(BLOCKS), "identity", 1, 0.005).state is DriftState.STABLE


@pytest.mark.parametrize("count", [0, 1, 7])
def test_few_blocks_are_inconclusive(count: int) -> None:
    found = judge(np.full(count, 10.0))
    assert found.state is DriftState.INCONCLUSIVE
    assert "8 are needed" in found.reason


def test_gaps_and_disorder_are_survived() -> None:
    values = latency(0.25)
    seconds = 120.0 * np.arange(BLOCKS)
    whole = judge(values)
    holes = np.r_[values, math.nan, math.inf, -1.0, 0.0]
    when = np.r_[seconds, 5.0, 6.0, 7.0, 8.0]
    order = np.random.default_rng(4).permutation(len(holes))
    found = assess_drift(
        when[order].tolist(), holes[order].tolist(), transform="log", worse=1, margin=0.05
    )
    assert found.state is whole.state
    assert found.change.value == pytest.approx(whole.change.value)


def test_blocks_at_one_moment_are_inconclusive() -> None:
    found = assess_drift([5.0] * 20, [1.0] * 20, transform="log", worse=1, margin=0.05)
    assert found.state is DriftState.INCONCLUSIVE


def test_the_time_axis_has_no_unit() -> None:
    values = latency(0.1)
    minutes = assess_drift(
        np.arange(BLOCKS) * 2.0, values.tolist(), transform="log", worse=1, margin=0.05
    )
    assert minutes.change.value == pytest.approx(judge(values).change.value)


@pytest.mark.parametrize(
    ("margin", "state"), [(0.03, DriftState.DEGRADED), (0.10, DriftState.STABLE)]
)
def test_a_drift_of_5_percent_is_held_to_limits_below_and_above_it(
    margin: float, state: DriftState
) -> None:
    found = [judge(latency(0.05, noise=0.01, seed=seed), margin=margin) for seed in range(20)]
    assert {one.state for one in found} == {state}


def test_a_drift_below_the_limit_is_not_degraded_however_certain() -> None:
    assert judge(latency(0.04, noise=0.002)).state is DriftState.STABLE
    assert judge(latency(0.04, noise=0.03)).state is not DriftState.DEGRADED
