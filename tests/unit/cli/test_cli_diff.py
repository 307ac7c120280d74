"""``tsprof diff`` and ``tsprof report --format`` on stored runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tsprof.cli.main import run
from tsprof.report import json_report
from tsprof.report.model import Finding, Growth, Provenance, Report, Verdict
from tsprof.store.database import RunDatabase
from tsprof.store.reports import store_report
from tsprof.store.runs import DATABASE, create_run

START = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def made(per_request: float, name: str = "") -> Report:
    leak = Finding(
        resource="memory",
        kind="leak",
        title=f"the target leaks {per_request:g} B per request",
        per_request=per_request,
        low=per_request - 1,
        high=per_request + 1,
    )
    return Report(
        scenario="check",
        verdict=Verdict.FAIL if per_request else Verdict.PASS,
        exit_code=int(per_request > 0),
        reasons=("because",),
        requests=12_000,
        growth=Growth(
            bytes_per_request=per_request,
            low=per_request - 1,
            high=per_request + 1,
            detectable_bytes_per_request=2.0,
            from_request=1,
            to_request=12_000,
        ),
        findings=(leak,) if per_request else (),
        provenance=Provenance(run=name, command=("app",)),
    )


def store(home: Path, per_request: float, *, hours: int = 0) -> Path:
    folder = create_run(home, "check", START + timedelta(hours=hours))
    RunDatabase(folder / DATABASE).close()
    store_report(folder, made(per_request, folder.name))
    return folder


def test_the_last_two_runs_are_compared(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home, 900)
    before, after = store(home, 0, hours=1), store(home, 300, hours=2)
    assert run(["diff"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "changed beyond noise: 1 leak new"
    assert before.name in lines[1]
    assert after.name in lines[2]


def test_runs_are_named_by_a_part_or_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home, 300)
    store(home, 600, hours=1)
    (home / "mine.json").write_text(json_report.render(made(0, "mine")))
    assert run(["diff", "T1509", "T1609", "--json", "-", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"][0]["before"], found["rows"][0]["after"]) == (300, 600)
    assert run(["diff", "T1609", "mine.json"]) == 0
    assert "changed beyond noise: 1 leak gone\n" in capsys.readouterr().out


def test_one_run_is_compared_with_the_newest(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, 300)
    store(home, 300, hours=1)
    assert run(["diff", "T1509", "--markdown", "d.md"]) == 0
    assert capsys.readouterr().out.startswith("nothing changed beyond noise")
    assert (home / "d.md").read_text().startswith("### nothing changed beyond noise")


def test_json_on_standard_output_stays_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home, 0)
    store(home, 0, hours=1)
    assert run(["diff", "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["schema"] == 1
    assert captured.err.startswith("nothing changed")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there are not two runs"),
        (["nothing"], "no run named 'nothing'"),
        (["T1509", "damaged.json"], "damaged.json is not valid JSON"),
        (["T1509", "T1509", "--json", "gone/d.json"], "--json: cannot write gone/d.json"),
        (["T1509", "T1509", "--json", "-", "--markdown", "-"], "both write to -"),
    ],
)
def test_a_difference_that_cannot_be_made(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    store(home, 0)
    (home / "damaged.json").write_text("{")
    assert run(["diff", *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert not captured.out


def test_a_run_that_cannot_be_read(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home, 0)
    (store(home, 0, hours=1) / DATABASE).write_bytes(b"PK" * 3000)
    assert run(["diff"]) == 2
    assert "cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("per_request", "words"),
    [(300, "## Memory leak: 300 B per request\n"), (0, "No ticket to write: ")],
)
def test_a_report_as_tickets(
    home: Path, capsys: pytest.CaptureFixture[str], per_request: int, words: str
) -> None:
    store(home, per_request)
    assert run(["report", "--format", "ticket"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(words)
    assert not captured.err


def test_the_other_formats_of_a_report(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(home, 300)
    assert run(["report", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "fail"
    assert run(["report", "--format", "markdown", "--json", "r.json"]) == 0
    assert capsys.readouterr().out.startswith("### ")
    assert (home / "r.json").exists()
    assert run(["report", "--format", "terminal"]) == 0
    assert capsys.readouterr().out.startswith("FAIL")


def test_two_texts_do_not_share_standard_output(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, 300)
    assert run(["report", "--format", "ticket", "--json", "-"]) == 2
    captured = capsys.readouterr()
    assert "both write to standard output" in captured.err
    assert not captured.out


def test_a_run_without_requests_is_not_compared(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, 300)
    (home / "empty.json").write_text(
        json_report.render(made(0, "empty").model_copy(update={"requests": 0}))
    )
    for runs in (["T1509", "empty.json"], ["empty.json", "T1509"]):
        assert run(["diff", *runs]) == 2
        assert "empty.json had no requests, so there is nothing to compare" in (
            capsys.readouterr().err
        )
