"""A fresh target under massif: its heap over time, at its peak, and which lines it grows by.

The verdict on growth, and all figures of speed, are those of the target by itself, before this.
"""

from contextlib import suppress
from functools import partial
from itertools import dropwhile

import psutil

from tsprof.analysis.attribution.survivors import peak_sites
from tsprof.profilers.massif import History, Moment, read_history, read_moment, with_moments
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.valgrind import Valgrind
from tsprof.profilers.valgrind_stacks import digest_of
from tsprof.report import format as fmt
from tsprof.report.model import HeapHistory
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.moments import three_moments
from tsprof.supervisor.second_run import SecondRun
from tsprof.supervisor.under_valgrind import (
    ANSWER_PATIENCE,
    MOST_REQUESTS,
    SEGMENT_PATIENCE,
    ask_each,
    meeting_valgrind,
    note_unseen,
    run_under,
    tell_of_speed,
)
from tsprof.supervisor.window import Window

SLOWDOWN = 20.0


def follow_heap(engine: Engine, requests: int, window: Window) -> SecondRun:
    """Start the target anew under massif, and compare three moments around two counted segments.

    The target is down before and afterwards.

    Args:
        engine: between two segments.
        requests: of a segment of the target by itself.
        window: takes the number of requests, and notes.
    """
    found = SecondRun(window)
    engine.phase = "following the heap under massif"
    with meeting_valgrind(engine) as tool:
        if tool is not None:
            measure = partial(_measure, found, engine, tool, min(requests, MOST_REQUESTS))
            run_under(engine, "massif", tool.massif, SLOWDOWN, measure)
    return found


def _measure(found: SecondRun, engine: Engine, tool: Valgrind, requests: int) -> None:
    began = engine.seconds

    def moment(pid: int) -> Moment:
        with tool.heap(pid, ANSWER_PATIENCE).open(encoding="utf-8", errors="replace") as lines:
            return read_moment(lines)

    def history(pid: int) -> History:
        file = tool.heap_over_time(pid, ANSWER_PATIENCE)
        with file.open(encoding="utf-8", errors="replace") as lines:
            return read_history(lines)

    deaf: set[int] = set()
    look = partial(ask_each, engine, tool, "massif", deaf, moment)
    moments = three_moments(engine, requests, SEGMENT_PATIENCE, look, found.window)
    histories = ask_each(engine, tool, "massif", deaf, history)
    tell_of_speed(engine, "massif", moments, began)
    early, total = moments.requests_early, moments.requests_total
    for pid, seen in moments.of_processes():
        told = with_moments(histories.get(pid, History(())), seen)
        blocks = [one.blocks for one in seen]
        digest = digest_of("massif", blocks, early, total, told.peak)
        found.digests.append(digest)
        heap = HeapHistory(
            pid=pid,
            command=_command(pid),
            points=told.points,
            moments=tuple(one.seconds for one in seen),
            peak_seconds=told.peak_seconds,
            peak=peak_sites(digest.peak, native_origin),
        )
        if any(point.heap_bytes for point in heap.points):
            found.heaps.append(heap)
            engine.note("note", _in_words(heap))
    note_unseen(found.window, [one.blocks for one in moments.last.values()])


def _command(pid: int) -> str:
    """Return the command that a process runs under massif."""
    with suppress(psutil.Error):
        words = psutil.Process(pid).cmdline()[1:]
        return " ".join(dropwhile(lambda word: word.startswith("--"), words))
    return ""


def _in_words(heap: HeapHistory) -> str:
    size = fmt.size(max(point.heap_bytes for point in heap.points))
    most = heap.peak[0] if heap.peak else None
    where = f", {fmt.percentage(most.share)} of it by {most.function}" if most is not None else ""
    return f"under massif process {heap.pid} had a heap of {size} at most{where}"
