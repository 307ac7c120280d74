"""Find the routes in a project's code, and what a request of each needs."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tsprof.guess.project import Module

_GUARDED = re.compile(r"login|auth|permission|token|jwt|user|required", re.IGNORECASE)
"""In a decorator or a dependency: answers strangers with an error."""
_REFUSES = re.compile(r"\b40[13]\b|HTTP_40[13]|authorization|unauthorized|forbidden", re.IGNORECASE)
"""In a handler: it answers some requests so, and maybe those of strangers."""
_PLAIN_TYPES = frozenset(
    {
        *("str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple", "date"),
        *("datetime", "time", "UUID", "Decimal", "Enum", "Literal", "List", "Dict", "Set"),
        *("Tuple", "Optional", "Union", "Any", "EmailStr"),
    }
)
"""Types that FastAPI reads from the query; an argument of one without a default must be given."""
_GIVEN_BY_FRAMEWORK = frozenset(
    {"Request", "HTTPConnection", "Response", "BackgroundTasks", "WebSocket", "SecurityScopes"}
)
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_ROUTE_CALLS = frozenset({"Route", "add_route", "add_url_rule", "add_api_route"})
NEEDS_A_VALUE = "needs a value"
_NEEDS_A_LOGIN = "needs a login"
_INCLUDES = frozenset({"include_router", "register_blueprint"})
_ROUTERS = frozenset({"APIRouter", "Blueprint", "APIBlueprint", "Router"})
_DEEPEST = 5
"""Routers inside routers, or included URL modules; more is a loop."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route of the service."""

    path: str
    file: PurePosixPath
    line: int
    hindered: bool = False
    """It depends on something that may need more than a bare request."""
    obstacle: str = ""
    """Why a plain GET of its path cannot do, such as ``takes POST``; empty where it can."""


@dataclass
class _Routers:
    """What the project's code says about its routers, by their dotted names."""

    prefixes: dict[str, str] = field(default_factory=dict)
    """The prefix that a router gives all its routes."""
    included: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Where a router is included: the dotted name of the includer, and the prefix."""

    def full_prefix(self, owner: str) -> str | None:
        """The prefix of all routes of a router or application; None for one never included."""
        prefix = ""
        for _ in range(_DEEPEST):
            prefix = self.prefixes.get(owner, "") + prefix
            if owner in self.included:
                owner, outer = self.included[owner]
                prefix = outer + prefix
            else:
                return None if owner in self.prefixes else prefix
        return None


def routes(modules: Sequence[Module]) -> list[Route]:
    """Return all routes that the code declares in a way that can be read without running it."""
    routers = _Routers()
    for module in modules:
        _learn_routers(module, routers)
    found = [route for module in modules for route in _routes(module, routers)]
    return [*found, *_django_routes(modules)]


def _learn_routers(module: Module, routers: _Routers) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if module.qualified(node.value.func).rpartition(".")[2] in _ROUTERS:
                prefix = _keyword(node.value, "prefix", "url_prefix")
                for target in node.targets:
                    routers.prefixes[module.qualified(target)] = prefix
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _INCLUDES
            and node.args
        ):
            included, includer = module.qualified(node.args[0]), module.qualified(node.func.value)
            prefix = _keyword(node, "prefix", "url_prefix")
            if node.func.attr == "register_blueprint" and prefix:
                routers.prefixes[included] = ""  # Flask's argument replaces the blueprint's own
            routers.included[included] = (includer, prefix)


def _keyword(call: ast.Call, *names: str) -> str:
    for keyword in call.keywords:
        if keyword.arg in names:
            return _text(keyword.value)
    return ""


def _text(node: ast.expr | None) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else ""


def _routes(module: Module, routers: _Routers) -> Iterator[Route]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _decorated(module, node, routers)
    yield from _listed(module, module.tree, "")


def _decorated(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, routers: _Routers
) -> Iterator[Route]:
    """Routes such as ``@app.get("/items")`` and ``@app.route("/items", methods=[...])``."""
    calls = [node for node in function.decorator_list if isinstance(node, ast.Call)]
    others = [ast.unparse(node) for node in function.decorator_list if node not in calls]
    refuses = any(_REFUSES.search(ast.unparse(statement)) for statement in function.body)
    for call in calls:
        if not call.args:
            continue
        framework, _, verb = module.qualified(call.func).rpartition(".")
        if framework == "litestar" and verb in _METHODS and function in module.tree.body:
            yield Route(
                path=_text(call.args[0]),
                file=module.file,
                line=function.lineno,
                obstacle=_takes(verb),
            )
        if not isinstance(call.func, ast.Attribute):
            continue
        method = _method(call) if call.func.attr == "route" else call.func.attr
        if method not in _METHODS:
            others.append(ast.unparse(call.func))
            continue
        prefix = routers.full_prefix(module.qualified(call.func.value))
        if prefix is None:
            continue
        dependent, lack = _needs(function)
        guarded = any(map(_GUARDED.search, others))
        yield Route(
            path=prefix + _text(call.args[0]),
            file=module.file,
            line=function.lineno,
            hindered=dependent or refuses,
            obstacle=_takes(method) or (_NEEDS_A_LOGIN if guarded else lack),
        )


def _method(call: ast.Call) -> str:
    """The method that a route takes: get if it is among them; empty where that is computed."""
    methods = next((word.value for word in call.keywords if word.arg == "methods"), None)
    if methods is None:
        return "get"
    named = re.findall(r"['\"](\w+)['\"]", ast.unparse(methods).lower())
    return "get" if "get" in named else next(iter(named), "")


def _takes(method: str) -> str:
    return "" if method == "get" else f"takes {method.upper()}"


def _needs(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[bool, str]:
    """Whether a handler depends on more than the request, and why a bare request cannot do."""
    arguments, named = function.args, function.args.kwonlyargs
    positional = [*arguments.posonlyargs, *arguments.args]
    required = [
        *positional[: len(positional) - len(arguments.defaults)],
        *(arg for arg, value in zip(named, arguments.kw_defaults, strict=True) if value is None),
    ]
    optional = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
    dependencies = [ast.unparse(value) for value in optional if isinstance(value, ast.Call)]
    for argument in required:
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        words = set(re.findall(r"\w+", annotation))
        if not annotation or words & _GIVEN_BY_FRAMEWORK:
            continue
        if "Depends" not in words and (
            words & _PLAIN_TYPES or words & {"Query", "Header", "Cookie", "Body", "Path"}
        ):
            return False, NEEDS_A_VALUE
        dependencies.append(annotation)
    if any(map(_GUARDED.search, dependencies)):
        return True, _NEEDS_A_LOGIN
    if any("(...)" in text for text in dependencies):
        return True, NEEDS_A_VALUE
    return bool(dependencies), ""


def _listed(module: Module, node: ast.AST, prefix: str) -> Iterator[Route]:
    """Routes in calls: ``Route("/items", f)``, ``web.get(...)``, ``app.router.add_get(...)``."""
    inner = prefix
    if isinstance(node, ast.Call):
        name = module.qualified(node.func).rpartition(".")[2] or _attribute(node.func)
        path = _text(node.args[0]) if node.args else ""
        if name == "Mount":
            inner = prefix + path.rstrip("/")
        is_aiohttp = module.qualified(node.func).startswith("aiohttp.web.")
        verb = name.removeprefix("add_")
        if verb in _METHODS and (is_aiohttp or verb != name):
            method = verb
        else:
            method = _method(node) if name in _ROUTE_CALLS else ""
        if path and method:
            yield Route(
                path=prefix + path, file=module.file, line=node.lineno, obstacle=_takes(method)
            )
    for child in ast.iter_child_nodes(node):
        yield from _listed(module, child, inner)


def _attribute(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def _django_routes(modules: Sequence[Module]) -> Iterator[Route]:
    """Routes of the URL module that the settings name."""
    by_name = {module.name: module for module in modules}
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "ROOT_URLCONF"
                for target in node.targets
            ):
                yield from _url_patterns(by_name, _text(node.value), "/", _DEEPEST)


def _url_patterns(
    by_name: Mapping[str, Module], name: str, prefix: str, depth: int
) -> Iterator[Route]:
    module = by_name.get(name)
    if module is None or not depth:
        return
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and node.args[1:]):
            continue
        called = module.qualified(node.func)
        if called != "django.urls.path" or not isinstance(node.args[0], ast.Constant):
            continue
        path, view = prefix + _text(node.args[0]), node.args[1]
        if isinstance(view, ast.Call) and module.qualified(view.func) == "django.urls.include":
            if view.args:
                yield from _url_patterns(by_name, _text(view.args[0]), path, depth - 1)
        else:
            hindered = bool(_GUARDED.search(ast.unparse(view)))
            yield Route(path=path, file=module.file, line=node.lineno, hindered=hindered)
