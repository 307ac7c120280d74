"""The end of a report: what a tester ticks off after a run."""

from report_builder import LEAK, failing, inconclusive, passing

from tsprof.report import markdown
from tsprof.report.closing import closing
from tsprof.report.model import Criterion, Finding, Report

P99 = Criterion(name="p99_ms", limit=10, value=15, met=False)
ERRORS = Criterion(name="error_rate", limit=0.001, value=0.004, met=False)
RATE = Criterion(name="requests_per_second", limit=100, value=90, met=False, comparison=">")
DRIFT = Finding(resource="latency", kind="drift", title="p50 drifted by +9%")


def ends(**changes: object) -> list[str]:
    return closing(passing(findings=(), **changes))


def test_a_leak_comes_first_whatever_else_was_missed() -> None:
    assert closing(failing(findings=(DRIFT, LEAK, LEAK), criteria=(P99,))) == [
        "0 of 1 target met; missed: p99_ms",
        "found: latency drift, memory leak (2); tsprof report --format ticket writes up each leak",
        "first: finding 2, the memory leak",
    ]


def test_then_a_drift_then_what_misses_its_limit_by_the_most() -> None:
    assert closing(failing(findings=(DRIFT,)))[-1] == "first: finding 1, the latency drift"
    assert ends(criteria=(P99, ERRORS, RATE))[-1] == (
        "first: error_rate, which misses its limit by 300 %"
    )
    met = Criterion(name="p50_ms", limit=5, value=4, met=True)
    assert ends(criteria=(met, RATE), gave_way="the machine") == [
        "1 of 2 targets met; missed: requests_per_second",
        "first: requests_per_second, which misses its limit by 10 %; gave way first: the machine",
    ]


def test_what_is_excused_is_not_found_again() -> None:
    known = LEAK.model_copy(update={"excuse": "as in the baseline"})
    assert closing(failing(findings=(known,), criteria=())) == []


def test_what_could_not_be_told_is_no_target_missed() -> None:
    assert closing(inconclusive()) == ["0 of 1 target met; not told: p99_ms"]


def test_a_limit_of_nothing_has_no_share() -> None:
    none = Criterion(name="dropped_requests", limit=0, value=3, met=False)
    assert ends(criteria=(none,))[-1] == "first: dropped_requests"


def test_a_check_without_targets_and_findings_ends_without_a_list() -> None:
    report: Report = passing(findings=(), criteria=())
    assert closing(report) == []
    assert "After the run" not in markdown.render(report)
    assert "**After the run**\n\n- 1 of 2 targets met" in markdown.render(failing())
