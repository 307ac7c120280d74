"""Whose code the target runs: what its interpreter says, or what is mapped into it."""

import re
from collections.abc import Callable
from pathlib import Path

import psutil

from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers.origin import origins
from tsprof.supervisor.engine import Engine

PYTHON = re.compile(r"/(lib)?python\d[^/]*$")
"""Paths of an interpreter, or of its library."""
_LIBRARY = re.compile(r"(?P<folder>.*/python\d[^/]*)/lib-dynload/[^/]+\.so")
"""Extension modules of the interpreter's own, some of which every program loads."""


def target_origins(engine: Engine) -> Callable[[str], Origin]:
    """Return what tells whose code a source file of the target is."""
    hellos = [agent.hello for agent in engine.instruments.agents.interpreters().values()]
    hello = hellos[0] if hellos else {}
    standard_library = hello.get("standard_library") or _mapped_library(engine) or "/nowhere"
    return origins(
        libraries=[Path(p) for p in hello.get("libraries", ())],
        standard_library=Path(standard_library),
    )


def runs_python(process: psutil.Process) -> bool:
    """Tell whether a process has an interpreter in it.

    Raises:
        psutil.Error: it has ended, or may not be looked into.
    """
    return any(PYTHON.search(mapping.path) for mapping in process.memory_maps())


def _mapped_library(engine: Engine) -> str | None:
    """Find the standard library of a target without agent."""
    for process in engine.instruments.target.processes():
        try:
            paths = [mapping.path for mapping in process.memory_maps()]
        except psutil.Error:
            continue
        for path in paths:
            if match := _LIBRARY.fullmatch(path):
                return match["folder"]
    return None
