"""Count the instructions of a native target by call stack, in a second run under callgrind."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from tsprof.analysis.hotspots.profiles import bounded, profile_of
from tsprof.profilers.callgrind import read_callgrind
from tsprof.profilers.valgrind import Valgrind, ValgrindError
from tsprof.records import SampledWindow, Segment
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.second_run import make_way
from tsprof.supervisor.under_valgrind import (
    ANSWER_PATIENCE,
    SEGMENT_PATIENCE,
    meeting_valgrind,
    run_under,
)

WINDOWS = 3
REQUESTS = 200
"""Requests of each window; the counts per request of two differed by 0.003 %."""
SLOWDOWN = 50.0
MOST_STACKS = 1000
"""Distinct stacks that are kept of a window."""


def count_instructions(engine: Engine) -> int:
    """Run the target under callgrind, and count in windows of so many requests.

    Returns:
        0: no leak was looked for, so that none is to be followed.
    """
    engine.calibrate()
    if make_way(engine, "callgrind"):
        with meeting_valgrind(engine) as tool:
            if tool is not None:
                measure = partial(_count, engine, tool)
                run_under(engine, "callgrind", tool.callgrind, SLOWDOWN, measure)
    return 0


def _count(engine: Engine, tool: Valgrind) -> None:
    engine.phase = "counting instructions"
    engine.counted_segment(REQUESTS, SEGMENT_PATIENCE)
    pids = sorted(tool.processes())
    for pid in pids:
        with suppress(ValgrindError):
            tool.tell(pid, ("instrumentation", "on"), ANSWER_PATIENCE)
    # Code is translated anew, and what a first request does differs.
    engine.counted_segment(REQUESTS, SEGMENT_PATIENCE)
    _dump(engine, tool, pids)
    for _ in range(WINDOWS):
        began = engine.seconds
        segment = engine.counted_segment(REQUESTS, SEGMENT_PATIENCE)
        for pid, file in _dump(engine, tool, pids).items():
            _store(engine, segment, pid, file, began)
    engine.note("note", "latency and throughput are those under callgrind, which is slow")


def _dump(engine: Engine, tool: Valgrind, pids: list[int]) -> dict[int, Path]:
    engine.wait_until_quiet()
    files = {}
    for pid in pids:
        with suppress(ValgrindError):
            files[pid] = tool.counts(pid, ANSWER_PATIENCE)
    return files


def _store(engine: Engine, segment: Segment, pid: int, file: Path, began: float) -> None:
    with file.open(encoding="utf-8", errors="replace") as lines:
        counts = read_callgrind(lines)
    if not any(counts.values()):
        return
    profile = profile_of(
        counts, unit="instructions", requests=segment.requests, seconds=segment.seconds
    )
    with suppress(psutil.Error):
        engine.instruments.database.add(
            SampledWindow(
                segment=segment.number,
                pid=pid,
                command=" ".join(psutil.Process(pid).cmdline()),
                began=began,
                profile=bounded(profile, MOST_STACKS),
            )
        )
