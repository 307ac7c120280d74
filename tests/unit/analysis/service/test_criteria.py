"""Limits by name, and whether a run kept them."""

import math
from dataclasses import replace

import pytest
from fabricate import growing, segments, taken

from tsprof.analysis.service.criteria import criteria_values, judge_criteria
from tsprof.histogram import bucket
from tsprof.records import Segment

CHECKPOINTS = taken(growing(), growing(pid=101), count=4)
RESIDENT = max(sum(p.rss for p in c.processes) for c in CHECKPOINTS)


def served(*milliseconds: float) -> Segment:
    counts: dict[int, int] = {}
    for latency in milliseconds:
        counts[bucket(latency)] = counts.get(bucket(latency), 0) + 1
    return Segment(
        number=0,
        seconds=2.0,
        requests=len(milliseconds),
        failures=1,
        intended=None,
        latency=counts,
        latency_max_ms=max(milliseconds),
    )


def test_percentiles_are_of_all_segments() -> None:
    quick, slow = served(*[1.0] * 98), served(*[50.0] * 2)
    p50, p95, p99 = judge_criteria(
        {"p50_ms": 2, "p95_ms": 2, "p99_ms": 2},
        criteria_values([quick, slow], CHECKPOINTS, None, None),
    )
    assert (p50.met, p95.met, p99.met) == (True, True, False)
    assert p50.value == pytest.approx(1.0, rel=0.01)
    assert p99.value == pytest.approx(50.0, rel=0.01)


@pytest.mark.parametrize(
    ("name", "limit", "value", "met"),
    [
        ("error_rate", 0.02, 0.01, True),
        ("error_rate", 0.01, 0.01, False),
        ("requests_per_second", 49, 50, True),
        ("requests_per_second", 50, 50, False),
        ("cpu_percent", 90, 80, True),
        ("machine_cpu_percent", 21, 20, True),
        ("machine_cpu_percent", 20, 20, False),
        ("memory", RESIDENT + 1, RESIDENT, True),
        ("memory", RESIDENT, RESIDENT, False),
    ],
)
def test_limits(name: str, limit: float, value: float, *, met: bool) -> None:
    values = criteria_values([served(*[1.0] * 100)], CHECKPOINTS, 80.0, 4)
    (criterion,) = judge_criteria({name: limit}, values)
    assert criterion.name == name
    assert criterion.value == pytest.approx(value)
    assert criterion.met is met
    assert criterion.comparison == (">" if name == "requests_per_second" else "<")


@pytest.mark.parametrize(
    "name",
    [
        "p50_ms",
        "p99_ms",
        "error_rate",
        "requests_per_second",
        "cpu_percent",
        "memory",
        "memory_kept",
    ],
)
def test_what_was_not_measured_is_neither_met_nor_missed(name: str) -> None:
    for nothing in ([], segments(3, requests=0)):
        emptied = [Segment(**{**vars(s), "latency": {}, "seconds": 0.0}) for s in nothing]
        values = criteria_values(emptied, taken(count=3), None, None)
        (criterion,) = judge_criteria({name: 1.0}, values)
        assert criterion.met is None
        assert criterion.value is None


def test_no_limits_are_no_criteria() -> None:
    assert judge_criteria({}, criteria_values(segments(3), CHECKPOINTS, math.inf, 1)) == ()


def test_the_latency_of_the_segment_that_calibrates_is_left_out() -> None:
    cold, warm = served(*[900.0] * 50), replace(served(*[1.0] * 50), number=1)
    values = criteria_values([cold, warm], CHECKPOINTS, None, None)
    (p99,) = judge_criteria({"p99_ms": 2}, values)
    assert p99.met is True
