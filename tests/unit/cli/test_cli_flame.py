"""``tsprof flame`` on runs that were stored before."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from tsprof.analysis.hotspots.profiles import Unit, profile_of
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.cli.main import run
from tsprof.records import SampledWindow
from tsprof.stacks import Frame
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE, create_run

PICTURES = ["flame.folded", "flame.html", "flame.speedscope.json", "flame.svg"]


def stored(
    home: Path, *, segments: int = 6, pids: int = 1, hot: float = 40.0, unit: Unit = "samples"
) -> Path:
    folder = create_run(home, "flame", datetime.now(UTC))
    database = RunDatabase(folder / DATABASE)
    database.set_fact("scenario", "flame")
    main = Frame(function="main", file="/srv/app.py", line=1)
    names = {"hot": hot, **{f"f{number}": 60.0 for number in range(8)}}
    stacks = {
        (main, Frame(function=n, file="/srv/app.py", line=9)): weight for n, weight in names.items()
    }
    for segment in range(segments):
        for pid in range(1, pids + 1):
            window = SampledWindow(
                segment=segment,
                pid=pid,
                command="app",
                began=float(segment),
                profile=profile_of(
                    stacks,
                    unit=unit,
                    requests=1000,
                    seconds=2.0,
                    cpu_seconds=sum(names.values()) / 100 if unit == "samples" else 0.0,
                ),
            )
            database.add(window)
    database.close()
    return folder


def test_a_run_is_drawn_into_its_folder(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = stored(home)
    assert run(["flame", folder.name]) == 0
    printed = capsys.readouterr()
    assert "hot srv/app.py:9" in printed.out.replace("/srv", "srv")
    assert f"flame graph: {folder / 'flame.html'}" in printed.err
    assert sorted(path.name for path in folder.glob("flame*")) == PICTURES


def test_each_of_several_processes_has_a_page_of_its_own(home: Path) -> None:
    folder = stored(home, pids=3)
    assert run(["flame", folder.name, "--quiet"]) == 0
    assert len(list(folder.glob("flame-[123].html"))) == 3


def test_two_runs_are_compared(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = stored(home, hot=400.0), stored(home, hot=800.0)
    assert run(["flame", "--diff", before.name, after.name, "--json", "d.json"]) == 0
    changes = json.loads(Path("d.json").read_text())["changes"]
    assert {change["function"] for change in changes} >= {"hot"}
    assert "became hotter or cooler beyond noise" in capsys.readouterr().out
    assert (after / "flame-diff.html").is_file()
    assert not (before / "flame-diff.html").exists()


def test_runs_that_counted_instructions_are_compared_in_the_picture(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = (stored(home, hot=hot, unit="instructions") for hot in (400.0, 800.0))
    assert run(["flame", "--diff", before.name, after.name]) == 0
    assert "instructions are counted; the picture shows each change" in capsys.readouterr().out
    assert "instructions per request" in (after / "flame-diff.svg").read_text("utf-8")
    assert run(["flame", "--diff", before.name, stored(home).name]) == 2
    assert "cannot be compared with samples" in capsys.readouterr().err


def test_a_run_with_itself_compares_its_halves(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stored(home)
    assert run(["flame", "--diff", folder.name, folder.name]) == 0
    assert "first half to second: nothing became hotter or cooler" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["flame", "none"], "no run named 'none'"),
        (["flame", "{run}", "--", "app"], "not both"),
        (["flame", "{run}", "{run}"], "name one run"),
        (["flame", "--diff", "{run}", "{run}", "--junit", "x"], "--json and --html only"),
        (["flame", "--diff", "{short}", "{short}"], "not enough sampled segments"),
        (["flame", "{empty}"], "has sampled no call stacks"),
        (["flame"], "there is no target"),
        (["flame", "--url", "/"], "there is no target"),
    ],
)
def test_wrong_use_is_told_in_a_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    names = {
        "run": stored(home).name,
        "short": stored(home, segments=1).name,
        "empty": stored(home, segments=0).name,
    }
    assert run([word.format_map(names) if word.startswith("{") else word for word in words]) == 2
    assert problem in capsys.readouterr().err


def test_options_of_the_command_are_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flame", "--url", "x", "--", "app", "--native"]) == 2
    assert "--native" not in capsys.readouterr().err


def test_what_survived_a_window_is_drawn(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = stored(home)
    database = RunDatabase(folder / DATABASE)
    keep = Frame(function="keep", file="/srv/app.py", line=9)
    confirmation = Confirmation(
        survivors=profile_of({(keep,): 700.0}, unit="bytes", requests=100),
        peak=profile_of({(keep,): 900.0}, unit="bytes"),
    )
    database.set_fact(
        "confirmation", TypeAdapter(Confirmation).dump_python(confirmation, mode="json")
    )
    database.close()
    assert run(["flame", "--memory", folder.name]) == 0
    assert f"flame graph: {folder / 'memory.html'}" in capsys.readouterr().err
    assert "7 B per request" in (folder / "memory.html").read_text("utf-8")
    assert (folder / "memory.folded").read_text("utf-8") == "keep (/srv/app.py:9) 700\n"
    assert (folder / "memory-peak.folded").read_text("utf-8") == "keep (/srv/app.py:9) 900\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--memory"], "name one"),
        (["--memory", "RUN"], "has seen no allocations that survived"),
        (["--memory", "--json", "x.json", "RUN"], "--html only"),
    ],
)
def test_memory_that_cannot_be_drawn_is_told_why(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    name = stored(home).name
    assert run(["flame", *(name if word == "RUN" else word for word in words)]) == 2
    assert said in capsys.readouterr().err
