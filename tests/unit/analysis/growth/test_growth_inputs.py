"""Counters as they come: gaps, counts instead of bytes, other clocks, nonsense."""

import dataclasses
import math

import numpy as np
import pytest
from test_growth import LEAKS, QUIET, judge, series, warm_up, x

from tsprof.analysis.growth.assess import Assessment, Series, Shape, assess


def counted(values: np.ndarray) -> Assessment:
    return assess(dataclasses.replace(series(values), values=tuple(values.tolist())))


def test_one_descriptor_in_5000_requests_is_a_leak() -> None:
    found = counted(20 + np.floor(x(30) / 5000))
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(1 / 5000, rel=0.15)


def test_four_new_descriptors_at_the_start_are_a_pool() -> None:
    pool = 20 + np.minimum(np.arange(30), 4.0)
    for count in range(7, 31):
        assert counted(pool[:count]).shape not in LEAKS
    assert counted(pool).shape in QUIET


def test_descriptors_that_come_and_go_are_quiet() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        assert counted(20 + rng.binomial(1, 0.3, 25).astype(float)).shape not in LEAKS
    assert counted(20 + rng.binomial(1, 0.3, 25).astype(float)).shape in QUIET


def test_a_leak_per_error_names_the_errors() -> None:
    rng = np.random.default_rng(4)
    errors = np.r_[0, np.cumsum(rng.integers(5, 150, 29))].astype(float)
    found = judge(warm_up(30, 1e4, 0.5) + 2000 * errors, clocks={"errors": errors})
    assert found.shape is Shape.LEAK
    assert found.clock == "errors"
    assert found.clock_rate.value == pytest.approx(2000, rel=0.01)
    span = errors[found.last] - errors[found.first]
    requests = x(30)[found.last] - x(30)[found.first]
    assert found.rate.value == pytest.approx(2000 * span / requests, rel=0.01)


def test_a_leak_per_error_is_found_where_errors_come_in_bursts() -> None:
    errors = np.cumsum(np.where(np.arange(60) % 5 == 2, 100.0, 0.0))
    found = judge(warm_up(60, 1e4, 0.5) + 2000 * errors, clocks={"errors": errors})
    assert found.shape is Shape.LEAK
    assert found.clock_rate.value == pytest.approx(2000, rel=0.02)


def test_a_leak_per_second_is_told_from_one_per_request() -> None:
    rng = np.random.default_rng(5)
    seconds = np.r_[0.0, np.cumsum(rng.uniform(0.8, 2.5, 29))]
    found = judge(warm_up(30, 1e4, 0.5) + 4e4 * seconds, seconds=seconds)
    assert (found.shape, found.clock) == (Shape.LEAK, "seconds")
    assert found.clock_rate.value == pytest.approx(4e4, rel=0.01)
    other = judge(warm_up(30, 1e4, 0.5) + 40 * x(30), seconds=seconds)
    assert (other.shape, other.clock) == (Shape.LEAK, "requests")


def test_a_random_clock_is_not_named() -> None:
    rng = np.random.default_rng(6)
    named = 0
    for _ in range(40):
        clocks = {f"GET /{n}": np.cumsum(rng.binomial(1500, 0.2, 25)) * 1.0 for n in range(6)}
        named += judge(warm_up() + 50 * x() + rng.normal(0, 5000, 25), clocks=clocks).clock != (
            "requests"
        )
    assert named <= 2


def test_growth_that_stops_with_the_errors_is_no_leak_per_request() -> None:
    errors = np.minimum(np.arange(30), 5) * 50.0
    found = judge(warm_up(30, 1e4, 0.5) + 2000 * errors, clocks={"errors": errors})
    assert found.shape not in LEAKS


@pytest.mark.parametrize("gap", [math.nan, math.inf, -math.inf])
def test_unreadable_checkpoints_are_left_out(gap: float) -> None:
    values = warm_up() + 50 * x()
    whole = series(values)
    holes = tuple(gap if index % 7 == 3 else value for index, value in enumerate(whole.values))
    found = assess(dataclasses.replace(whole, values=holes), resolution=16.0)
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(50, rel=0.02)
    assert found.last == 23


def test_a_clock_that_stands_still_or_runs_backwards_is_left_out() -> None:
    whole = series(warm_up() + 50 * x())
    requests = list(whole.requests)
    requests[10] = requests[9]
    requests[15] = requests[3]
    found = assess(dataclasses.replace(whole, requests=tuple(requests)), resolution=16.0)
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(50, rel=0.02)


NONSENSE = {
    "empty": Series((), (), (), {}),
    "one": Series((0,), (0.0,), (5.0,), {}),
    "all unreadable": Series(tuple(range(20)), (0.0,) * 20, (math.nan,) * 20, {}),
    "no requests": Series((0,) * 20, tuple(map(float, range(20))), (1e6,) * 20, {}),
    "huge": Series(tuple(range(20)), (0.0,) * 20, tuple(10.0**i for i in range(20)), {}),
    "alternating": Series(tuple(range(20)), (0.0,) * 20, (0.0, 1e9) * 10, {}),
    "falling": Series(tuple(range(20)), (0.0,) * 20, tuple(float(-i) for i in range(20)), {}),
    "clocks of nothing": Series(
        tuple(range(20)),
        tuple(map(float, range(20))),
        tuple(30.0 * i * (i % 3) for i in range(20)),
        {"zero": (0.0,) * 20, "short": (1.0,), "nan": (math.nan,) * 20, "back": (9.0, 1.0) * 10},
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
@pytest.mark.parametrize("resolution", [1.0, 16.0, 4096.0])
def test_nonsense_is_survived_with_finite_numbers(name: str, resolution: float) -> None:
    found = assess(NONSENSE[name], resolution=resolution)
    numbers = [found.probability, *dataclasses.astuple(found.rate)]
    assert all(math.isfinite(number) for number in numbers), found
    assert 0 <= found.probability <= 1
    assert found.reason
    if name != "clocks of nothing":
        assert found.shape not in LEAKS or name == "huge"


@pytest.mark.parametrize("seed", range(30))
def test_random_walks_are_survived(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(7, 120))
    values = np.cumsum(rng.standard_t(1.5, count)) * 10.0 ** rng.integers(0, 9)
    requests = np.cumsum(rng.integers(0, 10.0 ** rng.integers(1, 6), count))
    found = assess(
        Series(tuple(requests.tolist()), tuple(map(float, range(count))), tuple(values), {}),
        resolution=16.0,
    )
    assert math.isfinite(found.rate.value)
    assert found.rate.low <= found.rate.value <= found.rate.high
    assert 0 <= found.first <= found.last < count
