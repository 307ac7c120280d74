import numpy as np
import pytest
from samples import drawn, profile

from tsprof.analysis.hotspots.functions import (
    dispersion,
    function_times,
    interval,
)

SHARES = {"main;hot": 0.4, "main;warm": 0.3, "main;cold": 0.2, "main": 0.1}


def test_own_time_and_time_with_calls_are_told_apart() -> None:
    rows = {
        row.frame.function: row
        for row in function_times(profile({"main;hot": 40, "main;hot;deep": 20, "main": 40}))
    }
    assert (rows["hot"].own, rows["hot"].total) == (0.4, 0.6)
    assert (rows["main"].own, rows["main"].total) == (0.4, 1.0)
    assert rows["hot"].low < 0.4 < rows["hot"].high


def test_a_recursive_function_counts_once() -> None:
    (row,) = function_times(profile({"walk;walk;walk": 10}))
    assert (row.own, row.total) == (1.0, 1.0)


def test_the_hottest_function_comes_first() -> None:
    rows = function_times(profile({"a": 1, "b": 3, "c": 2}))
    assert [row.frame.function for row in rows] == ["b", "c", "a"]


def test_no_samples_have_no_functions() -> None:
    assert function_times(profile({})) == ()


@pytest.mark.parametrize("share", [0.02, 0.4])
def test_the_interval_holds_the_true_share_95_times_in_100(share: float) -> None:
    random = np.random.default_rng(1)
    held = 0
    for count in random.binomial(500, share, 2000):
        low, high = interval(count / 500, 500)
        held += low <= share <= high
    assert 0.935 <= held / 2000 <= 0.97


def test_nothing_is_known_of_a_share_without_samples() -> None:
    assert interval(0.0, 0) == (0.0, 1.0)


def test_independent_samples_are_hardly_dispersed() -> None:
    random = np.random.default_rng(2)
    found = [dispersion([drawn(SHARES, 300, random) for _ in range(10)]) for _ in range(50)]
    assert 1.0 <= np.mean(found) < 1.3


def test_windows_that_differ_widen_the_intervals() -> None:
    random = np.random.default_rng(3)
    other = {"main;hot": 0.2, "main;warm": 0.5, "main;cold": 0.2, "main": 0.1}
    windows = [drawn(shares, 300, random) for shares in (SHARES, other) * 5]
    assert dispersion(windows) > 5


def test_two_windows_tell_nothing_of_how_windows_vary() -> None:
    assert dispersion([profile({"a": 10}), profile({"b": 10})]) == 1.0
