import math

import pytest
from report_builder import FILLING, LEAK, failing, half_run, inconclusive, passing

from tsprof.report.headline import further_reasons, headline
from tsprof.report.model import Criterion, Finding, Frame, Growth, Site
from tsprof.report.service_wording import criterion_outcome, criterion_row, criterion_unit
from tsprof.report.wording import (
    finding_growth,
    finding_plateau,
    folded_stack,
    site_growth,
    total_growth,
)


def test_a_leak_says_how_much_and_where() -> None:
    answer = headline(failing())
    assert answer.word == "FAIL"
    assert answer.sentence == (
        "the target leaks 32.8 B per request (32.1 to 33.4), 34.5 MB per hour at this load"
    )
    assert answer.consequence == (
        "that is 828 MB per day at 292 requests/s; measured from request 2,000 to 12,000"
    )
    assert answer.culprit == (
        '/srv/shop/app.py:30 in remember, held by app.py: module global "seen" -> dict'
    )


def test_a_leak_that_follows_another_clock_says_so() -> None:
    by_time = LEAK.model_copy(update={"clock": "second"})
    assert headline(failing(findings=(by_time,))).sentence.endswith(
        ", growing with time rather than with requests"
    )
    by_endpoint = LEAK.model_copy(update={"clock": "POST /cart"})
    assert headline(failing(findings=(by_endpoint,))).sentence.endswith(", growing with POST /cart")


def test_a_missed_criterion_is_told_in_the_words_of_the_reasons() -> None:
    report = failing(findings=(), reasons=("p99_ms is 12 ms, limit 10 ms", "errors above limit"))
    answer = headline(report)
    assert answer.sentence == "p99_ms is 12 ms, limit 10 ms"
    assert answer.consequence == "and: errors above limit"
    assert answer.culprit == ""
    assert further_reasons(report) == []


@pytest.mark.parametrize(
    ("finding", "consequence"),
    [
        (
            Finding(resource="fd", kind="leak", title="it grows", per_request=0.05),
            "that is 1,261,440 file descriptors per day at 292 requests/s",
        ),
        (
            Finding(resource="garbage", kind="leak", title="it grows", per_request=10),
            "that is 252 MB per day at 292 requests/s",
        ),
        (Finding(resource="latency", kind="drift", title="it grows"), ""),
        (Finding(resource="process", kind="crash", title="it grows"), ""),
    ],
)
def test_a_failure_is_scaled_in_its_own_unit_or_not_at_all(
    finding: Finding, consequence: str
) -> None:
    report = failing(findings=(finding,), reasons=("it grows; it is new since the baseline",))
    assert headline(report).consequence == consequence


def test_why_does_not_repeat_the_answer() -> None:
    report = failing(reasons=(LEAK.title, "p99_ms is 12 ms, not < 10 ms"))
    assert further_reasons(report) == ["p99_ms is 12 ms, not < 10 ms"]


def test_a_crash_comes_before_the_leak_behind_it() -> None:
    crash = Finding(resource="process", kind="crash", title="worker 12 was killed")
    report = failing(findings=(crash, LEAK), reasons=("worker 12 was killed",))
    assert headline(report).sentence == "worker 12 was killed"


def test_a_pass_says_what_it_would_have_seen() -> None:
    answer = headline(passing())
    assert answer.word == "PASS"
    assert answer.sentence == "no leak found; anything above 0.8 B per request would have shown"
    assert answer.consequence == (
        "measured 0.02 B per request (-0.1 to 0.14);"
        " 0.8 B per request would be 20.2 MB per day at 292 requests/s"
    )
    assert answer.culprit == FILLING.title


@pytest.mark.parametrize(
    ("shape", "came"), [("step", "in steps that did not repeat"), ("filled", "before it settled")]
)
def test_a_pass_says_why_it_measured_more_than_would_have_shown(shape: str, came: str) -> None:
    grown = passing().growth.model_copy(update={"bytes_per_request": 4.05, "shape": shape})
    assert f" B per request (-0.1 to 0.14), which came {came}; 0.8 B" in (
        headline(passing(growth=grown)).consequence
    )


def test_a_pass_tells_what_else_there_is_to_know_in_its_first_line() -> None:
    clean = "no leak found; anything above 0.8 B per request would have shown"
    report = passing(reasons=(clean, "7.5% of the 12,000 requests failed", "and more"))
    assert headline(report).sentence == f"{clean}; 7.5% of the 12,000 requests failed"
    assert further_reasons(report) == ["and more"]


def test_a_pass_that_did_not_look_for_leaks_admits_it() -> None:
    answer = headline(passing(growth=Growth(), reasons=("every criterion was met",)))
    assert answer.sentence == "every criterion was met; this run did not look for leaks"


def test_inconclusive_says_what_to_do() -> None:
    answer = headline(inconclusive())
    assert answer.word == "INCONCLUSIVE"
    assert answer.sentence.startswith("memory still grows")
    assert answer.consequence == "what to do: run for at least 5 min: --max-time 5min"


def test_reports_without_a_word_of_explanation_still_have_a_headline() -> None:
    for report in (failing(), passing(), inconclusive()):
        bare = report.model_copy(
            update={"reasons": (), "advice": (), "findings": (), "growth": Growth()}
        )
        assert headline(bare).sentence
    assert headline(half_run()).consequence == "what to do: run again for longer"


def test_zeros_of_a_half_run_are_no_measurement() -> None:
    assert total_growth(Growth()) == "unknown"
    assert total_growth(Growth(to_request=100)) == "0 B per request"
    assert total_growth(Growth(bytes_per_request=math.nan)) == "unknown per request"


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        ("fd", "0.01 file descriptors per request (0.009 to 0.011)"),
        ("thread", "0.01 threads per request (0.009 to 0.011)"),
        ("garbage", "0.01 B per request (0.009 to 0.011)"),
        ("gauge", "0.01 per request (0.009 to 0.011)"),
    ],
)
def test_each_resource_grows_in_its_own_unit(resource: str, text: str) -> None:
    finding = Finding.model_validate(
        {
            "resource": resource,
            "kind": "leak",
            "title": "",
            "per_request": 0.01,
            "low": 0.009,
            "high": 0.011,
        }
    )
    assert finding_growth(finding) == text


def test_a_plateau_is_bytes_or_a_count() -> None:
    assert finding_plateau(FILLING) == "fills up to about 64 MB"
    threads = FILLING.model_copy(update={"resource": "thread", "plateau": 40.0})
    assert finding_plateau(threads) == "fills up to about 40 threads"
    assert finding_plateau(LEAK) == ""


def test_a_criterion_takes_its_unit_from_its_name() -> None:
    def printed(name: str) -> str:
        return criterion_unit(Criterion(name=name, limit=1, value=12_000, met=True), 12_000)

    assert printed("p99_ms") == "12,000 ms"
    assert printed("growth_bytes_per_request") == "12 kB"
    assert printed("requests_per_second") == "12,000"


@pytest.mark.parametrize(("change", "words"), [(0.343, "+34.3 %"), (-0.024, "-2.4 %"), (0, "0 %")])
def test_a_drift_is_told_in_percent_with_its_sign(change: float, words: str) -> None:
    criterion = Criterion(name="p50_drift", limit=0.1, value=change, met=None, is_change=True)
    assert criterion_row(criterion) == ("p50_drift", words, "< +10 %", "uncertain")


def test_a_gauge_that_is_called_a_drift_is_a_number() -> None:
    criterion = Criterion(name="clock_drift", limit=5, value=3, met=True)
    assert criterion_row(criterion) == ("clock_drift", "3", "< 5", "met")


def test_a_criterion_that_was_not_measured_is_not_met() -> None:
    assert criterion_outcome(Criterion(name="x", limit=1, value=None, met=None)) == "not measured"


def test_frames_outside_the_application_fold() -> None:
    def frame(line: int, origin: str, package: str = "") -> Frame:
        return Frame.model_validate(
            {"function": "f", "file": "m.py", "line": line, "origin": origin, "package": package}
        )

    stack = [
        frame(1, "application"),
        frame(2, "dependency", "starlette 0.46"),
        frame(3, "dependency", "starlette 0.46"),
        frame(4, "interpreter"),
        frame(5, "application"),
        frame(6, "dependency", "uvicorn 0.34"),
    ]
    assert [line.text for line in folded_stack(stack)] == [
        "m.py:1 in f",
        "3 frames in starlette 0.46, interpreter",
        "m.py:5 in f",
        "m.py:6 in f (uvicorn 0.34)",
    ]
    deep = folded_stack([frame(line, "application") for line in range(1, 101)], longest=3)
    assert [line.text for line in deep] == [
        "m.py:1 in f",
        "m.py:2 in f",
        "m.py:3 in f",
        "97 more frames",
    ]


def test_a_line_that_opens_what_is_counted_leaves_no_bytes_behind() -> None:
    site = Site(function="export", file="app.py", line=31, bytes_per_request=0, share=0.95)
    assert site_growth(site) == "95 %"
