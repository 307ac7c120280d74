import math

import pytest

from tsprof.report import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (math.nan, "unknown"),
        (math.inf, "infinite"),
        (-math.inf, "-infinite"),
        (0, "0"),
        (-0.0, "0"),
        (1e-7, "0"),
        (0.00012345, "0.000123"),
        (0.1, "0.1"),
        (-0.02, "-0.02"),
        (1.0, "1"),
        (7.9, "7.9"),
        (32.849, "32.8"),
        (99.96, "100"),
        (999.4, "999"),
        (999.6, "1,000"),
        (1_234_567, "1,234,567"),
        (1e18, "1e+18"),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert fmt.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (math.inf, "infinite"),
        (0, "0 B"),
        (-0.0000704, "0 B"),
        (0.002, "0.002 B"),
        (0.8, "0.8 B"),
        (32.8, "32.8 B"),
        (999.4, "999 B"),
        (999.7, "1 kB"),
        (1_200_000, "1.2 MB"),
        (-1_234_567, "-1.23 MB"),
        (3.2e9, "3.2 GB"),
        (5e21, "5,000,000 PB"),
    ],
)
def test_size(value: float | None, text: str) -> None:
    assert fmt.size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "unknown"),
        (0, "0 s"),
        (0.05, "50 ms"),
        (41.2, "41.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (65, "1 min 5 s"),
        (3599.9, "1 h"),
        (14_400, "4 h"),
        (86_400 + 3_661, "1 d 1 h"),
        (-65, "-1 min 5 s"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_an_interval_takes_the_unit_of_the_value_beside_it() -> None:
    assert fmt.size(1_100) == "1.1 kB"
    assert fmt.size_interval(900, 1_400, beside=1_100) == "0.9 to 1.4"


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-math.inf, 1), (1, math.nan)])
def test_an_interval_that_says_nothing_is_empty(low: float, high: float) -> None:
    assert fmt.interval(low, high) == ""
    assert fmt.in_parentheses(fmt.interval(low, high)) == ""


def test_an_interval_that_contains_zero_is_one() -> None:
    assert fmt.interval(-0.1, 0.14) == "-0.1 to 0.14"
    assert fmt.interval(0, 2) == "0 to 2"


def test_counts_agree_with_the_number_that_is_printed() -> None:
    assert fmt.count(1, "process", "processes") == "1 process"
    assert fmt.count(0.99999, "entry", "entries") == "1 entry"
    assert fmt.count(0, "request") == "0 requests"
    assert fmt.count(12_000, "request") == "12,000 requests"


def test_other_units() -> None:
    assert fmt.percentage(0.973) == "97.3 %"
    assert fmt.percentage(None) == "unknown"
    assert fmt.milliseconds(7.9) == "7.9 ms"
    assert fmt.milliseconds(None) == "unknown"
    assert fmt.rate(292.04) == "292 requests/s"
