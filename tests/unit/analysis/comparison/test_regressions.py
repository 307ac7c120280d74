"""Beside a baseline only what serves worse counts."""

import pytest
from compared import measures, ran

from tsprof.analysis.comparison.baseline import make_baseline
from tsprof.analysis.comparison.regressions import find_regressions
from tsprof.analysis.service.conditions import Service, conditions

BASELINE = make_baseline(ran())


def service(**figures: float) -> Service:
    report = ran()
    asked = conditions("check", report.provenance, report.delivery)
    return Service(measures=measures(**figures), conditions=asked)


@pytest.mark.parametrize(
    ("figures", "worse"),
    [
        ({}, []),
        ({"p50_ms": 5.3, "p99_ms": 14, "requests_per_second": 950, "cpu_ms": 0.52}, []),
        ({"p50_ms": 2.0, "requests_per_second": 2500, "cpu_ms": 0.2}, []),
        ({"p50_ms": 6.2, "p99_ms": 17, "requests_per_second": 800, "cpu_ms": 0.58}, []),
        ({"p50_ms": 8.0}, ["latency"]),
        ({"p99_ms": 40}, ["latency"]),
        ({"requests_per_second": 600}, ["throughput"]),
        ({"cpu_ms": 0.8}, ["cpu"]),
        ({"error_rate": 0.05}, ["errors"]),
        # A machine twice as slow says nothing of the target, but errors are errors.
        ({"p50_ms": 10, "cpu_ms": 1, "load_cpu_ms": 0.4}, []),
        ({"p50_ms": 10, "load_cpu_ms": 0.4, "error_rate": 0.05}, ["errors"]),
    ],
)
def test_only_what_got_worse_is_a_regression(figures: dict[str, float], worse: list[str]) -> None:
    found = find_regressions(service(**figures), BASELINE)
    assert [finding.resource for finding in found.findings] == worse
    assert [c.met for c in found.criteria].count(False) == len(worse)
    assert all(finding.kind == "regression" for finding in found.findings)


def test_the_limit_lies_between_baseline_and_regression() -> None:
    found = find_regressions(service(p50_ms=8.0), BASELINE)
    criterion = next(c for c in found.criteria if c.name == "baseline_p50_ms")
    assert 5.0 < criterion.limit < 8.0 == criterion.value
    assert "p50 latency is 8 ms, worse than the baseline's 5 ms" in found.findings[0].title


def test_what_does_not_compare_is_said() -> None:
    found = find_regressions(service(load_cpu_ms=0.4), BASELINE)
    assert [c.name for c in found.criteria] == ["baseline_error_rate"]
    (note,) = found.notes
    assert note.startswith("not compared: p50 latency, p95 latency, p99 latency, throughput, CPU")


def test_nothing_of_speed_compares_where_the_load_was_not_delivered() -> None:
    found = find_regressions(service(p50_ms=80.0), BASELINE, "the load process fell behind")
    assert "the load process fell behind" in found.notes[0]
    assert [finding.resource for finding in found.findings] == []
