"""Find the applications that a project's code makes: what a server can be pointed at."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tsprof.guess.project import Module

_CONSTRUCTORS = {
    "fastapi.FastAPI": ("FastAPI", "asgi"),
    "fastapi.applications.FastAPI": ("FastAPI", "asgi"),
    "starlette.applications.Starlette": ("Starlette", "asgi"),
    "litestar.Litestar": ("Litestar", "asgi"),
    "quart.Quart": ("Quart", "asgi"),
    "sanic.Sanic": ("Sanic", "asgi"),
    "falcon.asgi.App": ("Falcon", "asgi"),
    "channels.routing.ProtocolTypeRouter": ("Django", "asgi"),
    "django.core.asgi.get_asgi_application": ("Django", "asgi"),
    "django.core.wsgi.get_wsgi_application": ("Django", "wsgi"),
    "flask.Flask": ("Flask", "wsgi"),
    "apiflask.APIFlask": ("Flask", "wsgi"),
    "flask_openapi3.OpenAPI": ("Flask", "wsgi"),
    "bottle.Bottle": ("Bottle", "wsgi"),
    "bottle.default_app": ("Bottle", "wsgi"),
    "falcon.App": ("Falcon", "wsgi"),
    "falcon.API": ("Falcon", "wsgi"),
    "aiohttp.web.Application": ("aiohttp", "aiohttp"),
}
"""Calls that make an application: the framework, and the interface that a server speaks to it."""

_USUAL_NAMES = ("app", "application", "api", "create_app", "make_app", "get_app", "server")
_USUAL_FILES = ("main", "app", "asgi", "wsgi", "server", "application", "api", "__init__")
_SIGNATURES = {
    ("scope", "receive", "send"): ("plain ASGI", "asgi"),
    ("environ", "start_response"): ("plain WSGI", "wsgi"),
}


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application, or a function that makes one."""

    module: Module
    name: str
    """Of the module's attribute."""
    framework: str
    interface: str
    """``asgi``, ``wsgi`` or ``aiohttp``."""
    line: int
    factory: bool = False
    arguments: int = 0
    """Positional arguments that a factory must be given."""

    @property
    def reference(self) -> str:
        """What servers take: ``shop.main:app``."""
        return f"{self.module.name}:{self.name}"

    @property
    def qualified(self) -> str:
        """The dotted name: ``shop.main.app``."""
        return f"{self.module.name}.{self.name}"

    def describe(self) -> str:
        """Say what and where it is."""
        kind = "a function that makes a" if self.factory else "a"
        return (
            f"{self.module.file}, line {self.line}: {kind} {self.framework} application "
            f"named {self.name}"
        )


def applications(modules: Sequence[Module]) -> list[Application]:
    """Return the applications of a project, the likeliest first."""
    factories = {found.qualified: found for module in modules for found in _factories(module)}
    made = [found for module in modules for found in _assigned(module, factories)]
    plain = [found for module in modules for found in _plain(module)]
    served = {(found.module.file, found.framework) for found in made}
    # Where a module also calls its factory, the result is what servers are pointed at.
    callable_ones = [
        factory
        for factory in factories.values()
        if factory.arguments <= (factory.interface == "aiohttp")
        and (factory.module.file, factory.framework) not in served
    ]
    return sorted([*made, *callable_ones, *plain], key=_unlikeliness)


def _unlikeliness(found: Application) -> tuple[int, ...]:
    names, files = _USUAL_NAMES, _USUAL_FILES
    stem = found.module.file.stem
    return (
        found.framework.startswith("plain"),
        names.index(found.name) if found.name in names else len(names),
        found.factory,
        len(found.module.file.parts),
        files.index(stem) if stem in files else len(files),
        found.interface == "asgi" and found.framework == "Django",
    )


def _assigned(module: Module, factories: Mapping[str, Application]) -> Iterator[Application]:
    """The applications that a module makes when it is imported."""
    for node in _executed_on_import(module.tree.body):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Call):
            continue
        called = module.qualified(value.func)
        factory = factories.get(called)
        framework, interface = _CONSTRUCTORS.get(called, ("", ""))
        if factory is not None:
            framework, interface = factory.framework, factory.interface
        for target in targets:
            if framework and isinstance(target, ast.Name):
                yield Application(
                    module=module,
                    name=target.id,
                    framework=framework,
                    interface=interface,
                    line=node.lineno,
                )


def _executed_on_import(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported, those inside ``if`` and ``try`` included."""
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If) and _is_main_guard(statement.test):
            continue
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _executed_on_import(statement.body)
            yield from _executed_on_import(getattr(statement, "orelse", []))


def _is_main_guard(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))


def _factories(module: Module) -> Iterator[Application]:
    """The functions of a module that return a new application."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            framework, interface = _returned(module, node)
            asynchronous = isinstance(node, ast.AsyncFunctionDef)
            if framework and not (asynchronous and interface != "aiohttp"):
                yield Application(
                    module=module,
                    name=node.name,
                    framework=framework,
                    interface=interface,
                    line=node.lineno,
                    factory=True,
                    arguments=len(node.args.args)
                    - len(node.args.defaults)
                    + sum(default is None for default in node.args.kw_defaults),
                )


def _returned(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, str]:
    """Framework and interface of the application that a function makes and returns."""
    annotation = function.returns
    if annotation is not None and module.qualified(annotation) in _CONSTRUCTORS:
        return _CONSTRUCTORS[module.qualified(annotation)]
    made: dict[str, tuple[str, str]] = {}
    for node in ast.walk(function):
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Call):
            continue
        kind = _CONSTRUCTORS.get(module.qualified(value.func))
        if kind is None:
            continue
        if isinstance(node, ast.Return):
            return kind
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        made |= {target.id: kind for target in targets if isinstance(target, ast.Name)}
    returned = (
        node.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Name)
    )
    return next((made[name] for name in returned if name in made), ("", ""))


def _plain(module: Module) -> Iterator[Application]:
    """Functions that are applications themselves, by their signature (ASGI 3, PEP 3333)."""
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            signature = tuple(argument.arg for argument in node.args.args)
            framework, interface = _SIGNATURES.get(signature, ("", ""))
            asynchronous = isinstance(node, ast.AsyncFunctionDef)
            if node.name in _USUAL_NAMES and framework and asynchronous == (interface == "asgi"):
                yield Application(
                    module=module,
                    name=node.name,
                    framework=framework,
                    interface=interface,
                    line=node.lineno,
                )
