"""A fresh target under valgrind: which lines lose memory, and which access what is not theirs.

The verdict on growth, and all figures of speed, are those of the target by itself, before this.
"""

import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.memory_access import InvalidAccess, other_errors
from tsprof.profilers import valgrind
from tsprof.profilers.memcheck import (
    Losses,
    digest_of,
    growth_by_kind,
    read_errors,
    read_losses,
)
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.valgrind import MemcheckError, Valgrind
from tsprof.report import format as fmt
from tsprof.supervisor.bring_up import SLOWDOWN
from tsprof.supervisor.checkpoints import wait_until_quiet
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.launch import Target
from tsprof.supervisor.window import Window

MOST_REQUESTS = 1000
"""Requests of each of the three segments, of which the first warms up."""
SEGMENT_PATIENCE = 15.0
"""Seconds for each: then it is closed with the requests that were served."""
CHECK_PATIENCE = 60.0
"""Seconds that memcheck may take to look through the heap of a process."""
MOST_PROCESSES = 8
MOMENTS = 3


@dataclass
class MemoryCheck:
    """What valgrind saw."""

    window: Window
    """Its requests and notes."""
    digests: list[CaptureDigest] = field(default_factory=list)
    invalid: tuple[InvalidAccess, ...] = ()


def check_memory(engine: Engine, requests: int, captures: Path) -> MemoryCheck:
    """Start the target anew under valgrind, and look twice at what three counted segments leave.

    The target is down afterwards.

    Args:
        engine: between two segments.
        requests: of a segment of the target by itself.
        captures: the folder of the run for captures, of which there are none.
    """
    found = MemoryCheck(Window(captures, native=True))
    target = engine.instruments.target
    if not isinstance(target, Target):
        found.window.notes.append("valgrind needs to start the target, and this one runs already")
    elif engine.instruments.agents.interpreters():
        found.window.notes.append("valgrind follows native programs, and the target runs Python")
    else:
        with tempfile.TemporaryDirectory(prefix="tsprof-") as folder:
            tool = valgrind.find(Path(folder))
            if tool is None:
                found.window.notes.append("valgrind is not installed (apt install valgrind)")
            else:
                target.stop()
                _run(found, engine, tool, min(requests, MOST_REQUESTS))
    return found


def _run(found: MemoryCheck, engine: Engine, tool: Valgrind, requests: int) -> None:
    engine.phase = "checking memory under valgrind"
    engine.profiling = "valgrind"
    engine.hang_seconds *= SLOWDOWN
    if not engine.start_anew(tool.prefix):
        found.window.notes.append("under valgrind the target does not start")
        return
    with suppress(RunEnded):  # the events say why; its errors are on disk
        _measure(found, engine, tool, requests)
    target = engine.instruments.target
    if isinstance(target, Target):
        target.stop()
    found.invalid = read_errors(tool.errors(), native_origin)
    if other := other_errors(found.invalid):
        engine.note("note", other)


def _measure(found: MemoryCheck, engine: Engine, tool: Valgrind, requests: int) -> None:
    began, window = time.monotonic(), found.window
    moments: list[dict[int, Losses]] = []
    counts = []
    for _ in range(MOMENTS):
        segment = engine.counted_segment(requests, SEGMENT_PATIENCE)
        requests = max(segment.requests, 1)
        counts.append(segment)
        wait_until_quiet(engine.instruments.target.processes(), engine.pump)
        moments.append(_look(found, engine, tool))
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
    found.window.notes.extend(_in_words(kinds))
    if not any(losses.blocks for losses in moments[-1].values()):
        found.window.notes.append(
            "valgrind saw no block of the target's heap: its allocator is its own, or linked in "
            "statically and stripped"
        )


def _look(found: MemoryCheck, engine: Engine, tool: Valgrind) -> dict[int, Losses]:
    """Ask for the blocks that are not freed, by process."""
    losses = {}
    living = {process.pid for process in engine.instruments.target.processes()}
    for pid in sorted(living.intersection(tool.processes()))[:MOST_PROCESSES]:
        try:
            losses[pid] = read_losses(tool.leak_check(pid, CHECK_PATIENCE))
        except MemcheckError as error:
            found.window.notes.append(f"valgrind did not tell of process {pid}: {error}")
    return losses


def _in_words(kinds: Mapping[str, float]) -> list[str]:
    grown = {kind: size for kind, size in kinds.items() if size >= 1}
    if not grown:
        return []
    parts = ", ".join(f"{fmt.size(size)} {kind}" for kind, size in grown.items())
    return [f"by valgrind, per request: {parts}"]
