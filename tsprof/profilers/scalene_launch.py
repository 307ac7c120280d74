"""Runs a Python program under Scalene: ``python -m tsprof.profilers.scalene_launch``.

Its arguments are the file for the profile, the folder of the code to look at, and the program's
command. Scalene must be installed where the program's interpreter is.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tsprof.profilers.scalene import PythonProgram, find_scalene, python_program

WINDOW = 1 << 20
"""Bytes of allocations per sample, Scalene's default."""


def environment(current: Mapping[str, str], package: Path) -> dict[str, str]:
    """Return the environment in which Scalene needs no second process to run the program.

    It would start one itself with ``LD_PRELOAD`` set, which a signal to the first would not reach.
    """
    libraries = current.get("LD_LIBRARY_PATH")
    preloaded = current.get("LD_PRELOAD")
    return {
        **current,
        "LD_LIBRARY_PATH": f"{package}:{libraries}" if libraries else str(package),
        "LD_PRELOAD": f"libscalene.so:{preloaded}" if preloaded else "libscalene.so",
        "SCALENE_ALLOCATION_SAMPLING_WINDOW": str(WINDOW),
    }


def command(program: PythonProgram, profile: str, sources: str) -> list[str]:
    """Return the command that runs a program under Scalene."""
    return [
        program.interpreter,
        *("-m", "scalene", "run", "--outfile", profile, "--program-path", sources),
        *("--allocation-sampling-window", str(WINDOW)),
        *program.program,
        "---",
        *program.arguments,
    ]


def main(arguments: list[str]) -> None:
    """Become the program under Scalene."""
    profile, sources, *target = arguments
    program = python_program(target, Path.cwd())
    package = find_scalene(program.interpreter)
    os.execve(  # noqa: S606 - it is the user's command
        program.interpreter,
        command(program, profile, sources),
        environment(os.environ, package),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
