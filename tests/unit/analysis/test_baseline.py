"""Beside a baseline only what is worse counts."""

import pytest
from compared import FOLDER, counted, leak, measures, ran

from tsprof.analysis.baseline import (
    Baseline,
    compare_leak,
    find_regressions,
    make_baseline,
    unfit,
)
from tsprof.analysis.conditions import Service, conditions
from tsprof.report.model import Finding, Growth, Report, Verdict

LEAKY = make_baseline(ran(leak(300)))
ELSEWHERE = 'app.py: module global "other" -> list'


def test_a_baseline_keeps_what_it_needs() -> None:
    assert LEAKY.leaks
    (known,) = LEAKY.findings
    assert known.key == 'memory:leak:app.py: module global "seen" -> dict'
    assert (known.sites, known.per_request) == (("app.py:remember",), 300)
    assert Baseline.model_validate(LEAKY.model_dump(mode="json", by_alias=True)) == LEAKY
    assert not make_baseline(ran()).leaks


@pytest.mark.parametrize(
    ("finding", "known", "words"),
    [
        (leak(300), True, "known, as in the baseline: 300 B per request then, 300 B"),
        (leak(290), True, "known"),
        (leak(310), True, "known"),
        (leak(150), True, "150 B per request now"),
        (leak(300, holder=None, site=""), True, "could not be compared"),
        (leak(300, holder=ELSEWHERE), True, "known"),  # another holder first, the same site
        (leak(340), False, "rose from the baseline's 300 B per request to 340 B per request"),
        (leak(300, holder=ELSEWHERE, site="other"), False, "in another place"),
        (counted(0.05), False, "new since the baseline"),
    ],
)
def test_a_leak_beside_the_baselines(finding: Finding, known: bool, words: str) -> None:  # noqa: FBT001 - a parameter
    comparison = compare_leak(finding, LEAKY, FOLDER, 1000)
    assert comparison.known is known
    assert words in comparison.text


def test_what_could_hide_beside_a_known_leak_is_told() -> None:
    assert 10 < compare_leak(leak(300), LEAKY, FOLDER, 1000).noise < 30


def test_a_counted_leak_is_judged_by_its_own_interval() -> None:
    before = make_baseline(ran(counted(0.05)))
    assert compare_leak(counted(0.0505), before, FOLDER, 1000).known
    assert not compare_leak(counted(0.06), before, FOLDER, 1000).known


@pytest.mark.parametrize(
    ("per_request", "requests_per_second", "known"),
    [
        (300, 1000, True),
        (600, 500, True),  # as much per second, on a machine half as fast
        (150, 2000, True),
        (300, 500, True),  # or it follows requests after all
        (900, 500, False),
        (600, 1000, False),
    ],
)
def test_what_grows_with_time_is_compared_by_time(
    per_request: float,
    requests_per_second: float,
    known: bool,  # noqa: FBT001 - a parameter
) -> None:
    before = make_baseline(ran(leak(300, clock="seconds")))
    now = leak(per_request, clock="seconds")
    assert compare_leak(now, before, FOLDER, requests_per_second).known is known


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (ran(), ""),
        (ran(leak()), ""),
        (ran(verdict=Verdict.INCONCLUSIVE), "inconclusive"),
        (ran(leak(), complete=False), "cut short"),
        (ran(growth=Growth()), "could not judge memory"),
    ],
)
def test_a_run_that_could_not_tell_is_no_baseline(report: Report, reason: str) -> None:
    assert reason in unfit(report)
    assert bool(unfit(report)) == bool(reason)


def service(**figures: float) -> Service:
    report = ran()
    return Service(measures=measures(**figures), conditions=conditions("check", report.provenance))


@pytest.mark.parametrize(
    ("figures", "worse"),
    [
        ({}, []),
        ({"p50_ms": 5.3, "p99_ms": 14, "requests_per_second": 950, "cpu_ms": 0.52}, []),
        ({"p50_ms": 2.0, "requests_per_second": 2500, "cpu_ms": 0.2}, []),
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
    found = find_regressions(service(**figures), LEAKY)
    assert [finding.resource for finding in found.findings] == worse
    assert [c.met for c in found.criteria].count(False) == len(worse)
    assert all(finding.kind == "regression" for finding in found.findings)


def test_the_limit_lies_between_baseline_and_regression() -> None:
    found = find_regressions(service(p50_ms=8.0), LEAKY)
    criterion = next(c for c in found.criteria if c.name == "baseline_p50_ms")
    assert 5.0 < criterion.limit < 8.0 == criterion.value
    assert "p50 latency is 8 ms, worse than the baseline's 5 ms" in found.findings[0].title


def test_what_does_not_compare_is_said() -> None:
    found = find_regressions(service(load_cpu_ms=0.4), LEAKY)
    assert [c.name for c in found.criteria] == ["baseline_error_rate"]
    (note,) = found.notes
    assert note.startswith("not compared: p50 latency, p95 latency, p99 latency, throughput, CPU")
