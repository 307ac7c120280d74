"""Choose the command that starts a project's service, by what says most about it."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from tsprof.guess.applications import Application
from tsprof.guess.declared import Declared, declared_commands
from tsprof.guess.project import Module, exists, text_of
from tsprof.guess.servers import PORT, SERVERS, adapt, manage, serve, server_for

HERE = PurePosixPath()
"""The project's own folder."""

_REFERENCE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):([A-Za-z_]\w*)(?:\(.*\))?")
_ENVIRONMENTS = (".venv", "venv", "env")
_MOST_DOUBTS = 3
"""Further applications that are mentioned."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A command that starts the service."""

    command: tuple[str, ...]
    evidence: str
    """What was seen where."""
    cwd: PurePosixPath = HERE
    env: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def how_to_start(
    directory: Path,
    parsed: Sequence[Module],
    made: Sequence[Application],
    asked_for: frozenset[str],
    python: str,
) -> Start | None:
    """Return the command for a project; None when nothing says what it is.

    What the project itself declares counts most, then an application in its code behind the server
    that it asks for, then Django's own server, then a declared program that is not known here.

    Args:
        directory: the project's folder.
        parsed: its modules.
        made: the applications in them, the likeliest first.
        asked_for: the packages that it requires.
        python: the interpreter where it has no environment of its own.
    """
    declared = declared_commands(directory)
    start = (
        _known_server(directory, declared, parsed, python)
        or _server_for_code(directory, made, asked_for, python)
        or _django(directory, parsed, python)
        or _unknown_program(directory, declared, python)
    )
    if start is None or "gunicorn" not in start.command:
        return start
    return replace(start, doubts=(*start.doubts, *_gunicorn_doubts(directory, start.cwd)))


def as_given(command: Sequence[str]) -> Start:
    """Return a command that the user named, with the port in a variable if it does not take it."""
    if any(PORT in word for word in command):
        return Start(command=tuple(command), evidence="given on the command line")
    return Start(
        command=tuple(command),
        evidence="given on the command line",
        env={"PORT": PORT},
        doubts=(f"there is no {PORT} in the command: the variable PORT is set",),
    )


def _known_server(
    directory: Path, declared: Sequence[Declared], parsed: Sequence[Module], python: str
) -> Start | None:
    for entry in declared:
        command = adapt(entry.words, python)
        module = _served_module(command, parsed)
        if not command or (module is None and any(map(_REFERENCE.fullmatch, command))):
            continue  # no server, or one for a module that is not in this folder
        root = module.root if module is not None else HERE
        start = Start(
            command=adapt(entry.words, _interpreter(directory, root, python)),
            evidence=f"{entry.source}: {' '.join(entry.words)}",
            env=entry.env,
            doubts=_left_out(entry),
        )
        return _placed(start, root)
    return None


def _served_module(command: Sequence[str], parsed: Sequence[Module]) -> Module | None:
    served = {match[1] for match in map(_REFERENCE.fullmatch, command) if match}
    return next((module for module in parsed if module.name in served), None)


def _left_out(entry: Declared) -> tuple[str, ...]:
    return tuple(f"left out of the command in {entry.source}: {part}" for part in entry.left_out)


def _placed(start: Start, root: PurePosixPath) -> Start:
    """The same, so that Python finds modules below ``root``."""
    if root == PurePosixPath("src"):
        return replace(start, env={"PYTHONPATH": "src", **start.env})
    return replace(start, cwd=root)


def _server_for_code(
    directory: Path, made: Sequence[Application], asked_for: frozenset[str], python: str
) -> Start | None:
    servable = [found for found in made if _is_servable(found, asked_for)]
    if not servable:
        return None
    best = servable[0]
    doubts = [f"there is also {other.describe()}" for other in servable[1 : 1 + _MOST_DOUBTS]]
    if best.interface != "aiohttp":
        server = SERVERS[server_for(best, asked_for)].module
        if server not in {*asked_for, best.framework.lower()}:
            doubts.append(f"{server} is not among the project's requirements; it must be installed")
    command = serve(best, asked_for, _interpreter(directory, best.module.root, python))
    start = Start(command=command, evidence=best.describe(), doubts=tuple(doubts))
    return _placed(start, best.module.root)


def _is_servable(found: Application, asked_for: frozenset[str]) -> bool:
    """Django's applications need a server from elsewhere; its own is started by manage.py."""
    server = SERVERS[server_for(found, asked_for)]
    return found.framework != "Django" or server.module in asked_for


def _django(directory: Path, parsed: Sequence[Module], python: str) -> Start | None:
    found = next((module for module in parsed if module.file.name == "manage.py"), None)
    if found is None:
        return None
    root = found.file.parent
    return Start(
        command=manage(_interpreter(directory, root, python)),
        cwd=root,
        evidence=f"{found.file}: a Django project",
        doubts=("this is Django's development server: criteria on latency say little",),
    )


def _unknown_program(directory: Path, declared: Sequence[Declared], python: str) -> Start | None:
    for entry in declared:
        program = PurePosixPath(entry.words[0])
        words = entry.words
        if re.fullmatch(r"python[\d.]*", program.name):
            words = (_interpreter(directory, HERE, python), *words[1:])
        elif not (directory / program).is_file():
            continue  # such as a binary that only the image has
        told = any(PORT in word for word in words)
        doubt = f"how {program.name} learns its port is not known here: the variable PORT is set"
        return Start(
            command=words,
            evidence=f"{entry.source}: {' '.join(entry.words)}",
            env=entry.env if told else {"PORT": PORT, **entry.env},
            doubts=(*_left_out(entry), *(() if told else (doubt,))),
        )
    return None


def _gunicorn_doubts(directory: Path, cwd: PurePosixPath) -> list[str]:
    """What ``gunicorn.conf.py``, which gunicorn reads by itself, says against a measurement."""
    settings = text_of(directory / cwd / "gunicorn.conf.py")
    doubts = []
    if re.search(r"^reload\s*=\s*True", settings, re.MULTILINE):
        doubts.append("gunicorn.conf.py turns the reloader on; turn it off for the run")
    if re.search(r"^max_requests\s*=\s*[1-9]", settings, re.MULTILINE):
        doubts.append(
            "gunicorn.conf.py replaces workers after max_requests, and a replaced worker takes its "
            "leak with it; turn that off for the run"
        )
    return doubts


def _interpreter(directory: Path, root: PurePosixPath, python: str) -> str:
    """The project's own interpreter, relative to the folder that the command runs in."""
    cwd = directory if root == PurePosixPath("src") else directory / root
    for folder in (cwd, directory):
        for name in _ENVIRONMENTS:
            found = folder / name / "bin" / "python"
            if exists(found):
                return os.path.relpath(found, cwd)
    return python
