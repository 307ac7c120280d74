"""A second run of the target under a tool of valgrind: started, asked, and ended."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from tsprof.profilers import valgrind
from tsprof.profilers.survivors import UnreadableError
from tsprof.profilers.valgrind import Valgrind, ValgrindError
from tsprof.profilers.valgrind_stacks import Blocks
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.launch import Target
from tsprof.supervisor.moments import Moments
from tsprof.supervisor.second_run import fail
from tsprof.supervisor.tool import Tool
from tsprof.supervisor.window import Window

MOST_REQUESTS = 1000
"""Requests of each segment."""
SEGMENT_PATIENCE = 15.0
"""Seconds for each: then it is closed with the requests that were served."""
ANSWER_PATIENCE = 30.0
"""Seconds that a tool may take to look through the heap of a process."""
MOST_PROCESSES = 8

Told = TypeVar("Told")


@contextmanager
def meeting_valgrind(engine: Engine) -> Iterator[Valgrind | None]:
    """Yield valgrind with a folder to meet in; None where it is not installed, which is recorded.

    Args:
        engine: of the run.
    """
    with tempfile.TemporaryDirectory(prefix="tsprof-") as folder:
        tool = valgrind.find(Path(folder))
        if tool is None:
            fail(engine, "valgrind is not installed (apt install valgrind)")
        yield tool


def run_under(
    engine: Engine,
    name: str,
    command: tuple[str, ...],
    slowdown: float,
    measure: Callable[[], object],
) -> None:
    """Start the target anew under a tool, measure, and end it; what fails is recorded.

    Args:
        engine: whose target has ended.
        name: of the tool.
        command: that is put before the target's.
        slowdown: times as long as by itself that the target may take.
        measure: drives segments.
    """
    engine.profiling = name
    engine.hang_seconds *= slowdown
    if not engine.start_anew(Tool(prefix=command, slowdown=slowdown, agent=False)):
        fail(engine, f"under {name} the target does not start")
        return
    try:
        measure()
    except RunEnded:  # the events say why; what the tool has written is on disk
        fail(engine, f"under {name} the target, or the load, ended early")
    target = engine.instruments.target
    if isinstance(target, Target):
        target.stop()


def ask_each(
    engine: Engine, tool: Valgrind, name: str, deaf: set[int], question: Callable[[int], Told]
) -> dict[int, Told]:
    """Return what each process tells that runs under a tool, by pid.

    Args:
        engine: of the run; notes who gives no answer.
        tool: under which they run.
        name: of the tool.
        deaf: pids of those that gave none, who are not asked again.
        question: asks the process with a pid; may raise ValgrindError or UnreadableError.
    """
    told = {}
    started = tool.processes() - deaf
    living = [p for p in engine.instruments.target.processes() if p.pid in started]
    for process in living[:MOST_PROCESSES]:
        try:
            _need_own_user(process)
            told[process.pid] = question(process.pid)
        except psutil.Error:
            continue  # it has ended
        except (ValgrindError, UnreadableError, OSError) as error:
            deaf.add(process.pid)
            engine.note("note", f"{name} does not tell of process {process.pid}: {error}")
    return told


def _need_own_user(process: psutil.Process) -> None:
    if process.uids().effective != os.geteuid():
        raise ValgrindError("it runs as another user, who cannot open valgrind's pipes")


def tell_of_speed(engine: Engine, name: str, moments: Moments[Told], began: float) -> None:
    """Note how slow the target was, and where the figures of speed come from instead.

    Args:
        engine: of the run.
        name: of the tool.
        moments: that were looked at.
        began: when it was started, in the engine's seconds.
    """
    engine.note(
        "note",
        f"{name} ran a fresh target for {engine.seconds - began:.0f} s at {moments.rate:,.0f} "
        "requests per second; the figures of speed are of the load before, and limits on them hold "
        "there",
    )


def note_unseen(window: Window, heaps: Sequence[Blocks]) -> None:
    """Note it where a tool has seen nothing of the heap of any process.

    Args:
        window: takes the note.
        heaps: of each process.
    """
    if heaps and not any(heaps):
        window.notes.append(
            "valgrind saw no block of the target's heap: its allocator is its own, or linked in "
            "statically and stripped"
        )
