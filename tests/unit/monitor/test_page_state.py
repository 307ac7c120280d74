"""What the page of a run shows, as JSON."""

import json

from written_run import Written

from tsprof.monitor.page_state import State, state_of, with_report, without_report
from tsprof.monitor.watch import RunWatch
from tsprof.records import Event
from tsprof.report.model import Finding, Report, Verdict

HOSTILE = "\x1b[31m<script>alert(1)</script>\x07\u202e"


def shown(run: Written) -> State:
    state = state_of("a-run", *RunWatch(run.folder).look())
    json.dumps(state, allow_nan=False)
    return state


def test_before_there_is_anything_the_page_says_so(run: Written) -> None:
    state = shown(run)
    assert (state["word"], state["sentence"], state["over"]) == ("RUNNING", "starting", False)
    assert state["charts"] == state["blocks"] == state["ledger"] == []
    assert state["progress"] is None


def test_in_the_middle_of_a_run(run: Written) -> None:
    run.begins("baseline", {"p99_ms": 10.0, "recovery_seconds": 30.0})
    run.database.set_fact("phase", {"name": "measuring", "expected_seconds": 60.0})
    run.seconds(15)
    for _ in range(2):
        run.segment()
    state = shown(run)
    assert (state["word"], state["sentence"], state["tone"]) == ("RUNNING", "measuring", "running")
    assert (state["time"], state["progress"]) == ("15 s of 1 min", 0.25)
    assert state["untold"] == "not known yet: recovery_seconds"
    names = [chart["name"] for chart in state["charts"]]
    assert names == ["throughput", "latency", "resources", "growth", "owners"]
    (performance,) = (b for b in state["blocks"] if b["title"] == "Performance")
    p99 = next(row for row in performance["rows"] if row["label"] == "p99")
    assert (p99["target"], p99["outcome"]) == ("< 10 ms", "met")


def test_a_target_that_died_is_told_before_the_verdict(run: Written) -> None:
    run.begins("baseline", {})
    run.database.add(Event(seconds=3.2, kind="process_started", text="process 1 started"))
    run.database.add(Event(seconds=4.2, kind="target_ended", text=f"it died {HOSTILE}"))
    run.seconds(5)
    state = shown(run)
    assert (state["word"], state["tone"], state["over"]) == ("DIED", "fail", False)
    assert state["sentence"] == "it died <script>alert(1)</script>"
    assert state["events"] == ["4 s: it died <script>alert(1)</script>"]


def test_the_end_has_verdict_findings_and_the_reports_place(run: Written) -> None:
    run.begins("baseline", {})
    run.seconds(5)
    leak = Finding(resource="fd", kind="leak", title=f"leaks {HOSTILE}", per_request=0.5)
    report = Report(
        schema=1,
        scenario="baseline",
        verdict=Verdict.FAIL,
        exit_code=1,
        reasons=("first", "second"),
        findings=(leak,),
        requests=500,
        failures=0,
        seconds=5.0,
    )
    state = with_report(shown(run), report, "/runs/a-run/report.html")
    assert (state["word"], state["tone"], state["over"]) == ("FAIL", "fail", True)
    assert state["time"] == "over after 5 s; exit code 1"
    assert state["report"] == "/runs/a-run/report.html"
    (finding,) = state["findings"]
    assert finding["badge"] == "fd leak"
    assert finding["title"] == "leaks <script>alert(1)</script>"
    assert finding["lines"] == ["0.5 file descriptors per request"]
    assert state["charts"]  # what was shown stays


def test_a_run_without_a_report_says_why(run: Written) -> None:
    state = without_report(shown(run), f"never ready {HOSTILE}")
    assert (state["word"], state["over"]) == ("NO REPORT", True)
    assert state["sentence"] == "never ready <script>alert(1)</script>"
