"""A fresh target under valgrind: which lines lose memory, and which access what is not theirs.

The verdict on growth, and all figures of speed, are those of the target by itself, before this.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from tsprof.analysis.attribution.memory_access import other_errors
from tsprof.profilers import valgrind
from tsprof.profilers.memcheck import (
    Losses,
    digest_of,
    growth_by_kind,
    read_errors,
    read_losses,
)
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.valgrind import Valgrind, ValgrindError
from tsprof.report import format as fmt
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.launch import Target
from tsprof.supervisor.second_run import SecondRun, fail
from tsprof.supervisor.tool import Tool
from tsprof.supervisor.window import Window

MOST_REQUESTS = 1000
"""Requests of each of the three segments, of which the first warms up."""
SLOWDOWN = 20.0
"""memcheck took 91 to 95 % of a Rust service's throughput."""
SEGMENT_PATIENCE = 15.0
"""Seconds for each: then it is closed with the requests that were served."""
CHECK_PATIENCE = 30.0
"""Seconds that memcheck may take to look through the heap of a process."""
MOST_PROCESSES = 8
MOMENTS = 3


def check_memory(engine: Engine, requests: int, window: Window) -> SecondRun:
    """Start the target anew under valgrind, and look three times at what counted segments leave.

    The target is down before and afterwards.

    Args:
        engine: between two segments.
        requests: of a segment of the target by itself.
        window: takes the number of requests, and notes.
    """
    found = SecondRun(window)
    with tempfile.TemporaryDirectory(prefix="tsprof-") as folder:
        tool = valgrind.find(Path(folder))
        if tool is None:
            fail(engine, "valgrind is not installed (apt install valgrind)")
        else:
            _run(found, engine, tool, min(requests, MOST_REQUESTS))
    return found


def _run(found: SecondRun, engine: Engine, tool: Valgrind, requests: int) -> None:
    engine.phase = "checking memory under valgrind"
    engine.profiling = "valgrind"
    engine.hang_seconds *= SLOWDOWN
    if not engine.start_anew(Tool(prefix=tool.memcheck, slowdown=SLOWDOWN, agent=False)):
        fail(engine, "under valgrind the target does not start")
        return
    try:
        _measure(found, engine, tool, requests)
    except RunEnded:  # the events say why; its errors are on disk
        fail(engine, "under valgrind the target, or the load, ended early")
    target = engine.instruments.target
    if isinstance(target, Target):
        target.stop()
    found.invalid = read_errors(tool.errors(), native_origin)
    if other := other_errors(found.invalid):
        engine.note("note", other)


def _measure(found: SecondRun, engine: Engine, tool: Valgrind, requests: int) -> None:
    began, window = time.monotonic(), found.window
    moments: list[dict[int, Losses]] = []
    deaf: set[int] = set()
    counts = []
    for _ in range(MOMENTS):
        segment = engine.counted_segment(requests, SEGMENT_PATIENCE)
        requests = max(segment.requests, 1)
        counts.append(segment)
        engine.wait_until_quiet()
        moments.append(_look(engine, tool, deaf))
        engine.pump()
    window.requests_early, late = counts[1].requests, counts[2].requests
    window.requests_total = window.requests_early + late
    rate = window.requests_total / max(counts[1].seconds + counts[2].seconds, 0.001)
    engine.note(
        "note",
        f"valgrind ran a fresh target for {time.monotonic() - began:.0f} s at {rate:,.0f} requests "
        "per second; the figures of speed are of the load before, and limits on them hold there",
    )
    kinds: dict[str, float] = {}
    for pid in moments[-1]:
        one = [moment[pid] for moment in moments if pid in moment]
        if len(one) == MOMENTS:
            found.digests.append(digest_of(one, window.requests_early, window.requests_total))
            for kind, size in growth_by_kind(one, window.requests_total).items():
                kinds[kind] = kinds.get(kind, 0.0) + size
    found.details = _in_words(kinds)
    if moments[-1] and not any(losses.blocks for losses in moments[-1].values()):
        found.window.notes.append(
            "valgrind saw no block of the target's heap: its allocator is its own, or linked in "
            "statically and stripped"
        )


def _look(engine: Engine, tool: Valgrind, deaf: set[int]) -> dict[int, Losses]:
    """Ask for the blocks that are not freed, by process; those that give no answer are ``deaf``."""
    losses = {}
    started = tool.processes()
    living = [p for p in engine.instruments.target.processes() if p.pid in started]
    for process in living[:MOST_PROCESSES]:
        if process.pid in deaf:
            continue
        try:
            losses[process.pid] = _ask(process, tool)
        except psutil.Error:
            continue  # it has ended
        except ValgrindError as error:
            deaf.add(process.pid)
            engine.note("note", f"valgrind does not tell of process {process.pid}: {error}")
    return losses


def _ask(process: psutil.Process, tool: Valgrind) -> Losses:
    if process.uids().effective != os.geteuid():
        raise ValgrindError("it runs as another user, who cannot open valgrind's pipes")
    return read_losses(tool.leak_check(process.pid, CHECK_PATIENCE))


def _in_words(kinds: Mapping[str, float]) -> tuple[str, ...]:
    grown = {kind: size for kind, size in kinds.items() if size >= 1}
    parts = ", ".join(f"{fmt.size(size)} {kind}" for kind, size in grown.items())
    return (f"by valgrind, per request: {parts}",) if grown else ()
