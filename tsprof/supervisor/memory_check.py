"""A fresh target under valgrind: which lines lose memory, and which access what is not theirs.

The verdict on growth, and all figures of speed, are those of the target by itself, before this.
"""

from collections.abc import Mapping
from functools import partial

from tsprof.analysis.attribution.memory_access import other_errors
from tsprof.profilers.memcheck import LOST, Losses, growth_by_kind, read_errors, read_losses
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.valgrind import Valgrind
from tsprof.profilers.valgrind_stacks import digest_of
from tsprof.report import format as fmt
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
"""memcheck took 91 to 95 % of a Rust service's throughput."""


def check_memory(engine: Engine, requests: int, window: Window) -> SecondRun:
    """Start the target anew under memcheck, and look three times at what counted segments leave.

    The target is down before and afterwards.

    Args:
        engine: between two segments.
        requests: of a segment of the target by itself.
        window: takes the number of requests, and notes.
    """
    found = SecondRun(window)
    engine.phase = "checking memory under valgrind"
    with meeting_valgrind(engine) as tool:
        if tool is not None:
            measure = partial(_measure, found, engine, tool, min(requests, MOST_REQUESTS))
            run_under(engine, "valgrind", tool.memcheck, SLOWDOWN, measure)
            found.invalid = read_errors(tool.errors(), native_origin)
    if other := other_errors(found.invalid):
        engine.note("note", other)
    return found


def _measure(found: SecondRun, engine: Engine, tool: Valgrind, requests: int) -> None:
    began = engine.seconds

    def losses(pid: int) -> Losses:
        return read_losses(tool.leak_check(pid, ANSWER_PATIENCE))

    look = partial(ask_each, engine, tool, "valgrind", set(), losses)
    moments = three_moments(engine, requests, SEGMENT_PATIENCE, look, found.window)
    tell_of_speed(engine, "valgrind", moments, began)
    early, total = moments.requests_early, moments.requests_total
    kinds: dict[str, float] = {}
    for _, seen in moments.of_processes():
        blocks = [moment.blocks for moment in seen]
        found.digests.append(digest_of("valgrind", blocks, early, total))
        for kind, size in growth_by_kind(seen, total).items():
            kinds[kind] = kinds.get(kind, 0.0) + size
    found.details = _in_words(kinds)
    found.lost = sum(max(kinds.get(kind, 0.0), 0.0) for kind in LOST)
    note_unseen(found.window, [losses.blocks for losses in moments.last.values()])


def _in_words(kinds: Mapping[str, float]) -> tuple[str, ...]:
    grown = {kind: size for kind, size in kinds.items() if size >= 1}
    parts = ", ".join(f"{fmt.size(size)} {kind}" for kind, size in grown.items())
    return (f"by valgrind, per request: {parts}",) if grown else ()
