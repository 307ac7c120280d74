"""The interpreter that runs the target: whether the agent and memray can work in it."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Timer

from pydantic import BaseModel, ValidationError

from tsprof.agent import KNOWN, NEWEST, OLDEST
from tsprof.doctor.row import Row, Status
from tsprof.errors import UsageError
from tsprof.profilers.lent_memray import install_command, lent_to

_TIMEOUT = 20.0
"""Seconds. An idle machine needs 0.05 s; a network drive that sleeps, some seconds."""
_LONGEST_ANSWER = 1 << 16
"""Bytes. Python's answer is 200; a program that is no Python may print without end."""
_QUESTIONS = """
import json, platform, sys
try:
    import sysconfig
    soabi = sysconfig.get_config_var("SOABI") or ""
except Exception:
    soabi = ""
try:
    from importlib.metadata import version
    memray = version("memray")
except Exception:
    memray = ""
sys.stdout.write("\\n" + json.dumps({
    "implementation": platform.python_implementation(),
    "version": list(sys.version_info[:3]),
    "soabi": soabi,
    "memray": memray,
    "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
}) + "\\n")
"""
"""Runs in any Python since 2.7, so that one that is too old can say so."""


class Interpreter(BaseModel):
    """What a Python interpreter says about itself."""

    implementation: str
    version: tuple[int, int, int]
    soabi: str
    """Interpreter version and ABI in the names of extension modules: ``cpython-311-x86_64-...``."""
    memray: str
    """The version of memray in its environment; empty for none."""
    gil: bool

    @property
    def is_known(self) -> bool:
        """Whether the agent starts in it."""
        return self.implementation == "CPython" and OLDEST <= self.version[:2] <= NEWEST

    def __str__(self) -> str:
        """Name and version: ``CPython 3.11.7``."""
        return f"{self.implementation} {'.'.join(map(str, self.version))}"


def rows(python: Path) -> tuple[Row, ...]:
    """Look at the target's interpreter, and at memray where the agent starts, which loads it.

    Raises:
        UsageError: it cannot be run, or is no Python.
    """
    found = ask(python)
    if not found.is_known:
        return (agent_row(found),)
    return agent_row(found), memray_row(found, python, lent_to(found.soabi))


def ask(python: Path) -> Interpreter:
    """Start an interpreter and let it describe itself.

    Raises:
        UsageError: it cannot be run, or is no Python.
    """
    hint = "give the path of the interpreter that runs the target, such as .venv/bin/python"
    try:
        output = _output_of([str(python), "-c", _QUESTIONS])
    except OSError as error:
        raise UsageError(f"{python} cannot be run: {error.strerror}", hint=hint) from error
    try:
        return Interpreter.model_validate_json(output.strip().rpartition(b"\n")[2])
    except ValidationError:
        raise UsageError(f"{python} is not a Python interpreter", hint=hint) from None


def _output_of(command: list[str]) -> bytes:
    """The beginning of what a program prints before its time is up."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        # The whole session, because a wrapper's children would keep the pipe open.
        end = Timer(_TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
        end.start()
        try:
            assert process.stdout is not None
            return process.stdout.read(_LONGEST_ANSWER)
        finally:
            end.cancel()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def agent_row(found: Interpreter) -> Row:
    """Judge whether the agent can run inside the interpreter."""
    name = "target's Python"
    if not found.is_known:
        return Row(
            name=name,
            status=Status.LIMITED,
            found=str(found),
            meaning=f"the agent needs {KNOWN}; tsprof measures from outside, and sees "
            "only larger leaks",
            fix=f"run the target on {KNOWN}",
        )
    if not found.gil:
        return Row(
            name=name,
            status=Status.LIMITED,
            found=f"{found}, free-threaded",
            meaning="the free-threaded build has no exact counter of live Python memory",
            fix="check the service on the ordinary build of the same version",
        )
    return Row(name=name, status=Status.OK, found=str(found))


def memray_row(found: Interpreter, python: Path, lent: Path | None) -> Row:
    """Judge whether memray can run inside the interpreter.

    Args:
        found: the target's interpreter.
        python: its path.
        lent: where memray can be lent from; None where there is none for this interpreter.
    """
    name = "memray in target"
    if found.memray:
        return Row(name=name, status=Status.OK, found=f"its own, {found.memray}")
    if lent is not None:
        return Row(name=name, status=Status.OK, found=f"lent by tsprof, from {lent}")
    return Row(
        name=name,
        status=Status.LIMITED,
        found=f"none for {found.soabi or found}",
        meaning="lines are named by tracemalloc: not the whole stack, and no native memory",
        fix=install_command(found.soabi) or f"{python} -m pip install memray",
    )
