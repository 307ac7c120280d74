"""Guess how a project's service is started and loaded, from its files alone.

Nothing of the project is imported or run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tsprof.guess.applications import Application, applications
from tsprof.guess.project import modules, requirements
from tsprof.guess.routes import Route, simple_route
from tsprof.guess.start import HERE, Start, as_given, how_to_start

__all__ = ["Guess", "guess"]


@dataclass(frozen=True, kw_only=True)
class Guess:
    """How to start and load a service."""

    command: tuple[str, ...]
    """With ``{port}`` where the port goes."""
    cwd: PurePosixPath | None = None
    """Relative to the project's folder; None for the folder itself."""
    env: Mapping[str, str] = field(default_factory=dict)
    locustfile: PurePosixPath | None = None
    url: str | None = None
    """A path for GET, where there is no Locust file."""
    command_evidence: str
    """What was seen where."""
    load_evidence: str
    doubts: tuple[str, ...] = ()
    """What the user should look at before relying on it."""


def guess(directory: Path, python: str, command: Sequence[str] = ()) -> Guess | None:
    """Guess how the project in a folder is started and loaded.

    Args:
        directory: the project's folder.
        python: the interpreter to use where the project has no environment of its own.
        command: how the service is started, if that is known; then only its load is guessed.

    Returns:
        The guess; None when nothing in the folder says how the service is started.
    """
    parsed = modules(directory)
    made = applications(parsed)
    if command:
        start: Start | None = as_given(command)
    else:
        start = how_to_start(directory, parsed, made, requirements(directory), python)
    if start is None:
        return None
    locustfile = _locustfile(directory)
    url, seen, doubts = _url(None if locustfile else simple_route(parsed), made)
    return Guess(
        command=start.command,
        cwd=start.cwd if start.cwd != HERE else None,
        env=start.env,
        locustfile=locustfile,
        url=None if locustfile else url,
        command_evidence=start.evidence,
        load_evidence=f"{locustfile} is there" if locustfile else seen,
        doubts=start.doubts if locustfile else (*start.doubts, *doubts),
    )


def _locustfile(directory: Path) -> PurePosixPath | None:
    patterns = ("locustfile.py", "*/locustfile.py", "*/*/locustfile.py")
    found = (
        path.relative_to(directory) for pattern in patterns for path in directory.glob(pattern)
    )
    visible = (path for path in found if not any(part.startswith(".") for part in path.parts))
    nearest = min(visible, key=lambda path: (len(path.parts), path), default=None)
    return None if nearest is None else PurePosixPath(nearest)


def _url(route: Route | None, made: Sequence[Application]) -> tuple[str, str, list[str]]:
    """The path to load, what it was taken from, and doubts about it."""
    if route is not None:
        doubts = [f"GET {route.path} may need more than a bare request"] if route.hindered else []
        return route.path, f"{route.file}, line {route.line}: a route for GET", doubts
    doubt = "no route for a plain GET was found; name one that does the service's work"
    if made and made[0].framework == "FastAPI":
        return "/openapi.json", "FastAPI serves its schema there", [doubt]
    return "/", "the start page, for want of a route", [doubt]
