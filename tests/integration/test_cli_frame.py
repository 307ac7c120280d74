"""The frame of the command line, in processes of their own."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import CommandLine, python

TSPROF = [sys.executable, "-m", "tsprof"]
HEAVY = ("pydantic", "numpy", "scipy", "locust", "gevent", "rich", "memray", "jinja2")


def test_the_list_of_commands_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom tsprof.cli.main import run\nassert run(['--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["doctor"]])
def test_a_reader_that_goes_away_is_no_trouble(arguments: list[str], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*TSPROF, *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=os.environ | {"TSPROF_HOME": str(tmp_path)},
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_is_named() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*TSPROF, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        70,
        "tsprof: cannot write the output: No space left on device\n",
    )


def test_a_shell_completes_commands_and_options() -> None:
    def completions(words: str) -> list[str]:
        done = subprocess.run(
            TSPROF,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ
            | {
                "_TSPROF_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split()) - 1),
            },
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completions("tsprof do") == ["doctor"]
    assert completions("tsprof check --max") == ["--max-time"]


def test_wrong_use_is_two_lines_and_exit_code_2(tsprof: CommandLine) -> None:
    (tsprof.folder / "tsprof.toml").write_text("[chek]\n")
    finished = tsprof.run("check", "--", "true")
    assert finished.code == 2
    assert finished.err == "tsprof: tsprof.toml: there is no table [chek]; did you mean [check]?\n"


@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        ((), 0, "tsprof check can work here.\n"),
        (("--scenario", "stress"), 3, "tsprof stress cannot work here: configuration\n"),
    ],
)
def test_doctor_says_what_can_work_here(
    tsprof: CommandLine, arguments: tuple[str, ...], code: int, answer: str
) -> None:
    finished = tsprof.run("doctor", *arguments)
    assert finished.code == code
    assert finished.out.endswith(answer)


def test_doctor_looks_at_the_targets_interpreter(tsprof: CommandLine) -> None:
    finished = tsprof.run("doctor", "--json", "-", "--python", sys.executable)
    found = json.loads(finished.out)
    assert finished.code == found["exit_code"] == 0
    rows = {row["name"]: row for row in found["rows"]}
    for name in ("kernel", "memory maps", "locust", "target's Python", "memray in target"):
        assert rows[name]["status"] == "ok", rows[name]


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.15"])
def test_doctor_says_when_the_agent_does_not_know_an_interpreter(
    tsprof: CommandLine, version: str
) -> None:
    finished = tsprof.run("doctor", "--json", "-", "--python", python(version))
    rows = {row["name"]: row for row in json.loads(finished.out)["rows"]}
    assert finished.code == 0
    assert rows["target's Python"]["status"] == "limited"
    assert f"CPython {version}" in rows["target's Python"]["found"]
    assert "memray in target" not in rows


@pytest.mark.parametrize("program", ["/bin/ls", "/bin/yes", "gone", "."])
def test_doctor_refuses_what_is_no_interpreter(tsprof: CommandLine, program: str) -> None:
    finished = tsprof.run("doctor", "--python", program)
    assert finished.code == 2
    assert finished.err.startswith(f"tsprof: {program} ")
    assert "hint: give the path of the interpreter" in finished.err


STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def health(request):
    return PlainTextResponse("ok")

async def items(request):
    return PlainTextResponse("items")

app = Starlette(routes=[Route("/health", health), Route("/items", items)])
"""
FLASK = """
from flask import Flask

def create_app(config=None):
    app = Flask(__name__)

    @app.get("/items")
    def items():
        return "items"

    return app
"""


@pytest.mark.parametrize(
    ("files", "server"),
    [
        pytest.param(
            {"main.py": STARLETTE, "requirements.txt": "uvicorn"}, "uvicorn", id="uvicorn"
        ),
        pytest.param({"shop/__init__.py": FLASK}, "flask", id="flask"),
        pytest.param(
            {"main.py": STARLETTE, "Procfile": "web: uvicorn main:app --reload --port $PORT"},
            "uvicorn",
            id="Procfile",
        ),
    ],
)
def test_check_uses_what_init_wrote(
    tsprof: CommandLine, files: dict[str, str], server: str
) -> None:
    for name, text in files.items():
        file = tsprof.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    here = Path(sys.executable).parent
    tsprof.environment["PATH"] = f"{here}{os.pathsep}{os.environ['PATH']}"

    written = tsprof.run("init")
    assert written.code == 0
    assert "wrote tsprof.toml" in written.err
    settings = tomllib.loads((tsprof.folder / "tsprof.toml").read_text())
    assert server in settings["target"]["command"]
    assert settings["load"]["url"] == "/items"

    checked = tsprof.run("check", "--max-time", "3", "--drain", "0")
    # That it starts and answers is what the file is for; three seconds are short for a verdict.
    assert checked.code in {0, 1, 3}
    assert checked.report["requests"] > checked.report["failures"]
    assert checked.report["failures"] == 0, checked.report["failure_samples"]
