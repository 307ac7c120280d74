"""The latency histogram against exact percentiles."""

import json
import math
import random
from collections.abc import Callable

import pytest
from pydantic import TypeAdapter

from tsprof.histogram import HIGHEST_MS, LOWEST_MS, PARTS, Histogram, bucket, middle

SHAPES: dict[str, Callable[[random.Random], float]] = {
    "log-normal around 1 ms": lambda source: source.lognormvariate(0, 1),
    "all of the range": lambda source: math.exp(
        source.uniform(math.log(LOWEST_MS), math.log(HIGHEST_MS))
    ),
    "narrow around a power of two": lambda source: source.uniform(1.99, 2.01),
    "two far modes": lambda source: source.choice((0.2, 900.0)) * source.uniform(0.9, 1.1),
    "constant": lambda _: 7.3,
    "whole milliseconds": lambda source: float(source.randint(1, 500)),
}


def exact(values: list[float], percent: float) -> float:
    """Nearest rank."""
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


def filled(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 10, 5000])
def test_percentiles_are_within_one_percent_of_the_exact_ones(shape: str, size: int) -> None:
    source = random.Random(size)
    values = [SHAPES[shape](source) for _ in range(size)]
    histogram = filled(values)
    for percent in (0, 0.1, 1, 25, 50, 75, 90, 99, 99.9, 100):
        assert histogram.percentile(percent) == pytest.approx(exact(values, percent), rel=0.01)
    assert histogram.count == size
    assert histogram.max_ms == max(values)


def test_a_bucket_holds_what_is_near_its_middle_and_nothing_else() -> None:
    source = random.Random(1)
    for _ in range(20_000):
        value = SHAPES["all of the range"](source)
        assert middle(bucket(value)) == pytest.approx(value, rel=1 / 128)
        assert bucket(middle(bucket(value))) == bucket(value)


def test_buckets_are_in_the_order_of_their_latencies() -> None:
    numbers = range(bucket(LOWEST_MS), bucket(HIGHEST_MS) + 1)
    middles = [middle(number) for number in numbers]
    assert middles == sorted(middles)
    assert len(set(middles)) == len(middles)
    assert len(numbers) <= 33 * PARTS


@pytest.mark.parametrize(
    ("value", "counted_as"),
    [
        (0.0, LOWEST_MS),
        (-5.0, LOWEST_MS),
        (math.nan, LOWEST_MS),
        (1e-9, LOWEST_MS),
        (1e12, HIGHEST_MS),
        (math.inf, HIGHEST_MS),
    ],
)
def test_values_out_of_range_count_at_its_ends(value: float, counted_as: float) -> None:
    histogram = filled([value])
    assert histogram.count == 1
    assert list(histogram.counts) == [bucket(counted_as)]
    assert math.isfinite(histogram.max_ms)


def test_merged_histograms_equal_one_that_saw_everything() -> None:
    source = random.Random(2)
    values = [source.lognormvariate(1, 2) for _ in range(2000)]
    merged = Histogram()
    for start in range(0, len(values), 300):
        merged.merge(filled(values[start : start + 300]))
    assert merged == filled(values)


def test_an_empty_histogram_has_no_percentiles() -> None:
    assert Histogram().percentile(50) is None
    assert Histogram().percentile(100) is None
    assert Histogram().count == 0


def test_json_brings_back_the_same_histogram_and_only_the_buckets_that_were_hit() -> None:
    adapter = TypeAdapter(Histogram)
    histogram = filled([1.0, 1.0, 250.0])
    text = adapter.dump_json(histogram)
    assert adapter.validate_json(text) == histogram
    assert sorted(json.loads(text)["counts"].values()) == [1, 2]


def test_the_share_above_a_latency() -> None:
    histogram = Histogram()
    assert histogram.share_above(1) == 0
    for milliseconds in (0.5, 1.0, 9.9, 11.0):
        histogram.record(milliseconds)
    assert histogram.share_above(10) == 0.25
    assert histogram.share_above(1) == 0.5
