"""From the facts of a run to its report."""

from dataclasses import replace
from typing import Any

import pytest
from fabricate import alive, event, growing, growing_outside, judge, reading, segments, taken

from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.confirmation import Attribution, Confirmation
from tsprof.analysis.run.summary import Facts, build_report
from tsprof.analysis.run.usage import sum_samples
from tsprof.analysis.service.phases import Outcome
from tsprof.analysis.verdict.decide import Decision
from tsprof.records import Checkpoint, Event, ProcessSample
from tsprof.report.headline import further_reasons, headline
from tsprof.report.model import Provenance, Report, Verdict


def reported(
    checkpoints: list[Checkpoint],
    *,
    events: tuple[Event, ...] = (),
    attribution: Attribution | None = None,
    complete: bool = True,
    count: int | None = None,
    failing: float = 0.0,
    seconds: tuple[dict[str, Any], ...] = (),
) -> Report:
    pieces = segments(len(checkpoints) if count is None else count, failing)
    decision = judge(checkpoints, events=events, segments=pieces, complete=complete)
    facts = Facts(
        scenario="check",
        checkpoints=checkpoints,
        segments=pieces,
        events=events,
        outcome=Outcome(segments=pieces),
        confirmation=Confirmation(attribution=attribution),
        seconds=seconds,
        provenance=Provenance(run="a-run"),
        complete=complete,
    )
    return build_report(facts, look(checkpoints), decision)


def sample(second: int, cpu: float, pid: int = 1, role: str = "target") -> ProcessSample:
    return ProcessSample(
        second=second,
        pid=pid,
        role=role,  # type: ignore[arg-type]  # the tests' literals
        rss=1000 + second,
        cpu_seconds=cpu,
        threads=1,
        descriptors=1,
    )


def test_the_ledgers_of_the_processes_add_up_to_the_ledger() -> None:
    report = reported(taken(growing(300, pid=1), growing(100, pid=2), growing_outside(50, pid=3)))
    total = sum(row.bytes_per_request for row in report.ledger)
    assert total == pytest.approx(450, abs=2)
    parts = [sum(row.bytes_per_request for row in p.ledger) for p in report.processes]
    assert parts == pytest.approx([300, 100, 50], abs=1)
    assert [p.bytes_per_request for p in report.processes] == pytest.approx([300, 100, 50], abs=1)
    assert [p.source for p in report.processes] == ["agent", "agent", "outside"]


def test_own_memory_and_sockets_are_those_that_were_read_last() -> None:
    costly = [
        replace(sample(0, 0.1), uss=1_000, connections={"listen": 1}),
        replace(sample(10, 0.2), uss=2_000, connections={"listen": 1, "established": 4}),
        sample(11, 0.3),
        replace(sample(10, 0.2, pid=9, role="load"), uss=7, connections={}),
    ]
    checkpoints = taken(growing(pid=1), growing(pid=2))
    facts = Facts(
        scenario="check",
        checkpoints=checkpoints,
        segments=[],
        events=[],
        outcome=Outcome(segments=[]),
        usage=sum_samples(costly),
    )
    decision = Decision(verdict=Verdict.PASS, reasons=())
    found = {p.pid: p for p in build_report(facts, look(checkpoints), decision).processes}
    assert (found[1].own_memory, found[1].sockets) == (2_000, {"listen": 1, "established": 4})
    assert (found[2].own_memory, found[2].sockets) == (None, {})


def test_processes_that_ended_are_listed_without_a_ledger() -> None:
    report = reported(taken(growing(pid=1), alive(growing(pid=2), last=4)))
    ended = {process.pid: process for process in report.processes}[2]
    assert "ended" in ended.ended
    assert ended.ledger == ()
    assert {process.pid: process.ended for process in report.processes}[1] == ""


def test_what_a_segment_could_not_tell_is_counted_by_the_second() -> None:
    """Such as the first, in which the target died."""
    told = {"latency": {}, "requests": 300, "failures": 0}
    seconds = ({"second": 1} | told, {"second": 2} | told | {"failures": 212})
    died = event("target_ended", "the target died")
    report = reported([], events=(died,), seconds=seconds)
    assert (report.requests, report.failures) == (600, 212)
    whole = reported(taken(growing()), failing=0.5, seconds=seconds)
    assert (whole.requests, whole.failures) == (24_000, 12_000)


def test_a_run_lasts_at_least_as_long_as_its_segments() -> None:
    pieces = segments(1)
    assert reported([], count=1).seconds == pieces[0].seconds > 0


def test_a_report_of_nothing() -> None:
    report = reported([], complete=False)
    assert (report.verdict, report.exit_code, report.complete) == ("inconclusive", 3, False)
    assert (report.ledger, report.processes, report.memory) == ((), (), ())
    assert report.growth.detectable_bytes_per_request is None
    assert report.latency.max_ms is None
    assert report.seconds == 0


@pytest.mark.parametrize(
    ("kind", "complete"), [("note", True), ("target_ended", False), ("load_lost", False)]
)
def test_a_run_that_could_not_go_on_is_not_complete(kind: str, *, complete: bool) -> None:
    assert reported(taken(growing()), events=(event(kind),)).complete is complete


def test_checkpoints_that_no_process_was_at() -> None:
    report = reported(taken(count=8))
    assert report.exit_code == 3
    assert [point.rss_bytes for point in report.memory] == [0] * 8


@pytest.mark.parametrize(
    ("checkpoints", "events", "code"),
    [
        (taken(growing()), (), 0),
        (taken(growing(300)), (), 1),
        (taken(growing(), count=2), (), 3),
        (taken(growing()), (event("interrupted"),), 130),
        (taken(growing(300)), (event("interrupted"),), 130),
    ],
)
def test_exit_codes(checkpoints: list[Checkpoint], events: tuple[Event, ...], code: int) -> None:
    assert reported(checkpoints, events=events).exit_code == code


def test_an_interrupted_run_is_not_complete() -> None:
    assert reported(taken(growing())).complete
    assert not reported(taken(growing()), events=(event("interrupted"),)).complete


def test_growth_is_told_with_its_window_and_per_hour() -> None:
    report = reported(taken(growing(300)))
    growth = report.growth
    assert growth.low <= growth.bytes_per_request <= growth.high
    assert growth.from_request < growth.to_request <= 24_000
    per_hour = 300 * report.latency.requests_per_second * 3600
    assert growth.bytes_per_hour == pytest.approx(per_hour, rel=0.01)
    assert growth.shape == "leak"


def test_only_the_settled_checkpoints_are_marked() -> None:
    report = reported(taken(lambda n: reading(n, grown=min(n, 4) * 2_000_000 + 300_000 * n)))
    marks = [point.settled for point in report.memory]
    assert marks[-1]
    assert not marks[0]
    assert marks == sorted(marks)


def test_load_is_summed_over_all_segments() -> None:
    report = reported(taken(growing()), failing=0.1)
    assert (report.requests, report.failures) == (24_000, 2400)
    (endpoint,) = report.endpoints
    assert (endpoint.method, endpoint.name, endpoint.requests, endpoint.failures) == (
        "GET", "/", 24_000, 2400,
    )  # fmt: skip
    assert report.latency.max_ms == 5.0
    assert report.latency.requests_per_second == pytest.approx(1000 / 1.2)


def test_growth_that_is_not_known_is_not_told_as_none() -> None:
    few = reported(taken(growing(300.0), count=5)).growth
    assert few.to_request == few.from_request
    assert few.shape == "undecided"
    enough = reported(taken(growing(300.0), count=12)).growth
    assert enough.to_request > enough.from_request


def test_notes_are_what_a_reader_must_know() -> None:
    events = (
        event("control_passed", "what was planted showed in the ledger"),
        event("process_started", "process 7 started"),
        event("process_ended", "process 7 ended"),
        event("control_passed", "what was planted showed in the ledger"),
    )
    assert reported(taken(growing()), events=events).notes == (
        "what was planted showed in the ledger of 2 processes",
        "process 7 ended",
    )


def test_a_server_that_forks_for_each_connection_has_one_note_of_them() -> None:
    events = [event("process_ended", f"process {pid} (httpd) ended") for pid in range(7, 45)]
    assert reported(taken(growing()), events=events).notes == (
        "process 7 (httpd) ended, and so did 37 more processes of the target",
    )


@pytest.mark.parametrize("per_request", [0.0, 289.2])
def test_the_reasons_print_numbers_as_the_headline_does(per_request: float) -> None:
    report = reported(taken(growing(per_request), count=40))
    assert report.verdict is (Verdict.FAIL if per_request else Verdict.PASS)
    assert report.reasons[0].startswith(headline(report).sentence.partition(" per request")[0])
    assert further_reasons(report) == []


def test_the_census_of_containers_moves_native_bytes_to_python() -> None:
    growing_tables = taken(lambda n: reading(n, native_live=5_000_000 + 300_000 * n,
                                             native_held=5_000_000 + 300_000 * n))  # fmt: skip
    attribution = Attribution(container_bytes_per_request=200.0)
    rows = {r.owner: r.bytes_per_request for r in reported(growing_tables).ledger}
    moved = {
        r.owner: r.bytes_per_request
        for r in reported(growing_tables, attribution=attribution).ledger
    }
    assert rows["native_heap"] == pytest.approx(300, rel=0.01)
    assert moved["python_objects"] - rows["python_objects"] == pytest.approx(200)
    assert rows["native_heap"] - moved["native_heap"] == pytest.approx(200)


def test_samples_are_summed_by_second_and_role() -> None:
    sums = sum_samples(
        [
            sample(0, 5.0), sample(0, 1.0, pid=2), sample(0, 9.0, pid=3, role="load"),
            sample(1, 5.5), sample(1, 1.25, pid=2), sample(1, 10.0, pid=3, role="load"),
        ]
    )  # fmt: skip
    assert sums.rss == {0: 2000, 1: 2002}
    assert sums.cpu == {0: 0.0, 1: 0.75}
    assert sums.total_cpu == {"target": 0.75, "load": 1.0}
    assert sums.peak == {"target": 1001, "load": 1001}
    assert sums.mean_cpu_percent() == pytest.approx(37.5)


def test_a_pid_that_is_used_again_takes_no_cpu_time_back() -> None:
    sums = sum_samples([sample(0, 100.0), sample(1, 100.5), sample(2, 0.25), sample(3, 0.5)])
    assert sums.total_cpu["target"] == pytest.approx(0.75)


def test_no_samples_are_no_cpu_use() -> None:
    assert sum_samples([]).mean_cpu_percent() is None
