import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tsprof.errors import UsageError
from tsprof.profilers import scalene_launch
from tsprof.profilers.scalene import (
    PythonProgram,
    ScaleneError,
    prefix,
    python_program,
    read_profile,
    require,
)

APP = "/srv/app/views.py"


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder on the path with an interpreter."""
    path = tmp_path / "python3"
    path.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    return str(path)


def script(folder: Path, first: str) -> str:
    path = folder / "server"
    path.write_text(f"{first}\nprint()\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def written(folder: Path, files: dict[str, list[dict[str, Any]]], **known: Any) -> Path:
    content = {
        "elapsed_time_sec": 10.0,
        "program": "/venv/bin/uvicorn",
        "files": {path: {"lines": lines} for path, lines in files.items()},
        **known,
    }
    path = folder / "scalene.json"
    path.write_text(json.dumps(content))
    return path


def line(number: int, **costs: float) -> dict[str, Any]:
    return {"lineno": number, "line": f"    line {number}\n", **costs}


def test_a_script_runs_in_the_interpreter_that_it_names(tmp_path: Path, python: str) -> None:
    server = script(tmp_path, f"#!{python}")
    assert python_program([server, "app:app", "--port", "1"], Path("/")) == PythonProgram(
        python, (server,), ("app:app", "--port", "1")
    )
    server = script(tmp_path, "#!/usr/bin/env python3")
    assert python_program(["server"], Path("/")).interpreter == python


def test_an_interpreter_runs_a_script_or_a_module(python: str) -> None:
    assert python_program(["python3", "app.py", "-v"], Path("/")) == PythonProgram(
        python, ("app.py",), ("-v",)
    )
    assert python_program(["python3", "-m", "uvicorn", "app:app"], Path("/")) == PythonProgram(
        python, ("-m", "uvicorn"), ("app:app",)
    )


@pytest.mark.parametrize(
    "arguments", [["-c", "print()"], ["-X", "dev", "app.py"], ["-m"], []], ids=str
)
def test_other_commands_of_an_interpreter_are_refused(python: str, arguments: list[str]) -> None:
    with pytest.raises(UsageError, match="a script or a module"):
        python_program([python, *arguments], Path("/"))


@pytest.mark.parametrize(
    "first", ["#!/bin/sh", "\x7fELF", "#!", "#!/usr/bin/env nothing"], ids=repr
)
@pytest.mark.usefixtures("python")
def test_what_is_no_python_is_refused(tmp_path: Path, first: str) -> None:
    with pytest.raises(UsageError, match="no Python script"):
        python_program([script(tmp_path, first)], Path("/"))


@pytest.mark.usefixtures("python")
def test_a_program_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="no program 'nothing'"):
        python_program(["nothing"], Path("/"))


def test_a_relative_program_is_one_of_the_folder_that_it_runs_in(
    tmp_path: Path, python: str
) -> None:
    program = python_program(["./python3", "app.py"], tmp_path)
    assert Path(program.interpreter) == Path(python)


def test_a_target_that_runs_already_is_refused() -> None:
    with pytest.raises(UsageError, match="runs already"):
        require([], Path("/"))


@pytest.mark.parametrize("option", ["--workers 2", "--workers=4", "--reload"])
def test_workers_that_are_spawned_are_refused(option: str) -> None:
    with pytest.raises(UsageError, match="does not follow the workers"):
        require(["uvicorn", "app:app", *option.split()], Path("/"))


def test_scalene_gets_the_program_and_its_arguments_apart() -> None:
    program = PythonProgram("/venv/bin/python", ("-m", "uvicorn"), ("app:app", "--port", "1"))
    words = scalene_launch.command(program, "out.json", "/srv")
    assert words[0] == "/venv/bin/python"
    assert words[-6:] == ["-m", "uvicorn", "---", "app:app", "--port", "1"]
    assert words[words.index("--outfile") + 1] == "out.json"
    assert words[words.index("--program-path") + 1] == "/srv"


def test_scalene_finds_all_that_it_would_start_a_second_process_for() -> None:
    given = {"LD_PRELOAD": "libother.so", "HOME": "/root"}
    made = scalene_launch.environment(given, Path("/site/scalene"))
    assert made["LD_PRELOAD"] == "libscalene.so:libother.so"
    assert made["LD_LIBRARY_PATH"] == "/site/scalene"
    assert made["HOME"] == "/root"


def test_the_prefix_needs_no_module_of_the_target(tmp_path: Path) -> None:
    words = prefix(tmp_path / "out.json", tmp_path)
    assert words[:4] == (sys.executable, "-P", "-m", "tsprof.profilers.scalene_launch")


def test_costs_are_read_by_line(tmp_path: Path) -> None:
    costs = {
        "n_cpu_percent_python": 30.0, "n_cpu_percent_c": 20.0, "n_sys_percent": 10.0,
        "n_malloc_mb": 3.0, "n_copy_mb_s": 2.0,
    }  # fmt: skip
    [source] = read_profile(written(tmp_path, {APP: [line(7, **costs)]}))
    [told] = source.lines
    assert (told.number, told.text) == (7, "    line 7")
    assert (told.python, told.native, told.system) == (0.3, 0.2, 0.1)
    assert (told.allocated, told.copied) == (3 * 2**20, 20 * 2**20)
    assert source.time == pytest.approx(0.6)


def test_lines_are_shown_as_they_are_in_their_file(tmp_path: Path) -> None:
    escaped = {
        **line(1, n_cpu_percent_c=9.0),
        "line": "def f() -\\u003e set[int]: return a \\u003c b\n",
    }
    [source] = read_profile(written(tmp_path, {APP: [escaped]}))
    assert source.lines[0].text == "def f() -> set[int]: return a < b"


def test_only_what_took_something_and_what_is_near_is_kept(tmp_path: Path) -> None:
    lines = [line(number, n_cpu_percent_c=5.0 * (number == 10)) for number in range(1, 21)]
    [source] = read_profile(written(tmp_path, {APP: lines}))
    assert [told.number for told in source.lines] == [8, 9, 10, 11, 12]


def test_libraries_and_the_starting_script_are_left_out(tmp_path: Path) -> None:
    hot = [line(1, n_cpu_percent_python=30.0)]
    files = dict.fromkeys(["/venv/bin/uvicorn", "/v/site-packages/x.py", APP], hot)
    assert [source.path for source in read_profile(written(tmp_path, files))] == [APP]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "wrote no profile"),
        ("{", "cannot be read"),
        ('{"files": {"a.py": {"lines": [{"lineno": 0, "line": ""}]}}}', "cannot be read"),
        ('{"files": {}}', "none of the target's own code"),
    ],
)
def test_a_profile_that_tells_nothing_is_told_why(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "scalene.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ScaleneError, match=said):
        read_profile(path)
