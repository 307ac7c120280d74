"""Guess how a project's service is started and loaded, from its files alone.

Nothing of the project is imported or run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tsprof.guess.applications import Application, applications
from tsprof.guess.choice import left_out, simple_routes
from tsprof.guess.project import modules, requirements
from tsprof.guess.routes import Route, routes
from tsprof.guess.start import HERE, Start, as_given, how_to_start

__all__ = ["Guess", "guess"]

MOST_ROUTES = 5
"""Paths that are loaded at most: each has to be asked for often enough to tell."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """How to start and load a service."""

    command: tuple[str, ...]
    """With ``{port}`` where the port goes."""
    cwd: PurePosixPath | None = None
    """Relative to the project's folder; None for the folder itself."""
    env: Mapping[str, str] = field(default_factory=dict)
    locustfile: PurePosixPath | None = None
    urls: tuple[str, ...] = ()
    """Paths for GET, where there is no Locust file."""
    left_out: tuple[str, ...] = ()
    """Routes that a plain GET cannot load, each with the reason."""
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
    found = [] if locustfile else routes(parsed)
    urls, seen, doubts = _urls(simple_routes(found), made)
    return Guess(
        command=start.command,
        cwd=start.cwd if start.cwd != HERE else None,
        env=start.env,
        locustfile=locustfile,
        urls=() if locustfile else urls,
        left_out=tuple(left_out(found)),
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


def _urls(
    usable: Sequence[Route], made: Sequence[Application]
) -> tuple[tuple[str, ...], str, list[str]]:
    """The paths to load, what they were taken from, and doubts about them."""
    if usable:
        taken, left = usable[:MOST_ROUTES], usable[MOST_ROUTES:]
        lines = {
            file: [str(route.line) for route in taken if route.file == file]
            for file in dict.fromkeys(route.file for route in taken)
        }
        places = "; ".join(
            f"{file}, line{'s' if each[1:] else ''} {', '.join(each)}"
            for file, each in lines.items()
        )
        doubts = [f"GET {r.path} may need more than a bare request" for r in taken if r.hindered]
        if left:
            doubts.append(f"{len(left)} more routes for GET are left out, such as {left[0].path}")
        what = "a route for GET" if len(taken) == 1 else "routes for GET"
        return tuple(route.path for route in taken), f"{places}: {what}", doubts
    doubt = "no route for a plain GET was found; name one that does the service's work"
    if made and made[0].framework == "FastAPI":
        return ("/openapi.json",), "FastAPI serves its schema there", [doubt]
    return ("/",), "the start page, for want of a route", [doubt]
