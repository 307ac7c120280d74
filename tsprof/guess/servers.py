"""The command lines of Python web servers: one for an application, or a given one made usable."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tsprof.guess.applications import Application
from tsprof.loopback import LOOPBACK

PORT = "{port}"


@dataclass(frozen=True, kw_only=True)
class Server:
    """What must be known of a server's command line."""

    module: str
    """For ``python -m``."""
    bind: tuple[str, ...]
    """Makes it listen on the loopback interface at the port."""
    valued: frozenset[str] = frozenset()
    """Options that are taken away together with their value."""
    flags: frozenset[str] = frozenset()
    """Options without value that are taken away."""
    factory: tuple[str, ...] = ()
    """Says that the reference is to a function; without it, ``()`` follows the reference."""
    subcommand: str = ""


_TLS = frozenset({"--ssl-keyfile", "--ssl-certfile", "--keyfile", "--certfile"})
_RECYCLING = frozenset({"--max-requests", "--max-requests-jitter", "--limit-max-requests"})
"""A worker that is replaced during a run takes its leak with it."""
_RELOADING = frozenset({"--reload-dir", "--reload-include", "--reload-exclude", "--reload-delay"})

SERVERS = {
    "uvicorn": Server(
        module="uvicorn",
        bind=("--port", PORT),
        valued=frozenset({"--host", "--port", "--uds", "--fd"}) | _TLS | _RECYCLING | _RELOADING,
        flags=frozenset({"--reload"}),
        factory=("--factory",),
    ),
    "gunicorn": Server(
        module="gunicorn",
        bind=("--bind", f"{LOOPBACK}:{PORT}"),
        valued=frozenset({"-b", "--bind", "--reload-engine", "--reload-extra-file", "--pid", "-p"})
        | _TLS
        | _RECYCLING,
        flags=frozenset({"--reload", "--daemon", "-D"}),
    ),
    "hypercorn": Server(
        module="hypercorn",
        bind=("--bind", f"{LOOPBACK}:{PORT}"),
        valued=frozenset({"-b", "--bind", "--insecure-bind", "--quic-bind"}) | _TLS | _RECYCLING,
        flags=frozenset({"--reload"}),
    ),
    "granian": Server(
        module="granian",
        bind=("--port", PORT),
        valued=frozenset({"--host", "--port", "--uds"}) | _TLS,
        flags=frozenset({"--reload"}),
        factory=("--factory",),
    ),
    "daphne": Server(
        module="daphne",
        bind=("--port", PORT),
        valued=frozenset({"-b", "--bind", "-p", "--port", "-u", "--unix-socket", "--fd"}),
    ),
    "waitress-serve": Server(
        module="waitress",
        bind=("--listen", f"{LOOPBACK}:{PORT}"),
        valued=frozenset({"--host", "--port", "--listen", "--unix-socket"}),
        factory=("--call",),
    ),
    "flask": Server(
        module="flask",
        bind=("--port", PORT, "--no-reload", "--no-debugger"),
        valued=frozenset({"-h", "--host", "-p", "--port", "--cert", "--key"}),
        flags=frozenset({"--reload", "--debug", "--debugger", "--no-reload", "--no-debugger"}),
        subcommand="run",
    ),
}
"""By the name of their program."""


def serve(application: Application, requirements: frozenset[str], python: str) -> tuple[str, ...]:
    """Return a command line that serves an application.

    Args:
        application: found in the project's code.
        requirements: the packages that the project asks for; they decide which server it is.
        python: the interpreter.
    """
    if application.interface == "aiohttp":
        return _serve_aiohttp(application, requirements, python)
    name = server_for(application, requirements)
    server = SERVERS[name]
    reference = application.reference
    if application.factory and name != "flask" and not server.factory:
        reference += "()"
    factory = server.factory if application.factory else ()
    if name == "flask":
        return (python, "-m", "flask", "--app", reference, "run", *server.bind)
    interface = ("--interface", application.interface) if name == "granian" else ()
    return (python, "-m", server.module, *factory, *interface, *server.bind, reference)


def server_for(application: Application, requirements: frozenset[str]) -> str:
    """Return the name of the server for an application."""
    if application.interface == "asgi":
        choices, default = ["uvicorn", "hypercorn", "granian", "daphne"], "uvicorn"
    else:
        choices = ["gunicorn", "waitress-serve", "granian"]
        default = "flask" if application.framework == "Flask" else "gunicorn"
    return next((name for name in choices if SERVERS[name].module in requirements), default)


def _serve_aiohttp(
    application: Application, requirements: frozenset[str], python: str
) -> tuple[str, ...]:
    if application.arguments:  # aiohttp calls it with the arguments of the command line
        address = ("-H", LOOPBACK, "-P", PORT)
        return (python, "-m", "aiohttp.web", *address, application.reference)
    if "gunicorn" in requirements:
        worker = ("--worker-class", "aiohttp.GunicornWebWorker")
        server = SERVERS["gunicorn"]
        return (python, "-m", "gunicorn", *worker, *server.bind, application.reference)
    module, name = application.module.name, application.name
    call = "()" if application.factory else ""
    script = (
        f"from aiohttp import web; from {module} import {name}; "
        f"web.run_app({name}{call}, host='{LOOPBACK}', port={PORT})"
    )
    return (python, "-c", script)


def adapt(words: Sequence[str], python: str) -> tuple[str, ...]:
    """Make a server's command line usable: own port, no reloader, no recycled workers.

    Args:
        words: as the project writes it.
        python: the interpreter.

    Returns:
        The command, or nothing when it does not start a server that is known here.
    """
    rest = list(words)
    program = PurePosixPath(rest[0]).name
    if program.startswith("python") and rest[1:2] == ["-m"] and len(rest) > 2:  # noqa: PLR2004 - python -m NAME
        module, rest = rest[2], rest[2:]
        program = "waitress-serve" if module == "waitress" else module
    elif "runserver" in rest and "manage.py" in (program, *rest[1:2]):
        return manage(python)
    server = SERVERS.get(program)
    if server is None or (server.subcommand and server.subcommand not in rest):
        return ()
    kept = _without(rest[1:], server)
    if server.subcommand:
        return (python, "-m", server.module, *kept, *server.bind)
    return (python, "-m", server.module, *server.bind, *kept)


def manage(python: str) -> tuple[str, ...]:
    """Return the command line of Django's own server."""
    return (python, "manage.py", "runserver", "--noreload", f"{LOOPBACK}:{PORT}")


def _without(words: Sequence[str], server: Server) -> list[str]:
    """The words without the options that the server's table takes away."""
    kept = []
    skip = False
    for word in words:
        option, equals, _ = word.partition("=")
        short = option[:2] in server.valued and not option.startswith("--")
        if skip:
            skip = False
        elif option in server.valued:
            skip = not equals
        elif word not in server.flags and not short:
            kept.append(word)
    return kept
