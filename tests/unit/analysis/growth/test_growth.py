"""One exact series per shape: what the verdict is, and that its numbers are the true ones."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from tsprof.analysis.growth.assess import Assessment, Series, Shape, assess

REQUESTS = 1500
LEAKS = (Shape.LEAK, Shape.LEAK_AND_FILLING)
QUIET = (Shape.NONE, Shape.FILLED, Shape.STEP)


def series(
    values: np.ndarray,
    *,
    requests: int = REQUESTS,
    clocks: Mapping[str, np.ndarray] | None = None,
    seconds: np.ndarray | None = None,
) -> Series:
    count = len(values)
    return Series(
        requests=tuple(range(0, count * requests, requests)),
        seconds=tuple((np.arange(count) * 1.25 if seconds is None else seconds).tolist()),
        values=tuple((np.round(np.asarray(values) / 16) * 16).tolist()),
        clocks={name: tuple(clock.tolist()) for name, clock in (clocks or {}).items()},
    )


def judge(values: np.ndarray, **others: object) -> Assessment:
    return assess(series(values, **others), resolution=16.0)  # type: ignore[arg-type]


def x(count: int = 25) -> np.ndarray:
    return np.arange(count) * float(REQUESTS)


def warm_up(count: int = 25, size: float = 2e6, segments: float = 1.0) -> np.ndarray:
    return 60e6 + size * (1 - np.exp(-np.arange(count) / segments))


SHAPES: dict[str, tuple[Callable[[], np.ndarray], tuple[Shape, ...]]] = {
    "nothing": (lambda: np.full(25, 6e7), (Shape.NONE,)),
    "warm-up": (warm_up, (Shape.NONE,)),
    "falls": (lambda: 6e7 - 3 * x(), (Shape.NONE,)),
    "leak": (lambda: warm_up() + 32.8 * x(), (Shape.LEAK,)),
    "leak of 3 bytes": (lambda: warm_up(40, 1e5) + 3 * x(40), (Shape.LEAK,)),
    "below the floor": (lambda: warm_up() + 0.1 * x(), (Shape.NONE,)),
    "slow filling": (lambda: warm_up() + 4e6 * (1 - np.exp(-x() / 3e4)), (Shape.FILLING,)),
    "filled": (lambda: warm_up() + 50 * np.minimum(x(), 1.2e4), (Shape.FILLED,)),
    "step": (lambda: warm_up() + 5e6 * (x() > 1.2e4), (Shape.STEP,)),
    "two steps": (lambda: warm_up(40) + 5e6 * (x(40) > 9e3) + 1e6 * (x(40) > 2e4), (Shape.STEP,)),
    "leak and filling": (
        lambda: warm_up(40) + 50 * x(40) + 2e6 * (1 - np.exp(-x(40) / 7e3)),
        (Shape.LEAK_AND_FILLING,),
    ),
    "late onset": (lambda: warm_up() + 50 * np.maximum(x() - 9e3, 0), LEAKS),
    "logarithm": (lambda: warm_up() + 2e6 * np.log1p(x() / 5e3), (Shape.FILLING,)),
    "hyperbola": (lambda: warm_up() + 4e6 * x() / (x() + 2e4), (Shape.FILLING,)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    values, shapes = SHAPES[name]
    found = judge(values())
    assert found.shape in shapes, found


@pytest.mark.parametrize("rate", [3.0, 20.0, 32.8, 300.0, 2000.0])
def test_rate_of_a_leak_is_exact(rate: float) -> None:
    found = judge(warm_up(25, 1e5, 0.5) + rate * x())
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(rate, rel=0.005)
    assert found.rate.low <= rate <= found.rate.high
    assert found.clock == "requests"
    assert found.probability > 0.95
    assert found.more_segments is None


def test_rate_includes_the_tables_that_doubled_in_the_window() -> None:
    entries = x(30)
    table = 20 * 2.0 ** np.ceil(np.log2(np.maximum(entries * 1.5, 8)))
    values = 6e7 + 100 * entries + table
    found = judge(values)
    assert found.shape in LEAKS
    window = slice(found.first, found.last + 1)
    grown = values[window][-1] - values[window][0]
    assert found.rate.value == pytest.approx(
        grown / (entries[window][-1] - entries[window][0]), rel=0.05
    )
    assert found.rate.value > 115


def test_a_jump_at_the_end_is_told_and_counts_with_the_next_checkpoint() -> None:
    entries = x(20)
    table = 30 * 2.0 ** np.ceil(np.log2(np.maximum(entries, 8)))
    values = 6e7 + 50 * entries + table
    doubled = int(np.flatnonzero(np.diff(table))[-1]) + 1
    at_the_end, one_more = judge(values[: doubled + 1]), judge(values[: doubled + 2])
    assert at_the_end.shape in LEAKS
    assert at_the_end.ends_in_jump
    assert one_more.rate.value > 1.1 * at_the_end.rate.value
    assert not one_more.ends_in_jump
    window = slice(one_more.first, one_more.last + 1)
    grown = values[window][-1] - values[window][0]
    assert one_more.rate.value == pytest.approx(
        grown / (entries[window][-1] - entries[window][0]), rel=0.02
    )


@pytest.mark.parametrize("calibration", [0, 2 * REQUESTS])
def test_a_table_that_is_most_of_the_leak_counts_in_full(calibration: int) -> None:
    """What it held before the first checkpoint counts, and what is twice the last time's is its."""
    told = series(np.zeros(14))
    requests = tuple(count + calibration for count in told.requests)
    entries = np.array(requests)
    values = 6e7 + 20 * entries + 90 * 2.0 ** np.ceil(np.log2(np.maximum(entries, 8)))
    found = assess(replace(told, requests=requests, values=tuple(values)), resolution=16.0)
    assert found.shape in LEAKS
    grown = values[found.last] - values[found.first]
    assert found.rate.value == pytest.approx(
        grown / (entries[found.last] - entries[found.first]), rel=0.01
    )


def test_the_interval_reaches_to_what_tables_before_the_window_add() -> None:
    entries = x(20)
    table = 40 * 2.0 ** np.floor(np.log2(np.maximum(entries, 8)))
    found = judge(6e7 + 250 * entries + table)
    assert found.shape in LEAKS
    assert found.rate.value == pytest.approx(250, rel=0.02)
    assert found.rate.high > 265
    assert judge(6e7 + 250 * entries).rate.high < 250.1


def test_rate_leaves_out_a_step_larger_than_all_growth_before() -> None:
    found = judge(warm_up(25, 1e4, 0.5) + 50 * x() + 2e7 * (x() > 1.8e4))
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(50, rel=0.02)


def test_a_spike_that_is_given_back_is_no_leak_and_hides_none() -> None:
    held = 5e7 * (np.arange(25) % 6 == 3)
    assert judge(warm_up() + held).shape in QUIET
    leak = judge(warm_up() + held + 50 * x())
    assert leak.shape is Shape.LEAK
    assert leak.rate.value == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_spike_at_the_end_decides_nothing(length: int) -> None:
    flat, leak = warm_up(), warm_up() + 50 * x()
    flat[-length:] += 5e7
    leak[-length:] += 5e7
    assert judge(flat).shape not in LEAKS
    found = judge(leak)
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("jumps", [(5,), (5, 12), (4, 10, 17)])
@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_up_to_three_jumps_are_never_a_leak(jumps: tuple[int, ...], drift: float) -> None:
    values = warm_up() + drift * x()
    for jump in jumps:
        values[jump:] += 3e6
    for count in range(7, 26):
        assert judge(values[:count]).shape not in LEAKS


def test_a_jump_keeps_a_quiet_verdict_away_until_it_is_not_repeated_for_long_enough() -> None:
    values = warm_up(40) + 3e6 * (np.arange(40) >= 12)
    shapes = [judge(values[:count]).shape for count in range(14, 41)]
    assert shapes[0] is Shape.UNDECIDED
    assert shapes[-1] is Shape.STEP
    assert shapes == sorted(shapes, key=lambda shape: shape is Shape.STEP)


def test_filling_predicts_its_plateau() -> None:
    values = warm_up(30, 1e5, 0.5) + 6e6 * (1 - np.exp(-x(30) / 2.5e4))
    found = judge(values)
    assert found.shape is Shape.FILLING
    assert found.plateau == pytest.approx(60e6 + 1e5 + 6e6, rel=0.01)
    assert found.more_segments is not None
    # 240 B/request at first fall to 1 B/request after 5.5 times 25,000 requests: 92 segments.
    assert 29 + found.more_segments == pytest.approx(92, abs=10)


# Live bytes of node 20 under http-server, in kB, after each 1,485 requests: V8 frees its buffers.
NODE = """
2600 2560 1815 1288 330 3474 2321 1269 162 3277 2318 1251 169 3277 2211 1170 324 3175 2347 1253
680 3807 2728 1636 546 3670 2563 1454 371 3486 2398 1314 196 3308 2232 1151 52 3167 2073 999 175
3285 2218 1285 195 3306 2254 1211 99 3216 2143 1067 5 3118 2042 957 4059 2986 1915 850 3936 2836
1740 645 3747 2661 1560 462 3567 2483 1391 320 3421 2378 1262 189 3294 2223 1130 34 3140 2073 971
4083 2975 1868 746 0 3098 2022 930 4030 2947 1873 799 3899 2838 1762
"""


def test_a_heap_that_comes_and_goes_is_not_promised_an_answer_at_once() -> None:
    found = judge(60e6 + 1000.0 * np.array(NODE.split(), dtype=np.float64))
    assert found.shape is Shape.UNDECIDED
    assert found.more_segments is None or found.more_segments > 20


def test_decay_is_the_sign_and_not_the_size() -> None:
    caches = 3 * 9e3 * np.log1p(x(40) / 9e3)
    for count in range(7, 41):
        assert judge(warm_up(count, 1e6, 0.7) + caches[:count]).shape not in LEAKS
    assert judge(warm_up(40, 1e6, 0.7) + 3 * x(40)).shape is Shape.LEAK


@pytest.mark.parametrize(("count", "missing"), [(0, 8), (1, 8), (4, 5), (6, 3)])
def test_too_few_checkpoints_say_how_many_more(count: int, missing: int) -> None:
    found = judge(np.full(count, 6e7))
    assert found.shape is Shape.UNDECIDED
    assert found.more_segments == missing
    assert found.detectable is None


def test_a_leak_of_the_detectable_size_would_have_shown() -> None:
    rng = np.random.default_rng(11)
    seen = []
    for _ in range(60):
        values = warm_up(25, 1e5, 0.5) + rng.normal(0, 3000, 25)
        found = judge(values)
        assert found.detectable is not None
        if found.shape in QUIET:
            seen.append(judge(values + found.detectable * x()).shape not in QUIET)
    assert len(seen) > 50
    assert np.mean(seen) >= 0.95


@pytest.mark.parametrize("noise", [0.0, 300.0, 5000.0])
def test_50000_requests_reveal_a_leak_of_2_bytes_in_most_runs(noise: float) -> None:
    rng = np.random.default_rng(12)
    found = [judge(warm_up(35, 1e5, 0.5) + rng.normal(0, noise, 35)) for _ in range(20)]
    assert sum(one.shape in QUIET for one in found) == 20
    assert np.median([one.detectable or math.inf for one in found]) <= 2.0


def test_floor_and_tolerance_are_the_callers() -> None:
    leak = series(warm_up(25, 1e5, 0.5) + 5 * x())
    assert assess(leak, resolution=16.0).shape is Shape.LEAK
    assert assess(leak, resolution=16.0, floor=6.0).shape in QUIET
    rng = np.random.default_rng(13)
    noisy = series(warm_up(25, 1e5, 0.5) + rng.normal(0, 20e3, 25))
    assert assess(noisy, resolution=16.0).shape in QUIET
    strict = assess(noisy, resolution=16.0, tolerance=1.0)
    assert strict.shape is Shape.UNDECIDED
    assert strict.more_segments is None or strict.more_segments > 2


@pytest.mark.parametrize("scale", [0.5, 1.0, 64.0])
@pytest.mark.parametrize("shift", [0.0, 1e12])
def test_the_verdict_does_not_depend_on_units_or_level(scale: float, shift: float) -> None:
    leak = shift + scale * (32 * x() + warm_up())
    found = assess(series(leak), resolution=16.0, floor=scale)
    assert found.shape is Shape.LEAK
    assert found.rate.value == pytest.approx(32 * scale, rel=0.01)


def test_a_long_series_is_judged_as_a_short_one() -> None:
    rng = np.random.default_rng(14)
    leak = judge(warm_up(400) + 20 * x(400) + rng.normal(0, 5000, 400))
    assert leak.shape is Shape.LEAK
    assert leak.rate.value == pytest.approx(20, rel=0.01)
    assert 0 <= leak.first < leak.last == 399
    assert judge(warm_up(400) + rng.normal(0, 5000, 400)).shape is Shape.NONE


def soaked(levels: np.ndarray, slowest: float) -> Shape:
    noise = np.random.default_rng(15).normal(0, 3e4, len(levels))
    return assess(series(60e6 + levels + noise), resolution=16.0, slowest=slowest).shape


@pytest.mark.parametrize("count", [20, 40, 80, 160, 320])
def test_a_cache_that_takes_the_whole_soak_to_fill_is_no_leak_at_any_look(count: int) -> None:
    assert soaked(3e8 * (1 - np.exp(-np.arange(count) / 320)), slowest=320.0) not in LEAKS


def test_so_slow_a_cache_is_a_leak_where_nothing_so_slow_is_expected() -> None:
    assert soaked(3e8 * (1 - np.exp(-np.arange(40) / 320)), slowest=40.0) in LEAKS


@pytest.mark.parametrize("count", [80, 160, 320])
def test_a_leak_is_found_beside_such_caches(count: int) -> None:
    assert soaked(3e8 / 320 * np.arange(count), slowest=320.0) in LEAKS
