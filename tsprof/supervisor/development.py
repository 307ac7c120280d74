"""Tell from a command line alone that a server runs as it does for development."""

import re
from collections.abc import Sequence
from pathlib import PurePath

NOT_PRODUCTION = "its latency and CPU are not those of production"
_RELOADERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "granian"})
_PYTHON = re.compile(r"python[\d.]*")
_OPTIONS_WITH_VALUE = frozenset({"-X", "-W"})
"""Of the interpreter."""


def development_notes(command: Sequence[str]) -> list[str]:
    """Say that a target runs in reload mode or on a development server; nothing of all others.

    Args:
        command: the target's command line; empty for a target that ran already.
    """
    program, arguments = _program(command)
    server = ""
    reloads = program in _RELOADERS and "--reload" in arguments
    if program == "flask" and "run" in arguments:
        server = "flask run"
        asked = "--debug" in arguments or "--reload" in arguments
        reloads = asked and "--no-reload" not in arguments
    elif program in {"manage.py", "django-admin", "django"} and arguments[:1] == ["runserver"]:
        server = "Django's runserver"
        reloads = "--noreload" not in arguments
    elif program == "fastapi" and arguments[:1] == ["dev"]:
        server = "fastapi dev"
        reloads = "--no-reload" not in arguments
    if reloads:
        return [f"the target runs in reload mode: {NOT_PRODUCTION}"]
    if server:
        return [f"the target runs on a development server ({server}): {NOT_PRODUCTION}"]
    return []


def _program(command: Sequence[str]) -> tuple[str, list[str]]:
    """The name of the program, or of the module or script that Python runs, and its arguments."""
    words = list(command)
    if words and _PYTHON.fullmatch(PurePath(words[0]).name):
        del words[0]
        while words and words[0].startswith("-") and words[0] != "-m":
            del words[: 2 if words[0] in _OPTIONS_WITH_VALUE else 1]
        if words[:1] == ["-m"]:
            del words[0]
    return (PurePath(words[0]).name, words[1:]) if words else ("", [])
