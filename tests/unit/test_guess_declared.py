from pathlib import Path

import pytest

from tsprof.guess import guess
from tsprof.guess.declared import parse_command
from tsprof.guess.servers import adapt

UVICORN = ("python", "-m", "uvicorn", "--port", "{port}")
GUNICORN = ("python", "-m", "gunicorn", "--bind", "127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("uvicorn app:app --port $PORT", ["uvicorn", "app:app", "--port", "{port}"]),
        ("exec gunicorn -b :${PORT:-8000} a:b", ["gunicorn", "-b", ":{port}", "a:b"]),
        ("a -b 0.0.0.0:$(PORT)", ["a", "-b", "0.0.0.0:{port}"]),
        ("poetry run uvicorn a:b", ["uvicorn", "a:b"]),
        ("tini -- sh -c 'exec uvicorn a:b'", ["uvicorn", "a:b"]),
        ("python manage.py migrate && gunicorn a:b", ["gunicorn", "a:b"]),
        ("cd x; gunicorn a:b", ["gunicorn", "a:b"]),
        ("gunicorn a:b -w $WORKERS --threads=$T", ["gunicorn", "a:b"]),
        ("gunicorn a:b -w ${WORKERS:-4}", ["gunicorn", "a:b", "-w", "4"]),
        ("gunicorn a:b # the site", ["gunicorn", "a:b"]),
        ("$SERVER a:b", []),
        ("gunicorn 'a", []),
        ("", []),
        ("sh -c ''", []),
    ],
)
def test_a_shell_line_becomes_words(line: str, words: list[str]) -> None:
    assert list(parse_command(line, "test").words) == words


def test_variables_before_a_command_are_kept_except_reloaders() -> None:
    found = parse_command("A=1 PORT2=$PORT FLASK_DEBUG=1 B=$SECRET env2 x", "test")
    assert found.words == ("env2", "x")
    assert found.env == {"A": "1", "PORT2": "{port}"}


def test_what_was_left_out_is_said() -> None:
    found = parse_command("python manage.py migrate && gunicorn a:b -w $N", "test")
    assert found.left_out == ("python manage.py migrate", "-w $N")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("uvicorn a:b --host 0.0.0.0 --port=80 --reload --workers 2", (*UVICORN, "a:b", "W")),
        ("/usr/bin/uvicorn a:b --limit-max-requests 9 --workers 2", (*UVICORN, "a:b", "W")),
        ("python3 -m uvicorn a:b --uds /x.sock --workers 2", (*UVICORN, "a:b", "W")),
        ("gunicorn a:b -b :1 -b127.0.0.1:2 --bind=x -D --workers 2", (*GUNICORN, "a:b", "W")),
        ("gunicorn --max-requests 9 --max-requests-jitter=3 a:b", (*GUNICORN, "a:b")),
        ("gunicorn -k uvicorn.workers.UvicornWorker a:b", (*GUNICORN, "-k", "K", "a:b")),
        (
            "flask --app a --debug run --host=0.0.0.0 -p 80",
            (
                *("python", "-m", "flask", "--app", "a", "run"),
                *("--port", "{port}", "--no-reload", "--no-debugger"),
            ),
        ),
        ("flask shell", ()),
        (
            "python manage.py runserver 0.0.0.0:8000",
            ("python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
        ),
        (
            "./manage.py runserver",
            ("python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
        ),
        ("python app.py", ()),
        ("node server.js", ()),
        ("python", ()),
    ],
)
def test_a_servers_command_is_made_usable(words: str, command: tuple[str, ...]) -> None:
    short = {"K": ("uvicorn.workers.UvicornWorker",), "W": ("--workers", "2")}
    expected = tuple(part for word in command for part in short.get(word, (word,)))
    assert adapt(words.split(), "python") == expected


def project(folder: Path, **files: str) -> Path:
    names = {"code": "app.py", "docker": "Dockerfile", "proc": "Procfile"}
    for name, text in files.items():
        (folder / names.get(name, name)).write_text(text)
    return folder


FASTAPI = "from fastapi import FastAPI\napp = other = FastAPI()\n"


@pytest.mark.parametrize(
    ("files", "command", "evidence"),
    [
        (
            {"proc": "worker: x\nweb: uvicorn app:other --port $PORT\n"},
            (*UVICORN, "app:other"),
            "Procfile, web: uvicorn app:other --port {port}",
        ),
        (
            {"docker": 'FROM a\nCMD ["x"]\nFROM b\nCMD ["uvicorn", "app:other", \\\n "--reload"]'},
            (*UVICORN, "app:other"),
            "Dockerfile, CMD: uvicorn app:other --reload",
        ),
        (
            {"docker": "FROM b\nCMD uvicorn app:other --port ${PORT}"},
            (*UVICORN, "app:other"),
            "Dockerfile, CMD: uvicorn app:other --port {port}",
        ),
        (
            {"docker": 'FROM b\nENTRYPOINT ["uvicorn"]\nCMD ["app:other"]'},
            (*UVICORN, "app:other"),
            "Dockerfile, ENTRYPOINT and CMD: uvicorn app:other",
        ),
        (
            {"docker": 'FROM b\nENTRYPOINT ["/entrypoint.sh"]\nCMD ["uvicorn", "app:other"]'},
            (*UVICORN, "app:other"),
            "Dockerfile, CMD: uvicorn app:other",
        ),
        (
            {"docker": 'FROM b\nCMD ["sh", "-c", "uvicorn app:other --port $PORT"]'},
            (*UVICORN, "app:other"),
            "Dockerfile, CMD: uvicorn app:other --port {port}",
        ),
        ({"proc": "web: uvicorn elsewhere:app"}, (*UVICORN, "app:app"), "app.py, line 2"),
        ({"docker": 'FROM b\nCMD ["uvicorn", 3]'}, (*UVICORN, "app:app"), "app.py, line 2"),
        ({"docker": "FROM b\nCMD [" * 50}, (*UVICORN, "app:app"), "app.py, line 2"),
        ({"proc": "web: ./start.sh"}, (*UVICORN, "app:app"), "app.py, line 2"),
    ],
)
def test_what_the_project_declares_counts_before_its_code(
    tmp_path: Path, files: dict[str, str], command: tuple[str, ...], evidence: str
) -> None:
    found = guess(project(tmp_path, code=FASTAPI, **files), "python")
    assert found is not None
    assert found.command == command
    assert found.command_evidence.startswith(evidence)


def test_a_program_that_is_not_known_gets_its_port_in_a_variable(tmp_path: Path) -> None:
    found = guess(project(tmp_path, proc="web: python serve.py --fast"), "python3")
    assert found is not None
    assert found.command == ("python3", "serve.py", "--fast")
    assert found.env == {"PORT": "{port}"}
    assert "PORT" in found.doubts[0]
    assert found.urls == ("/",)


def test_a_program_that_is_told_its_port_needs_no_variable(tmp_path: Path) -> None:
    found = guess(project(tmp_path, server="", proc="web: ./server -p $PORT"), "python")
    assert found is not None
    assert found.command == ("./server", "-p", "{port}")
    assert found.env == {}


def test_a_binary_that_only_the_image_has_is_not_guessed(tmp_path: Path) -> None:
    assert guess(project(tmp_path, docker='FROM b\nCMD ["/app/server"]'), "python") is None


def test_settings_of_gunicorn_that_spoil_a_run_are_pointed_out(tmp_path: Path) -> None:
    files = {
        "code": "import flask\napp = flask.Flask('x')\n",
        "requirements.txt": "gunicorn\n",
        "gunicorn.conf.py": "reload = True\nmax_requests = 1000\nworkers = 2\n",
    }
    found = guess(project(tmp_path, **files), "python")
    assert found is not None
    assert len([doubt for doubt in found.doubts if "gunicorn.conf.py" in doubt]) == 2
