import tomllib
from pathlib import Path
from typing import Any

import pytest

from tsprof.cli.main import run
from tsprof.config import complete, load_settings

APP = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/items')\ndef items(): ...\n"
FILE = Path("tsprof.toml")


def written() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text())


def test_the_file_that_is_written_can_be_used_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("main.py").write_text(APP)
    assert run(["init"]) == 0
    settings = complete(load_settings(Path()).settings, Path())
    assert settings.target.command[1:] == ("-m", "uvicorn", "--port", "{port}", "main:app")
    assert settings.load.url == ("/items",)
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "command: main.py, line 2: a FastAPI application named app",
        "load: main.py, line 4: a route for GET",
        "look at this: uvicorn is not among the project's requirements; it must be installed",
        "wrote tsprof.toml; tsprof check uses it",
    ]
    assert not captured.out


def test_routes_that_are_left_out_are_told_with_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handlers = "".join(f"@app.post('/p{at}')\ndef p{at}(): ...\n" for at in range(8))
    Path("main.py").write_text(f"{APP}@app.get('/items/{{n}}')\ndef item(n): ...\n{handlers}")
    assert run(["init"]) == 0
    text = FILE.read_text()
    told = "left out: /items/{n} needs a value, /p0 takes POST, "
    assert f"\n# {told}" in text
    assert "/p6 takes POST, and 1 more\n# A Locust file can" in text
    assert "\n# Drop a path that answers only those who have logged in" in text
    assert told in capsys.readouterr().err
    assert written()["load"]["url"] == "/items"


def test_every_line_that_is_commented_out_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    Path("main.py").write_text(APP)
    run(["init"])
    text = FILE.read_text()
    proposals = [
        line.removeprefix("# ") for line in text.splitlines() if " = " in line or "[" in line
    ]
    Path("all.toml").write_text("\n".join(proposals))
    assert load_settings(Path(), Path("all.toml")).settings.criteria["p99_ms"] == 50
    capsys.readouterr()


def test_a_file_that_is_there_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("main.py").write_text(APP)
    FILE.write_text("# mine")
    assert run(["init"]) == 2
    assert FILE.read_text() == "# mine"
    assert "--force" in capsys.readouterr().err
    assert run(["init", "--force"]) == 0
    assert "target" in written()


@pytest.mark.parametrize("option", ["--print", "--dry-run"])
def test_a_print_is_the_file_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    Path("main.py").write_text(APP)
    FILE.write_text("# mine")
    assert run(["init", option]) == 0
    assert tomllib.loads(capsys.readouterr().out)["load"]["url"] == "/items"
    assert FILE.read_text() == "# mine"


def test_without_a_guess_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 2
    assert not FILE.exists()
    assert "tsprof init -- COMMAND" in capsys.readouterr().err


def test_a_command_that_is_given_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--", "./server", "--port", "{port}", 'a "b"\\c']) == 0
    assert written()["target"] == {"command": ["./server", "--port", "{port}", 'a "b"\\c']}
    assert written()["load"]["url"] == "/"
    assert "look at this" in capsys.readouterr().err


def test_a_given_command_leaves_the_rest_to_be_guessed() -> None:
    Path("main.py").write_text(APP)
    assert run(["init", "--", "./server"]) == 0
    assert written()["target"] == {"command": ["./server"], "env": {"PORT": "{port}"}}
    assert written()["load"]["url"] == "/items"


def test_a_locust_file_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    Path("main.py").write_text(APP)
    Path("load").mkdir()
    Path("load/locustfile.py").touch()
    assert run(["init"]) == 0
    assert written()["load"] == {"locustfile": "load/locustfile.py", "users": 10}
    assert "load/locustfile.py is there" in capsys.readouterr().err


@pytest.mark.parametrize("argument", ["a\udc80", "a\x7fb", "a\x00b", "a\x1b[2J"])
def test_a_command_that_no_file_can_hold_is_refused_or_kept(
    capsys: pytest.CaptureFixture[str], argument: str
) -> None:
    status = run(["init", "--", "server", "{port}", argument])
    told = capsys.readouterr().err
    if status == 0:
        assert written()["target"]["command"][-1] == argument
    else:
        assert status == 2
        assert told.startswith("tsprof: ")
        assert not FILE.exists()
    assert told.replace("\n", "").isprintable()


def test_names_of_files_cannot_break_out_of_their_comment() -> None:
    folder = Path("x\n[load]\nusers = 7 # ")
    folder.mkdir()
    (folder / "main.py").write_text("import db\n" + APP)
    (folder / "db.py").touch()
    assert run(["init"]) == 0
    assert written()["load"]["users"] == 10
    assert written()["target"]["cwd"] == str(folder)
