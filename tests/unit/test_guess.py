from pathlib import Path
from textwrap import dedent

import pytest

from tsprof.guess import Guess, guess

FASTAPI = """
    from fastapi import FastAPI
    app = FastAPI()

    @app.get("/health")
    def health(): ...

    @app.get("/items/{number}")
    def item(number: int): ...

    @app.get("/items")
    def items(): ...
"""
FLASK = """
    from flask import Flask
    app = Flask(__name__)

    @app.route("/items", methods=["POST"])
    def add(): ...

    @app.route("/list")
    def items(): ...
"""
UVICORN = ("python", "-m", "uvicorn", "--port", "{port}")
GUNICORN = ("python", "-m", "gunicorn", "--bind", "127.0.0.1:{port}")
FLASK_RUN = ("run", "--port", "{port}", "--no-reload", "--no-debugger")


def guessed(folder: Path, files: dict[str, str]) -> Guess | None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return guess(folder, "python")


def sure(folder: Path, files: dict[str, str]) -> Guess:
    found = guessed(folder, files)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("files", "command"),
    [
        pytest.param({"main.py": FASTAPI}, (*UVICORN, "main:app"), id="FastAPI"),
        pytest.param(
            {"shop/__init__.py": "", "shop/api.py": FASTAPI},
            (*UVICORN, "shop.api:app"),
            id="in a package",
        ),
        pytest.param(
            {"app/main.py": "from app import items\n" + dedent(FASTAPI), "app/items.py": ""},
            (*UVICORN, "app.main:app"),
            id="in a folder that is imported as a package",
        ),
        pytest.param(
            {"main.py": FASTAPI, "requirements.txt": "fastapi\nhypercorn>=0.17\n"},
            ("python", "-m", "hypercorn", "--bind", "127.0.0.1:{port}", "main:app"),
            id="behind the server that is asked for",
        ),
        pytest.param(
            {
                "main.py": """
                    import fastapi as web
                    def build(): return web.FastAPI()
                    def create_app(debug=False):
                        application = web.FastAPI(debug=debug)
                        return application
                """
            },
            ("python", "-m", "uvicorn", "--factory", "--port", "{port}", "main:create_app"),
            id="a factory",
        ),
        pytest.param(
            {
                "service/__init__.py": "from .factory import create_app\n",
                "service/factory.py": """
                    from starlette.applications import Starlette
                    def create_app(settings) -> Starlette:
                        return configure(Starlette())
                """,
                "service/asgi.py": "from service.factory import create_app\napp = create_app({})\n",
            },
            (*UVICORN, "service.asgi:app"),
            id="made by a factory elsewhere",
        ),
        pytest.param(
            {"app.py": "async def app(scope, receive, send): ...\n"},
            (*UVICORN, "app:app"),
            id="plain ASGI",
        ),
        pytest.param(
            {"app.py": FLASK},
            ("python", "-m", "flask", "--app", "app:app", *FLASK_RUN),
            id="Flask",
        ),
        pytest.param(
            {"app.py": FLASK, "pyproject.toml": '[project]\ndependencies = ["Gunicorn ~= 23"]'},
            (*GUNICORN, "app:app"),
            id="Flask with gunicorn",
        ),
        pytest.param(
            {
                "shop/__init__.py": """
                    from flask import Flask
                    def create_app(config=None):
                        app = Flask(__name__)
                        return app
                """,
                "Pipfile": '[packages]\ngunicorn = "*"',
            },
            (*GUNICORN, "shop:create_app()"),
            id="a Flask factory with gunicorn",
        ),
        pytest.param(
            {
                "app.py": "def application(environ, start_response): ...\n",
                "pyproject.toml": '[tool.poetry.dependencies]\nwaitress = "^3"',
            },
            ("python", "-m", "waitress", "--listen", "127.0.0.1:{port}", "app:application"),
            id="plain WSGI with waitress",
        ),
        pytest.param(
            {"app.py": "from aiohttp import web\napp = web.Application()\n"},
            (
                *("python", "-c"),
                (
                    "from aiohttp import web; from app import app; "
                    "web.run_app(app, host='127.0.0.1', port={port})"
                ),
            ),
            id="aiohttp",
        ),
        pytest.param(
            {
                "app.py": """
                    from aiohttp.web import Application
                    async def init(argv):
                        app = Application()
                        return app
                """
            },
            ("python", "-m", "aiohttp.web", "-H", "127.0.0.1", "-P", "{port}", "app:init"),
            id="an aiohttp factory",
        ),
        pytest.param(
            {
                "app.py": "from aiohttp import web\napp = web.Application()\n",
                "requirements.txt": "gunicorn",
            },
            (
                *("python", "-m", "gunicorn", "--worker-class", "aiohttp.GunicornWebWorker"),
                *("--bind", "127.0.0.1:{port}", "app:app"),
            ),
            id="aiohttp with gunicorn",
        ),
    ],
)
def test_the_command_from_the_code(
    tmp_path: Path, files: dict[str, str], command: tuple[str, ...]
) -> None:
    assert sure(tmp_path, files).command == command


DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/__init__.py": "",
    "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\n",
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\n"
    "application = get_wsgi_application()\n",
    "shop/asgi.py": "from django.core.asgi import get_asgi_application\n"
    "application = get_asgi_application()\n",
    "shop/urls.py": """
        from django.contrib import admin
        from django.urls import include, path
        urlpatterns = [
            path("admin/", admin.site.urls),
            path("api/", include("items.urls")),
            path("", home),
        ]
    """,
    "items/__init__.py": "",
    "items/urls.py": """
        from django.urls import path
        urlpatterns = [path("<int:number>/", item), path("items/", items)]
    """,
}


@pytest.mark.parametrize(
    ("requirement", "command"),
    [
        ("django", ("python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}")),
        ("gunicorn", (*GUNICORN, "shop.wsgi:application")),
        ("uvicorn[standard]", (*UVICORN, "shop.asgi:application")),
    ],
)
def test_django(tmp_path: Path, requirement: str, command: tuple[str, ...]) -> None:
    found = sure(tmp_path, DJANGO | {"requirements.txt": requirement})
    assert found.command == command
    assert found.urls == ("/api/items/",)


def test_django_below_the_folder_runs_there(tmp_path: Path) -> None:
    found = sure(tmp_path, {f"backend/{name}": text for name, text in DJANGO.items()})
    assert found.command[1] == "manage.py"
    assert str(found.cwd) == "backend"
    assert found.urls == ("/api/items/",)


def test_a_folder_of_scripts_is_run_from_inside(tmp_path: Path) -> None:
    found = sure(tmp_path, {"api/main.py": "import db\n" + dedent(FASTAPI), "api/db.py": ""})
    assert found.command == (*UVICORN, "main:app")
    assert str(found.cwd) == "api"


def test_the_src_layout_is_put_on_the_path(tmp_path: Path) -> None:
    found = sure(tmp_path, {"src/shop/__init__.py": "", "src/shop/main.py": FASTAPI})
    assert found.command == (*UVICORN, "shop.main:app")
    assert found.cwd is None
    assert found.env == {"PYTHONPATH": "src"}


@pytest.mark.parametrize(
    ("folder", "python"),
    [("", ".venv/bin/python"), ("backend/", "../.venv/bin/python")],
)
def test_the_projects_environment_is_used(tmp_path: Path, folder: str, python: str) -> None:
    files = {".venv/bin/python": "", ".venv/pyvenv.cfg": "", f"{folder}db.py": ""}
    found = sure(tmp_path, {**files, f"{folder}main.py": "import db\n" + dedent(FASTAPI)})
    assert found.command[0] == python


def test_applications_of_tests_and_environments_do_not_count(tmp_path: Path) -> None:
    files = dict.fromkeys(
        ["tests/main.py", "examples/app.py", ".hidden/app.py", "env2/lib/app.py", "test_app.py"],
        FASTAPI,
    )
    assert guessed(tmp_path, files | {"env2/pyvenv.cfg": ""}) is None


def test_the_likeliest_application_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    found = sure(tmp_path, {"internal/admin.py": FASTAPI, "main.py": FASTAPI})
    assert found.command[-1] == "main:app"
    assert any("internal/admin.py" in doubt for doubt in found.doubts)


def test_an_application_made_only_when_run_as_a_script_is_not_served(tmp_path: Path) -> None:
    text = "import flask\nif __name__ == '__main__':\n    app = flask.Flask('x')\n    app.run()\n"
    assert guessed(tmp_path, {"app.py": text}) is None


@pytest.mark.parametrize(
    "content",
    [b"def (", b"\xff\xfe\x00", b"\0", b"(" * 5000, b"x = '\\d'\n", b"#" * (1 << 21)],
)
def test_files_that_are_not_python_are_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.py").write_bytes(content)
    assert guess(tmp_path, "python") is None
    assert sure(tmp_path, {"main.py": FASTAPI}).command[-1] == "main:app"


@pytest.mark.parametrize("folder", ["", "load/", "tests/load/"])
def test_a_locust_file_is_the_load(tmp_path: Path, folder: str) -> None:
    found = sure(tmp_path, {"main.py": FASTAPI, f"{folder}locustfile.py": ""})
    assert str(found.locustfile) == f"{folder}locustfile.py"
    assert found.urls == ()


def test_nothing_is_guessed_from_nothing(tmp_path: Path) -> None:
    assert guess(tmp_path, "python") is None
    assert guessed(tmp_path, {"README.md": "x", "lib.py": "def f(): ..."}) is None


def test_so_many_routes_are_loaded_and_no_more(tmp_path: Path) -> None:
    more = "".join(f"\n@app.get('/r{n}')\ndef r{n}(): ...\n" for n in range(6))
    found = sure(tmp_path, {"main.py": dedent(FASTAPI) + more})
    assert len(found.urls) == 5
    assert found.load_evidence.endswith(": routes for GET")
    assert "2 more routes for GET are left out, such as /r4" in found.doubts


def test_evidence_names_the_place(tmp_path: Path) -> None:
    found = sure(tmp_path, {"main.py": FASTAPI})
    assert found.command_evidence == "main.py, line 3: a FastAPI application named app"
    assert found.load_evidence == "main.py, line 12: a route for GET"
    assert found.doubts == (
        "uvicorn is not among the project's requirements; it must be installed",
    )
