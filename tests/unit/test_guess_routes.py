from pathlib import Path
from textwrap import dedent

import pytest

from tsprof.guess.choice import left_out, simple_routes
from tsprof.guess.project import modules
from tsprof.guess.routes import Route, routes


def route(folder: Path, files: dict[str, str]) -> Route | None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return next(iter(simple_routes(routes(modules(folder)))), None)


def path_in(folder: Path, text: str) -> str | None:
    found = route(folder, {"main.py": text})
    return found.path if found else None


def fastapi(*handlers: str) -> str:
    return "\n".join(["from fastapi import *", "app = FastAPI()", *handlers])


def test_all_routes_that_are_as_good_as_each_other_are_taken_once(tmp_path: Path) -> None:
    names = ["b", "a", "b", "health", "c/{n}", "", "d"]
    handlers = (f"@app.get('/{name}')\ndef f{at}(): ..." for at, name in enumerate(names))
    (tmp_path / "main.py").write_text(fastapi(*handlers))
    found = simple_routes(routes(modules(tmp_path)))
    assert [(route.path, route.line) for route in found] == [("/b", 4), ("/a", 6), ("/d", 16)]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(
            fastapi("@app.get('/health')\ndef h(): ...", "@app.get('/a')\ndef a(): ..."),
            "/a",
            id="not the health check",
        ),
        pytest.param(
            fastapi("@app.get('/')\ndef h(): ...", "@app.get('/a')\ndef a(): ..."),
            "/a",
            id="not the start page",
        ),
        pytest.param(
            fastapi("@app.get('/health')\ndef h(): ...", "@app.get('/')\ndef a(): ..."),
            "/",
            id="the start page before the health check",
        ),
        pytest.param(fastapi("@app.get('/health')\ndef h(): ..."), "/health", id="only health"),
        pytest.param(fastapi("@app.get('/a/{n}')\ndef a(n): ..."), None, id="parameters"),
        pytest.param(fastapi("@app.post('/a')\ndef a(): ..."), None, id="no GET"),
        pytest.param(fastapi("@app.get('/a')\ndef a(q: str): ..."), None, id="a needed query"),
        pytest.param(
            fastapi("@app.get('/a')\ndef a(q: str = Query(...)): ..."), None, id="a needed Query"
        ),
        pytest.param(
            fastapi("@app.get('/a')\ndef a(q: Annotated[str, Header()]): ..."),
            None,
            id="a needed header",
        ),
        pytest.param(
            fastapi("@app.get('/a')\ndef a(request: Request, q: int = 1): ..."), "/a", id="defaults"
        ),
        pytest.param(
            fastapi(
                "@app.get('/a')\ndef a(*, db=Depends(db)): ...", "@app.get('/b')\ndef b(): ..."
            ),
            "/b",
            id="without dependencies first",
        ),
        pytest.param(
            fastapi("@app.get('/a')\ndef a(db: Annotated[Db, Depends(db)]): ..."),
            "/a",
            id="a dependency if there is nothing else",
        ),
        pytest.param(
            fastapi("@app.get('/a')\ndef a(user: CurrentUser): ..."), None, id="a logged-in user"
        ),
        pytest.param(
            fastapi("@app.get('/a')\ndef a(u=Depends(get_current_user)): ..."), None, id="a user"
        ),
        pytest.param(
            fastapi("@app.get('/a')\n@login_required\ndef a(): ..."), None, id="behind a login"
        ),
        pytest.param(fastapi("@app.get('/logout')\ndef a(): ..."), None, id="dangerous"),
        pytest.param(fastapi("@app.get(PATH)\ndef a(): ..."), None, id="computed"),
        pytest.param(fastapi("@app.get('a')\ndef a(): ..."), None, id="no slash"),
        pytest.param(fastapi("@app.get('/a b')\ndef a(): ..."), None, id="to be encoded"),
        pytest.param(
            """
            from flask import Flask
            app = Flask(__name__)
            @app.route("/add", methods=["POST"])
            def add(): ...
            @app.route("/both", methods=["GET", "POST"])
            def both(): ...
            """,
            "/both",
            id="Flask",
        ),
        pytest.param(
            """
            from starlette.applications import Starlette
            from starlette.routing import Mount, Route
            app = Starlette(routes=[
                Route("/ping", ping),
                Route("/add", add, methods=["POST"]),
                Mount("/api", routes=[Mount("/v1", routes=[Route("/items", items)])]),
            ])
            """,
            "/api/v1/items",
            id="Starlette",
        ),
        pytest.param(
            """
            from aiohttp import web
            app = web.Application()
            app.add_routes([web.post("/a", a), web.get("/b/{n}", b), web.get("/c", c)])
            """,
            "/c",
            id="aiohttp",
        ),
        pytest.param(
            """
            from litestar import Controller, get
            @get("/a")
            async def a() -> str: ...
            """,
            "/a",
            id="Litestar",
        ),
        pytest.param(
            """
            from litestar import Controller, get
            class A(Controller):
                path = "/b"
                @get("/a")
                async def a(self) -> str: ...
            """,
            None,
            id="Litestar's controllers",
        ),
        pytest.param("import aiohttp\napp.router.add_get('/a', a)", "/a", id="aiohttp's router"),
    ],
)
def test_the_best_route_of_a_module(tmp_path: Path, text: str, path: str | None) -> None:
    assert path_in(tmp_path, text) == path


def test_routers_in_other_modules_have_the_prefixes_of_their_inclusion(tmp_path: Path) -> None:
    found = route(
        tmp_path,
        {
            "app/__init__.py": "",
            "app/main.py": """
                from fastapi import FastAPI
                from app.api import router as everything
                app = FastAPI()
                app.include_router(everything, prefix="/api")
            """,
            "app/api/__init__.py": """
                from fastapi import APIRouter
                from . import items
                router = APIRouter()
                router.include_router(items.router, prefix="/v1")
            """,
            "app/api/items.py": """
                from fastapi import APIRouter
                router = APIRouter(prefix="/items")
                lonely = APIRouter(prefix="/lonely")
                @lonely.get("/never")
                def never(): ...
                @router.get("/all")
                def every(): ...
            """,
        },
    )
    assert found is not None
    assert found.path == "/api/v1/items/all"
    assert str(found.file) == "app/api/items.py"


@pytest.mark.parametrize(
    ("registration", "path"),
    [
        ("app.register_blueprint(shop)", "/shop/list"),
        ("app.register_blueprint(shop, url_prefix='/s')", "/s/list"),
        ("", None),
    ],
)
def test_blueprints(tmp_path: Path, registration: str, path: str | None) -> None:
    text = f"""
        from flask import Blueprint, Flask
        shop = Blueprint("shop", __name__, url_prefix="/shop")
        @shop.get("/list")
        def items(): ...
        def create_app():
            app = Flask(__name__)
            {registration}
            return app
    """
    assert path_in(tmp_path, text) == path


def test_routers_that_include_each_other_end(tmp_path: Path) -> None:
    text = """
        from fastapi import APIRouter
        a = APIRouter(prefix="/a")
        b = APIRouter(prefix="/b")
        a.include_router(b)
        b.include_router(a)
        @a.get("/x")
        def x(): ...
    """
    assert path_in(tmp_path, text) is None


def test_django_url_modules_that_include_each_other_end(tmp_path: Path) -> None:
    urls = "from django.urls import include, path\nurlpatterns = [path('a/', include('{}'))]\n"
    files = {"settings.py": "ROOT_URLCONF = 'a'\n"}
    assert route(tmp_path, files | {"a.py": urls.format("b"), "b.py": urls.format("a")}) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            fastapi(
                "@app.get('/items')\ndef items(): ...",
                "@app.post('/items')\ndef add(): ...",
                "@app.get('/users/{id}')\ndef user(id): ...",
                "@app.get('/find')\ndef find(q: str): ...",
                "@app.get('/me')\ndef me(user: CurrentUser): ...",
                "@app.post('/logout')\ndef out(): ...",
                "@app.get('/health/{part}')\ndef health(part): ...",
            ),
            [
                "/items takes POST",
                "/users/{id} needs a value",
                "/find needs a value",
                "/me needs a login",
            ],
            id="FastAPI",
        ),
        pytest.param(
            """
            from flask import Flask, abort, request
            app = Flask(__name__)
            @app.route("/items/<int:n>")
            def item(n): ...
            @app.route("/items", methods=["POST", "PUT"])
            def add(): ...
            @app.route("/private")
            def private():
                if request.headers.get("X-Token") != "secret":
                    abort(401)
            @app.route("/dir/")
            def folder(): ...
            """,
            ["/items/<int:n> needs a value", "/items takes POST", "/private may need a login"],
            id="Flask",
        ),
        pytest.param(
            """
            from aiohttp import web
            app = web.Application()
            app.add_routes([web.post("/a", a), web.get("/b/{n}", b), web.get("/c", c)])
            app.router.add_delete("/d", d)
            """,
            ["/a takes POST", "/b/{n} needs a value", "/d takes DELETE"],
            id="aiohttp",
        ),
    ],
)
def test_what_is_left_out_is_told_with_the_reason(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    (tmp_path / "main.py").write_text(dedent(text))
    found = routes(modules(tmp_path))
    assert left_out(found) == told
    assert len(simple_routes(found)) == 1
