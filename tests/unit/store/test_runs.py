"""The folder of runs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tsprof.errors import UsageError
from tsprof.store.database import RunDatabase
from tsprof.store.runs import (
    DATABASE,
    TARGET_LOG,
    create_run,
    discard_run,
    disk_bytes,
    find_run,
    home,
    keep_target_log,
    list_runs,
    tail,
)

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def stored(where: Path, hour: int) -> Path:
    folder = create_run(where, "check", NOW.replace(hour=hour))
    database = RunDatabase(folder / DATABASE)
    database.set_fact("scenario", "check")
    database.close()
    return folder


def test_a_run_is_named_after_its_time_and_scenario(tmp_path: Path) -> None:
    folders = [create_run(tmp_path, "check", NOW) for _ in range(3)]
    assert [folder.name for folder in folders] == [
        "20260314T150926-check",
        "20260314T150926-check-2",
        "20260314T150926-check-3",
    ]
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be stored") as caught:
        create_run(tmp_path / "file", "check", NOW)
    assert "TSPROF_HOME" in caught.value.hint


def test_of_a_run_that_never_began_the_log_is_left(tmp_path: Path) -> None:
    folder = stored(tmp_path, 1)
    assert keep_target_log(tmp_path, folder) is None
    (folder / TARGET_LOG).write_text("")
    assert keep_target_log(tmp_path, folder) is None
    (folder / TARGET_LOG).write_text("no such database")
    kept = keep_target_log(tmp_path, folder)
    discard_run(folder)
    assert kept is not None
    assert kept.read_text() == "no such database"
    assert list_runs(tmp_path) == []
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_run_is_one_file_once_it_is_closed_however_often_it_is_read(tmp_path: Path) -> None:
    folder = stored(tmp_path, 1)
    list_runs(tmp_path)
    assert [file.name for file in folder.iterdir()] == [DATABASE]


def test_runs_are_listed_newest_first_without_what_is_none(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == []
    early, late = stored(tmp_path, 1), stored(tmp_path, 2)
    (tmp_path / "runs" / "a-file").write_text("")
    (tmp_path / "runs" / "empty").mkdir()
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / DATABASE).write_bytes(b"PK" * 3000)
    listed = list_runs(tmp_path)
    assert [run.name for run in listed] == [late.name, early.name]
    assert [(run.verdict, run.complete, run.requests) for run in listed] == [(None, False, 0)] * 2
    assert listed[0].disk_bytes == disk_bytes(late) > 0


def test_a_run_is_found_by_a_part_of_its_name(tmp_path: Path) -> None:
    early, late = stored(tmp_path, 1), stored(tmp_path, 2)
    assert find_run(tmp_path, None) == late
    assert find_run(tmp_path, early.name) == early
    assert find_run(tmp_path, "T0109") == early
    with pytest.raises(UsageError, match="no run named '2027'"):
        find_run(tmp_path, "2027")
    with pytest.raises(UsageError, match="fits 2 runs"):
        find_run(tmp_path, "check")
    with pytest.raises(UsageError, match=r"no run named '\.\*'"):
        find_run(tmp_path, ".*")


@pytest.mark.parametrize("name", ["..", "../..", "/etc", "."])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    stored(tmp_path, 1)
    (tmp_path / DATABASE).write_bytes(b"")
    with pytest.raises(UsageError):
        find_run(tmp_path, name)


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run is stored"):
        find_run(tmp_path, None)


def test_the_home_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TSPROF_HOME", raising=False)
    assert home() == tmp_path / ".tsprof"
    monkeypatch.setenv("TSPROF_HOME", "")
    assert home() == tmp_path / ".tsprof"
    monkeypatch.setenv("TSPROF_HOME", "elsewhere")
    assert home() == tmp_path / "elsewhere"


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    assert tail(log, 3) == []
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(100_000)))
    assert tail(log, 2) == ["line 99998", "line 99999"]
    log.write_bytes(b"caf\xe9 " + b"x" * 1000)
    assert tail(log, 2) == ["caf\ufffd " + "x" * 495]


def test_the_end_of_a_log_that_has_just_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "target.log.1").write_bytes(b"one\ntwo\nthr")
    (tmp_path / "target.log").write_bytes(b"ee\nfour\n")
    assert tail(tmp_path / "target.log", 3) == ["two", "three", "four"]


def test_a_log_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "target.log").mkdir()
    assert tail(tmp_path / "target.log", 3) == []
