import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tsprof.cli.main import run
from tsprof.report.model import Growth, Report, Verdict
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE, create_run
from tsprof.store.under_way import under_way

START = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def store(home: Path, *, after: timedelta = timedelta(), finished: bool = True) -> Path:
    """Store a run that started so long after START; return its folder."""
    folder = create_run(home, "check", START + after)
    database = RunDatabase(folder / DATABASE)
    database.set_fact("scenario", "check")
    database.set_fact("started", (START + after).isoformat())
    if finished:
        report = Report(
            schema=1,
            scenario="check",
            verdict=Verdict.FAIL,
            exit_code=1,
            reasons=("32.8 bytes per request stay",),
            requests=12_000,
            seconds=41.2,
            growth=Growth(bytes_per_request=32.8, to_request=12_000),
        )
        database.set_fact("report", report.model_dump(mode="json", by_alias=True))
    database.close()
    return folder


def age(folder: Path, seconds: float) -> None:
    """Let everything in a run's folder be that old."""
    then = datetime.now(UTC).timestamp() - seconds
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))


def test_no_runs_is_said_and_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs"]) == 0
    captured = capsys.readouterr()
    assert not captured.out
    assert "tsprof check makes one" in captured.err


def test_runs_are_listed_newest_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home)
    store(home, after=timedelta(hours=1), finished=False)
    assert run(["runs"]) == 0
    header, _, newest, oldest = capsys.readouterr().out.splitlines()
    assert header.split() == [
        *("run", "scenario", "verdict", "requests", "growth/request", "duration", "on", "disk")
    ]
    assert newest.split()[:3] == ["20260314T160926-check", "check", "unfinished"]
    assert oldest.split()[:8] == [
        *("20260314T150926-check", "check", "fail", "12,000", "32.8", "B", "41.2", "s")
    ]


def test_a_run_that_is_under_way_is_listed_as_such(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with under_way(store(home, finished=False)):
        assert run(["runs"]) == 0
    assert "still running" in capsys.readouterr().out


def test_the_list_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = store(home)
    assert run(["runs", "--json", "-"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record.pop("disk_bytes") > 0
    assert record == {
        "name": folder.name,
        "path": str(folder),
        "scenario": "check",
        "verdict": "fail",
        "started": START.isoformat(),
        "seconds": 41.2,
        "requests": 12_000,
        "bytes_per_request": 32.8,
        "complete": True,
        "under_way": False,
    }


def test_an_empty_list_as_json_is_a_list(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "--json", str(home / "runs.json")]) == 0
    assert json.loads((home / "runs.json").read_text()) == []
    assert not capsys.readouterr().out


def test_a_list_that_cannot_be_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "--json", str(home / "gone" / "runs.json")]) == 2
    told = capsys.readouterr().err
    assert "--json: cannot write " in told
    assert "runs.json: its directory does not exist" in told


def test_only_runs_that_are_old_are_deleted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = store(home)
    young = store(home, after=timedelta(hours=1))
    written = store(home, after=timedelta(hours=2), finished=False)
    stalled = store(home, after=timedelta(hours=3), finished=False)
    age(old, 8 * 86400)
    age(young, 6 * 86400)
    for unfinished in (written, stalled):
        age(unfinished, 9 * 86400)
    (written / "target.log").write_text("GET /items")
    with under_way(stalled):
        assert run(["runs", "--delete-older", "7d"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("deleted 1 run, ")
    assert old.name not in captured.out
    assert not old.exists()
    assert young.exists()
    assert written.exists()
    assert stalled.exists()


def test_a_link_is_not_followed_to_delete(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = store(home / "elsewhere")
    age(elsewhere, 8 * 86400)
    (home / "runs").mkdir()
    (home / "runs" / elsewhere.name).symlink_to(elsewhere)
    assert run(["runs", "--delete-older", "7d"]) == 70
    assert "cannot be deleted" in capsys.readouterr().err
    assert (elsewhere / DATABASE).exists()


@pytest.mark.parametrize("name", [[], ["20260314T150926-check"], ["150926"]])
def test_a_report_is_shown_by_name_or_the_newest(
    home: Path, capsys: pytest.CaptureFixture[str], name: list[str]
) -> None:
    store(home)
    assert run(["report", *name]) == 0
    assert "32.8" in capsys.readouterr().out


def test_a_report_is_written_in_the_forms_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home)
    page = home / "page.html"
    assert run(["report", "--json", "-", "--html", str(page), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "fail"
    assert not captured.err
    assert "32.8" in page.read_text()


def test_json_on_standard_output_stays_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home)
    assert run(["report", "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["requests"] == 12_000
    assert "32.8" in captured.err


@pytest.mark.parametrize("name", [[], ["nothing"], ["../../etc"]])
def test_a_report_that_is_not_there(capsys: pytest.CaptureFixture[str], name: list[str]) -> None:
    assert run(["report", *name]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("tsprof: no run")
    assert not captured.out
