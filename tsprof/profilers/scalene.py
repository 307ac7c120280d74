"""Scalene, which tells CPU time, memory and copies by line: what it can run, and what it wrote.

Found by hand with Scalene 2.4: it writes its profile when the program ends by SIGTERM or SIGINT,
whether that is its server's doing (uvicorn, gunicorn) or not (wsgiref); workers that gunicorn forks
are in it, those that uvicorn spawns are not.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from tsprof.errors import TsprofError, UsageError
from tsprof.exit_codes import ExitCode
from tsprof.lines import LineCost, SourceFile

CONTEXT = 2
"""Lines kept before and after one that took something."""
LEAST_TIME = 0.001
"""Share of the time from which on a line took something."""
LEAST_BYTES = 1e6
"""Bytes allocated or copied, likewise: Scalene takes a sample every MB."""
MOST_LINES = 2000
"""Lines kept of a file."""
_OLDEST = (2, 4)
_PYTHON = re.compile(r"python\d?(\.\d+)?")
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_PATIENCE = 30.0
_MEGABYTE = 1 << 20
_ASK = (
    "import importlib.metadata as m, importlib.util as u, os;"
    "print(m.version('scalene')); print(os.path.dirname(u.find_spec('scalene').origin))"
)


class ScaleneError(TsprofError):
    """Scalene has left no profile to go by."""

    exit_code = ExitCode.INCONCLUSIVE


@dataclass(frozen=True)
class PythonProgram:
    """A command, parted."""

    interpreter: str
    """Path."""
    program: tuple[str, ...]
    """A script, or ``-m`` and a module."""
    arguments: tuple[str, ...]


def prefix(profile: Path, sources: Path) -> tuple[str, ...]:
    """Return the words that, before a command, run it under Scalene.

    Args:
        profile: the file that it is to write.
        sources: folder of the code to look at.
    """
    launcher = ("-P", "-m", "tsprof.profilers.scalene_launch")
    return (sys.executable, *launcher, str(profile), str(sources))


def require(command: Sequence[str], folder: Path) -> None:
    """Make sure that a command can be run under Scalene.

    Args:
        command: of the target; empty where it runs already.
        folder: that it is to run in.

    Raises:
        UsageError: it cannot; the message says why.
    """
    if not command:
        raise UsageError(
            "Scalene has to start the target, and this one runs already",
            hint="give the command instead of --pid, or leave --lines out",
        )
    words = " ".join(command)
    if re.search(r"uvicorn\b.*\s(--workers[ =]([2-9]|\d\d)|--reload)", words):
        raise UsageError(
            "Scalene does not follow the workers that uvicorn spawns",
            hint="leave --workers and --reload out for --lines",
        )
    find_scalene(python_program(command, folder).interpreter)


def python_program(command: Sequence[str], folder: Path) -> PythonProgram:
    """Part a command of a script, or of an interpreter with a script or a module.

    Args:
        command: not empty.
        folder: that it is to run in.

    Raises:
        UsageError: it is none.
    """
    first = command[0]
    found = shutil.which(str(folder / first) if "/" in first else first)
    if found is None:
        raise UsageError(f"there is no program {first!r} to profile")
    if not _PYTHON.fullmatch(Path(found).name):
        return PythonProgram(_interpreter_of(Path(found)), (found,), tuple(command[1:]))
    words = 2 if list(command[1:2]) == ["-m"] else 1
    program = tuple(command[1 : 1 + words])
    if len(program) < words or (words == 1 and program[0].startswith("-")):
        raise UsageError(
            "Scalene runs a script or a module, and the command names neither after its Python",
            hint="such as: python app.py, python -m uvicorn app:app, or the script of the server",
        )
    return PythonProgram(found, program, tuple(command[1 + words :]))


def _interpreter_of(script: Path) -> str:
    """Return the interpreter that a script names in its first line."""
    with script.open("rb") as file:
        first = file.readline(1000).decode(errors="replace").split()
    words = [first[0].removeprefix("#!"), *first[1:]] if first and first[0][:2] == "#!" else [""]
    if Path(words[0]).name == "env" and len(words) > 1:
        words = [shutil.which(words[-1]) or ""]
    if not _PYTHON.fullmatch(Path(words[0]).name):
        raise UsageError(
            f"{script} is no Python script: Scalene profiles Python by line",
            hint="tsprof flame without --lines samples native programs, too",
        )
    return words[0]


def find_scalene(interpreter: str) -> Path:
    """Return the folder of the Scalene that an interpreter has.

    Raises:
        UsageError: it has none, or one that is too old.
    """
    advice = f"install it: {interpreter} -m pip install 'scalene>=2.4'"
    try:
        asked = subprocess.run(
            [interpreter, "-c", _ASK],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{interpreter} does not run: {error}") from error
    version, _, folder = asked.stdout.strip().partition("\n")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if asked.returncode or not folder:
        raise UsageError("Scalene is not installed where the target runs", hint=advice)
    if numbers < _OLDEST:
        raise UsageError(f"Scalene {version} is too old", hint=advice)
    return Path(folder)


class _Line(BaseModel):
    lineno: int = Field(ge=1)
    line: str
    n_cpu_percent_python: float = 0.0
    n_cpu_percent_c: float = 0.0
    n_sys_percent: float = 0.0
    n_malloc_mb: float = 0.0
    n_copy_mb_s: float = 0.0


class _File(BaseModel):
    lines: list[_Line]


class _Profile(BaseModel):
    elapsed_time_sec: float = 0.0
    program: str = ""
    files: Mapping[str, _File]


def read_profile(file: Path) -> tuple[SourceFile, ...]:
    """Read what Scalene wrote, without what is of libraries or of the script that starts it all.

    Raises:
        ScaleneError: it wrote nothing, or nothing of the code that was to be looked at.
    """
    try:
        profile = _Profile.model_validate(json.loads(file.read_bytes()))
    except OSError as error:
        raise ScaleneError("Scalene wrote no profile: the target did not end by itself") from error
    except (ValueError, RecursionError, ValidationError) as error:
        raise ScaleneError("Scalene's profile cannot be read") from error
    found = [
        SourceFile(path=path, lines=tuple(_near(_costs(content, profile.elapsed_time_sec))))
        for path, content in profile.files.items()
        if path != profile.program and not _LIBRARIES.intersection(Path(path).parts)
    ]
    found = [source for source in found if source.lines]
    if not found:
        raise ScaleneError(
            "Scalene saw none of the target's own code: workers that are spawned, not forked, are "
            "not followed, and neither is code outside of the folder that the target runs in"
        )
    return tuple(sorted(found, key=lambda source: -source.time))


def _costs(file: _File, seconds: float) -> Iterator[LineCost]:
    for line in file.lines:
        yield LineCost(
            number=line.lineno,
            text=_source(line.line),
            python=line.n_cpu_percent_python / 100,
            native=line.n_cpu_percent_c / 100,
            system=line.n_sys_percent / 100,
            allocated=line.n_malloc_mb * _MEGABYTE,
            copied=line.n_copy_mb_s * seconds * _MEGABYTE,
        )


def _source(line: str) -> str:
    """Return a line as it is in its file: Scalene writes it for a page of HTML."""
    return line.rstrip("\r\n").replace(r"\u003c", "<").replace(r"\u003e", ">")


def _near(lines: Iterable[LineCost]) -> list[LineCost]:
    """Return the lines that took something, and those around them."""
    every = sorted(lines, key=lambda line: line.number)
    took = [line.number for line in every if _took_something(line)]
    near = {number + offset for number in took for offset in range(-CONTEXT, CONTEXT + 1)}
    return [line for line in every if line.number in near][:MOST_LINES]


def _took_something(line: LineCost) -> bool:
    return line.time >= LEAST_TIME or max(line.allocated, line.copied) >= LEAST_BYTES
