"""The report of a stored run, made from what is on disk."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from tsprof.analysis.comparison.acknowledgements import Acknowledgement
from tsprof.analysis.comparison.allowances import Allowances
from tsprof.analysis.comparison.baseline import make_baseline
from tsprof.errors import StoreError, UsageError
from tsprof.histogram import Histogram
from tsprof.records import (
    Arrivals,
    Checkpoint,
    Event,
    GaugeReading,
    Generator,
    Phase,
    ProcessReading,
    Segment,
)
from tsprof.report.model import Delivery, Finding, Measure, Report, Verdict
from tsprof.store.database import RunDatabase
from tsprof.store.reports import assemble, open_report, store_report
from tsprof.store.runs import DATABASE, REFERENCE, TARGET_LOG, create_run, list_runs
from tsprof.store.under_way import under_way


def stored(
    where: Path, per_request: int = 0, count: int = 24, decay: int = 0, **facts: Any
) -> Path:
    """Store a run whose only process keeps so many bytes of each request.

    Its cache answers 800 of 1,000 look-ups in a segment, and ``2 * decay`` fewer in each next one.
    """
    folder = create_run(where, "check", datetime.now(UTC))
    database = RunDatabase(folder / DATABASE)
    for number in range(count):
        live = 10_000_000 + per_request * 1000 * number
        process = ProcessReading(
            pid=7, started=1.0, command="app", source="agent", rss=live, anonymous=live,
            python_live=live, python_held=live, native_live=0, descriptors=9, threads=2,
        )  # fmt: skip
        database.add(
            Checkpoint(
                number=number, seconds=1.5 * number, requests=1000 * number, failures=0,
                processes=(process,), children=1,
            )
        )  # fmt: skip
        database.add(
            Segment(number=number, seconds=1.2, requests=1000, failures=0, intended=1000,
                    latency={100: 1000}, latency_max_ms=4.0)
        )  # fmt: skip
        hits = 800 * number - decay * number**2
        totals = {"cache_hits_total": hits, "cache_misses_total": 1000 * number - hits}
        database.add(GaugeReading(checkpoint=number, source="/metrics", totals=totals))
    for name, value in ({"scenario": "check", "complete": True} | facts).items():
        database.set_fact(name, value)
    database.close()
    return folder


@pytest.mark.parametrize(
    ("per_request", "facts", "code"),
    [
        (0, {}, 0),
        (300, {}, 1),
        (0, {"complete": False}, 3),
        (300, {"complete": False}, 1),
        (0, {"settings": {"criteria": {"p99_ms": 0.001}}}, 1),
        (0, {"settings": {"criteria": {"cpu_percent": 90}}}, 3),
        (300, {"confirmation": {"drain": {"seconds": 15, "grown": 100, "released": 90}}}, 3),
    ],
)
def test_a_report_is_made_from_what_is_on_disk(
    tmp_path: Path, per_request: int, facts: dict[str, Any], code: int
) -> None:
    report = assemble(stored(tmp_path, per_request, **facts))
    assert report.exit_code == code
    assert report.requests == 24_000


ENTRY = Acknowledgement(
    finding="memory:leak", owner="ann", reason="known", expires=date(2026, 3, 14)
)
BASELINE = make_baseline(
    Report(
        scenario="check",
        verdict=Verdict.FAIL,
        exit_code=1,
        reasons=(),
        findings=(
            Finding(resource="memory", kind="leak", title="", per_request=300, low=299, high=301),
        ),
    )
)


@pytest.mark.parametrize(
    ("per_request", "allowances", "code", "words"),
    [
        (300, Allowances(today=date(2026, 3, 14), baseline=BASELINE), 0, "known or acknowledged"),
        (400, Allowances(today=date(2026, 3, 14), baseline=BASELINE), 1, "rose from"),
        (0, Allowances(today=date(2026, 3, 14), baseline=BASELINE), 0, "no leak found"),
        (300, Allowances(today=date(2026, 3, 14), acknowledgements=(ENTRY,)), 0, "acknowledged"),
        (300, Allowances(today=date(2026, 3, 15), acknowledgements=(ENTRY,)), 1, "2026-03-14"),
    ],
)
def test_what_was_allowed_on_the_day_of_the_run_stays_so(
    tmp_path: Path, per_request: int, allowances: Allowances, code: int, words: str
) -> None:
    fact = TypeAdapter(Allowances).dump_python(allowances, mode="json", by_alias=True)
    report = assemble(stored(tmp_path, per_request, allowances=fact))
    assert report.exit_code == code
    assert words in report.reasons[0]
    gone = [note for note in report.notes if "gone since the baseline" in note]
    assert len(gone) == (per_request == 0)


def test_how_the_target_served_is_compared_with_the_baseline(tmp_path: Path) -> None:
    """Errors compare whatever the machine does."""
    clean = BASELINE.model_copy(
        update={
            "findings": (),
            "performance": (Measure(name="error_rate", value=0, low=0, high=0),),
        }
    )
    allowances = Allowances(today=date(2026, 3, 14), baseline=clean)
    fact = TypeAdapter(Allowances).dump_python(allowances, mode="json", by_alias=True)
    folder = stored(tmp_path, allowances=fact)
    assert assemble(folder).verdict == "pass"
    database = RunDatabase(folder / DATABASE)
    for number in range(24, 30):
        database.add(
            Segment(number=number, seconds=1.2, requests=1000, failures=400, intended=1000)
        )
    database.close()
    report = assemble(folder)
    assert report.verdict == "fail"
    assert [f.kind for f in report.findings] == ["regression"]
    assert "error rate is" in report.reasons[0]
    (note,) = [note for note in report.notes if "not compared: p50 latency" in note]
    assert "how fast the machine is was not measured" in note


def test_segments_under_a_profiler_tell_nothing_of_the_targets_speed(tmp_path: Path) -> None:
    folder = stored(
        tmp_path,
        confirmation={"last_judged": 23},
        settings={"criteria": {"p99_ms": 100}},
    )
    database = RunDatabase(folder / DATABASE)
    for number in (24, 25):
        database.add(
            Segment(number=number, seconds=60, requests=1000, failures=0, intended=1000,
                    latency={1400: 1000}, latency_max_ms=9000.0,
                    endpoints=(("GET", "/", 1000, 0, {1400: 1000}),))
        )  # fmt: skip
    database.close()
    report = assemble(folder)
    assert report.verdict == "pass"
    assert report.requests == 26_000
    assert report.latency.max_ms == 4.0
    assert [(e.requests, e.p99_ms) for e in report.endpoints] == [(2000, None)]
    assert report.latency.requests_per_second == pytest.approx(1000 / 1.2)
    assert [m.name for m in report.performance] == [
        *("p50_ms", "p95_ms", "p99_ms", "requests_per_second", "error_rate")
    ]


@pytest.mark.parametrize(
    ("cpu_share", "code", "words"),
    [
        (0.95, 3, "the load process did not keep up with the rate"),
        (0.05, 0, "the target did not keep up with the rate"),
    ],
)
def test_a_limit_of_latency_is_not_kept_by_a_load_that_was_not_delivered(
    tmp_path: Path, cpu_share: float, code: int, words: str
) -> None:
    folder = stored(tmp_path, settings={"criteria": {"p99_ms": 100}})
    database = RunDatabase(folder / DATABASE)
    database.add(
        Segment(
            number=24, seconds=1.2, requests=1000, failures=0, intended=1000,
            latency={100: 1000}, latency_max_ms=4.0, users=2,
            arrivals=Arrivals(
                sent=1000, unsent=0, late=500, late_without_user=500, most_in_flight=2
            ),
            latency_sent=Histogram({90: 1000}, 3.0),
            generator=Generator(cpu_share=cpu_share, waited_share=0.0, lag=Histogram()),
        )
    )  # fmt: skip
    database.close()
    report = assemble(folder)
    assert report.exit_code == code
    assert words in report.delivery.reason
    assert [words in text for text in (*report.reasons, *report.notes)].count(True) == 1
    assert report.latency.counted_from == "due"
    assert report.latency.sent is not None
    assert report.latency.sent.max_ms == 3.0


def test_a_run_from_before_there_was_a_schedule_tells_what_it_knows(tmp_path: Path) -> None:
    report = assemble(stored(tmp_path, settings={"load": {"rate": 100}}))
    assert (report.latency.counted_from, report.latency.sent) == ("sent", None)
    assert report.delivery == Delivery()


def test_the_checkpoints_after_the_last_judged_one_do_not_count(tmp_path: Path) -> None:
    """Such as those with a profiler's window open."""
    folder = stored(tmp_path, 300, confirmation={"last_judged": 3})
    assert assemble(folder).verdict == "inconclusive"


def test_events_that_could_not_be_stored_are_given(tmp_path: Path) -> None:
    folder = stored(tmp_path, complete=False)
    full = Event(seconds=2.0, kind="store_failed", text="the disk is full")
    report = assemble(folder, unstored=[full])
    assert report.reasons[0] == "the disk is full"


def test_the_log_is_quoted_where_the_run_had_no_time_to(tmp_path: Path) -> None:
    folder = stored(tmp_path, complete=False)
    (folder / TARGET_LOG).write_text("first\nlast words\n")
    assert assemble(folder).target_log_tail == ("first", "last words")
    folder = stored(tmp_path, log_tail=["kept"])
    assert assemble(folder).target_log_tail == ("kept",)


def test_a_finished_report_is_kept_and_listed(tmp_path: Path) -> None:
    folder = stored(tmp_path, 300)
    report = assemble(folder)
    assert [run.verdict for run in list_runs(tmp_path)] == [None]
    store_report(folder, report)
    assert open_report(tmp_path, folder.name) == report
    (listed,) = list_runs(tmp_path)
    assert (listed.verdict, listed.complete, listed.requests) == ("fail", True, 24_000)


def test_half_a_run_is_reported_without_being_finished(tmp_path: Path) -> None:
    folder = stored(tmp_path, complete=False)
    assert not open_report(tmp_path, None).complete
    (listed,) = list_runs(tmp_path)
    assert (listed.name, listed.complete, listed.requests) == (folder.name, False, 23_000)


@pytest.mark.parametrize(
    ("per_request", "verdict", "facts"),
    [
        (0, Verdict.INCONCLUSIVE, {}),
        (300, Verdict.FAIL, {}),
        (0, Verdict.INCONCLUSIVE, {"scenario": "flame"}),
    ],
)
def test_a_run_that_is_under_way_is_not_taken_for_one_that_was_cut_off(
    tmp_path: Path, per_request: int, verdict: Verdict, facts: dict[str, Any]
) -> None:
    phase = {"name": "measuring", "expected_seconds": 55.0}
    folder = stored(tmp_path, per_request, complete=False, phase=phase, **facts)
    with under_way(folder):
        report = open_report(tmp_path, None)
        (listed,) = list_runs(tmp_path)
    assert report.verdict is verdict
    assert "still running, 0 s of 55 s so far" in report.reasons
    assert not any("cut off" in reason for reason in report.reasons)
    assert listed.under_way
    assert "still running" not in str(open_report(tmp_path, None).reasons)


def test_growth_that_was_not_measured_is_not_listed_as_none(tmp_path: Path) -> None:
    folder = stored(tmp_path, count=0)
    store_report(folder, assemble(folder))
    assert [run.bytes_per_request for run in list_runs(tmp_path)] == [None]


def test_a_run_that_had_no_time_for_anything(tmp_path: Path) -> None:
    report = assemble(stored(tmp_path, count=0, complete=False))
    assert (report.verdict, report.requests, report.complete) == ("inconclusive", 0, False)


GAUGES = {"url": ["/metrics"]}


@pytest.mark.parametrize(
    ("decay", "facts", "code", "reason"),
    [
        (0, {"gauges": GAUGES}, 0, "no leak found"),
        (4, {"gauges": GAUGES}, 1, "cache_hit_rate drifted from about 7"),
        (0, {"gauges": GAUGES, "criteria": {"cache_hit_rate": "> 0.79"}}, 0, "no leak found"),
        (0, {"gauges": GAUGES, "criteria": {"cache_hit_rate": "> 0.9"}}, 1, "not > 0.9"),
        (0, {"gauges": GAUGES, "criteria": {"queue": "< 9"}}, 3, "the target does not tell it"),
        (0, {"gauges": GAUGES | {"watch": {"queue": {"worse": "more"}}}}, 3, "queue_drift could"),
        (0, {"gauges": {"url": ["/stats"]}}, 3, "the gauges at /stats could not be judged"),
        (4, {}, 0, "no leak found"),
    ],
)
def test_a_soak_is_judged_by_the_gauges_that_it_was_to_read(
    tmp_path: Path, decay: int, facts: dict[str, Any], code: int, reason: str
) -> None:
    limits = {"p99_drift": 0.1} | facts.get("criteria", {})
    settings = facts | {"criteria": limits}
    report = assemble(stored(tmp_path, decay=decay, scenario="endurance", settings=settings))
    assert report.exit_code == code
    assert any(reason in said for said in report.reasons)
    assert any("throughput was not judged" in note for note in report.notes)


def test_a_check_is_not_judged_by_drift(tmp_path: Path) -> None:
    report = assemble(stored(tmp_path, decay=4, settings={"gauges": GAUGES}))
    assert report.exit_code == 0
    (gauge, *_) = report.gauges
    assert (gauge.name, gauge.outcome) == ("cache_hit_rate", "not judged")
    assert gauge.change == pytest.approx(-0.18, abs=0.02)


def test_half_a_run_has_gauges(tmp_path: Path) -> None:
    folder = stored(tmp_path, count=5, complete=False, settings={"gauges": GAUGES})
    (gauge, *_) = assemble(folder).gauges
    assert (gauge.last, gauge.change) == (pytest.approx(0.8), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settings", []),
        ("settings", {"gauges": {"url": 3}}),
        ("settings", {"criteria": {"p99_ms": "fast"}}),
        ("confirmation", {"drain": 3}),
        ("provenance", {"command": 5}),
        ("notes", "a text"),
        ("complete", "perhaps"),
        ("report", {"verdict": "pass"}),
    ],
)
def test_a_damaged_fact_is_named(tmp_path: Path, name: str, value: object) -> None:
    stored(tmp_path, **{name: value})
    with pytest.raises(StoreError, match=f"damaged at the fact {name}"):
        open_report(tmp_path, None)


def test_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run is stored"):
        open_report(tmp_path, None)


def test_a_report_that_cannot_be_kept_is_no_failure(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    report = assemble(folder)
    store_report(tmp_path / "gone", report)


@pytest.mark.parametrize(
    ("scenario", "words"), [("check", "--max-time 1m50s"), ("endurance", "--minutes 6")]
)
def test_advice_knows_what_was_allowed(tmp_path: Path, scenario: str, words: str) -> None:
    settings = {"check": {"max_time": 77}, "endurance": {"duration": 300}}
    report = assemble(stored(tmp_path, count=3, scenario=scenario, settings=settings))
    assert any(words in advice for advice in report.advice)


def turned(folder: Path, rate: int, scenario: str = "compare", count: int = 16) -> None:
    """Store a run of turns, two in each block, with so many requests per second."""
    database = RunDatabase(folder / DATABASE)
    generator = Generator(cpu_share=0.3, waited_share=0.0, lag=Histogram())
    for number in range(count):
        requests = rate + number % 3
        database.add(
            Segment(number=number, seconds=1.0, requests=requests, failures=0, intended=None,
                    latency={100: requests}, latency_max_ms=4.0, users=50, generator=generator)
        )  # fmt: skip
        if number:
            name = f"block {(number + 1) // 2}"
            database.add(Phase(name=name, segment=number, began=0, ended=1, cpu_seconds=0.5))
    for name, value in {"scenario": scenario, "complete": True}.items():
        database.set_fact(name, value)
    database.close()


def test_a_comparison_is_made_from_both_runs(tmp_path: Path) -> None:
    folder, limits = tmp_path / "run", {"speedup": 1.5, "cpu_percent": 60}
    reference = folder / REFERENCE
    reference.mkdir(parents=True)
    turned(folder, 2000)
    turned(reference, 1000)
    database = RunDatabase(folder / DATABASE)
    database.set_fact("settings", {"criteria": limits, "compare": {"duration": 30}})
    database.close()
    report = assemble(folder)
    assert report.comparison is not None
    assert report.comparison.blocks == 7
    criteria = {criterion.name: criterion for criterion in report.criteria}
    assert criteria["speedup"].met
    assert criteria["speedup"].value == pytest.approx(2, rel=0.01)
    assert criteria["cpu_percent"].value == pytest.approx(50)
    assert "2 times (" in report.highlights[0]
    (reference / DATABASE).write_text("not a database")
    damaged = assemble(folder)
    assert damaged.comparison is None
    assert any("could not be compared" in reason for reason in damaged.reasons)
    assert damaged.exit_code == 3
