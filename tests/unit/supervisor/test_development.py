"""Reload modes and development servers, told by their command lines."""

import shlex

import pytest

from tsprof.supervisor.development import development_notes


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn --reload app:app",
        "/srv/.venv/bin/python3.12 -X dev -u -m uvicorn app:app --port 80 --reload",
        "python /usr/local/bin/gunicorn app:app --reload",
        "flask --app app --debug run",
        "python -m flask run --reload",
        "python manage.py runserver 127.0.0.1:80",
        "fastapi dev app.py",
    ],
)
def test_reload_mode(command: str) -> None:
    assert development_notes(shlex.split(command)) == [
        "the target runs in reload mode: its latency and CPU are not those of production"
    ]


@pytest.mark.parametrize(
    ("command", "server"),
    [
        ("flask run", "flask run"),
        ("flask --debug run --no-reload", "flask run"),
        ("./manage.py runserver --noreload", "Django's runserver"),
        ("django-admin runserver --noreload", "Django's runserver"),
    ],
)
def test_development_servers(command: str, server: str) -> None:
    (note,) = development_notes(shlex.split(command))
    assert f"on a development server ({server})" in note


@pytest.mark.parametrize(
    "command",
    [
        "",
        "python",
        "python -X",
        "uvicorn app:app",
        "uvicorn --reload-dir src app:app",
        "gunicorn --workers 2 app:app",
        "python server.py --reload",
        "python -c 'import flask' flask run",
        "./server flask run --debug",
        "flask --app app routes",
        "python manage.py check runserver",
    ],
)
def test_others_have_no_note(command: str) -> None:
    assert development_notes(shlex.split(command)) == []
