"""The profilers and other programs that tsprof can use, each tried for real."""

import ctypes.util
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tsprof.agent import sampling
from tsprof.doctor.row import Row, Status
from tsprof.errors import AgentError
from tsprof.profilers import heaptrack
from tsprof.supervisor import native_agent

_TIMEOUT = 20.0
"""Seconds. Importing Locust takes 0.7 s on an idle machine."""
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def rows() -> tuple[Row, ...]:
    """Look at every tool that tsprof can use."""
    return (
        locust_row(),
        memray_row(),
        py_spy_row(),
        program_row("perf", "no hot paths of native targets", "apt install linux-perf", "stat"),
        module_row("scalene", "no profiles by scalene", "pip install 'tsprof[scalene]'"),
        heaptrack_row(),
        program_row(
            "addr2line",
            "a crate's lines are not told from the program's own, and Rust's names stay mangled",
            "apt install binutils",
        ),
        program_row(
            "valgrind",
            "no --profiler valgrind, massif or callgrind",
            "apt install valgrind",
        ),
        jemalloc_row(ctypes.util.find_library("jemalloc")),
        compiler_row(),
    )


def locust_row() -> Row:
    """Try to import Locust, in a process of its own because it patches the one it is in."""
    failure = failure_of([sys.executable, "-c", "import locust"])
    if not failure:
        found = importlib.metadata.version("locust")
        return Row(name="locust", status=Status.OK, found=found, needed=True)
    return Row(
        name="locust",
        status=Status.MISSING,
        found=f"cannot be imported: {failure}",
        meaning="there is no load without it",
        fix=f"{sys.executable} -m pip install --force-reinstall locust",
        needed=True,
    )


def memray_row() -> Row:
    """Try to import memray's extension, which tsprof lends to targets of the same Python."""
    failure = failure_of([sys.executable, "-c", "import memray"])
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not failure:
        version = importlib.metadata.version("memray")
        found = f"{version}, for targets on Python {python}"
        return Row(name="memray", status=Status.OK, found=found)
    return Row(
        name="memray",
        status=Status.LIMITED,
        found=f"cannot be imported: {failure}",
        meaning="leaks are found, but not followed to their lines unless the target has memray",
        fix=f"{sys.executable} -m pip install --force-reinstall memray",
    )


def py_spy_row() -> Row:
    """Let py-spy look into this very process, as it would into a target."""
    program = find_program("py-spy")
    install = f"{sys.executable} -m pip install py-spy"
    if program is None:
        return Row(
            name="py-spy",
            status=Status.MISSING,
            found="not installed",
            meaning="no hot paths of Python targets",
            fix=install,
        )
    version = version_of(program)
    sampling.allow({})  # as a target's agent does
    failure = failure_of([program, "dump", "--nonblocking", "--pid", str(os.getpid())])
    if not failure:
        return Row(name="py-spy", status=Status.OK, found=version)
    return Row(
        name="py-spy",
        status=Status.LIMITED,
        found=f"{version}, cannot look into a process: {failure}",
        meaning="no hot paths of Python targets",
        fix="see the row ptrace; in a container, docker run --cap-add SYS_PTRACE",
    )


def heaptrack_row() -> Row:
    """Look for heaptrack, and for its parts that are loaded into targets."""
    meaning = "leaks of native targets are not followed to their lines"
    row = program_row("heaptrack", meaning, "apt install heaptrack")
    if row.status is not Status.OK or heaptrack.find() is not None:
        return row
    return replace(
        row,
        status=Status.LIMITED,
        found=f"{row.found}, without libheaptrack_inject.so or heaptrack_interpret beside it",
        meaning=meaning,
        fix="apt install --reinstall heaptrack",
    )


def program_row(name: str, meaning: str, fix: str, trial: str = "") -> Row:
    """Look for a program, and try it.

    Args:
        name: of the program.
        meaning: what is not possible without it.
        fix: how to install it.
        trial: a subcommand that must be able to run ``true``, if it has one.
    """
    program = find_program(name)
    if program is None:
        return Row(
            name=name, status=Status.MISSING, found="not installed", meaning=meaning, fix=fix
        )
    failure = failure_of([program, trial, "true"]) if trial else ""
    if failure:
        return Row(
            name=name,
            status=Status.LIMITED,
            found=f"cannot run: {failure}",
            meaning=meaning,
            fix=fix,
        )
    return Row(name=name, status=Status.OK, found=version_of(program))


def module_row(name: str, meaning: str, fix: str) -> Row:
    """Look for an optional Python distribution beside tsprof."""
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Row(
            name=name, status=Status.MISSING, found="not installed", meaning=meaning, fix=fix
        )
    return Row(name=name, status=Status.OK, found=found)


def jemalloc_row(library: str | None) -> Row:
    """Judge the jemalloc library: its file name, None for none."""
    if library is not None:
        return Row(name="jemalloc", status=Status.OK, found=library)
    return Row(
        name="jemalloc",
        status=Status.MISSING,
        found="not installed",
        meaning="native heaps cannot be sampled by jemalloc",
        fix="apt install libjemalloc2",
    )


def compiler_row() -> Row:
    """Build the agent for native programs, or find it built."""
    program = native_agent.compiler()
    found = f"{Path(program).name} {version_of(program)}" if program else "not installed"
    try:
        native_agent.library()
    except AgentError as error:
        return Row(
            name="C compiler",
            status=Status.LIMITED if program else Status.MISSING,
            found=f"{found}: {error}" if program else found,
            meaning="native targets (C, C++, Rust) are measured from outside, small leaks unseen",
            fix="see why" if program else "apt install gcc",
        )
    found += ", builds the agent of native targets" if program else "; the agent has been built"
    return Row(name="C compiler", status=Status.OK, found=found)


def find_program(name: str) -> str | None:
    """Return the path of a program: on PATH, or beside the interpreter of tsprof."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def version_of(program: str) -> str:
    """Return the version that a program prints for ``--version``; ``unknown`` for none."""
    match = _VERSION.search(_output_of([program, "--version"]).stdout)
    return match[0] if match else "unknown version"


def failure_of(command: Sequence[str]) -> str:
    """Run a command and return why it failed, in one line; an empty text when it succeeded."""
    done = _output_of(command)
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    # A Rust program puts its reason first and a backtrace after it; Python does the reverse.
    reasons = [line for line in lines if line.startswith(("Error:", "error:"))] or lines[-1:]
    return reasons[0][:200] if reasons else f"exit code {done.returncode}"


def _output_of(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(list(command), 127, "", str(error))
