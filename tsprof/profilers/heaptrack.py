"""heaptrack: where its recorder and its interpreter of records are on this machine."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tsprof.errors import UsageError

FOLDERS = ("lib/heaptrack", "lib64/heaptrack")
"""Where heaptrack keeps its parts, beside the folder of its programs."""


@dataclass(frozen=True)
class Heaptrack:
    """The parts of heaptrack that are used."""

    recorder: Path
    """The shared library that is loaded into the target."""
    interpreter: Path
    """The program that makes functions and lines of the addresses in a record."""


def find() -> Heaptrack | None:
    """Return heaptrack's parts; None where it is not installed, or not as a whole."""
    program = shutil.which("heaptrack")
    if program is None:
        return None
    top = Path(program).resolve().parents[1]
    for folder in (top / each for each in FOLDERS):
        found = Heaptrack(folder / "libheaptrack_inject.so", folder / "libexec/heaptrack_interpret")
        if found.recorder.exists() and found.interpreter.exists():
            return found
    return None


def require() -> Heaptrack:
    """Return heaptrack's parts.

    Raises:
        UsageError: it is not installed.
    """
    found = find()
    if found is None:
        raise UsageError(
            "heaptrack is not installed",
            hint="apt install heaptrack, or leave --profiler out",
        )
    return found
