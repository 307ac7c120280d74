"""A window in Python processes: which lines allocate what stays, and which containers hold it.

One window around counted load serves both. The containers that gained entries while it was open are
what holds the survivors.
"""

import time
from functools import partial

from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.growing import part_of_requests
from tsprof.supervisor.agents import Agent, Agents
from tsprof.supervisor.capture_room import CaptureRoom
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.heap_look import look_after, look_before
from tsprof.supervisor.native_callers import sample_callers
from tsprof.supervisor.target_code import target_origins
from tsprof.supervisor.tracing import Tracing, prepare_tracing, start_tracing
from tsprof.supervisor.window import Window, record

CALLERS_PATIENCE = 3.0
"""Seconds of load in which is sampled from where native code is called."""
LAST_LOOK = 1.5
"""Seconds within which the engine sees that a process is gone: it looks once a second."""


def open_python_window(
    window: Window, engine: Engine, final: Look, requests: int, tracing: Tracing
) -> None:
    """Trace two counted segments, and find out what holds the containers that grew meanwhile.

    Raises:
        RunEnded: the target or the load is gone; ``engine.profiling`` tells that it was in here.
    """
    agents = engine.instruments.agents
    present = agents.interpreters()
    pids = [pid for pid in window.pids if pid in present]
    native = (agents.connected().keys() & set(window.pids)) - present.keys()
    if native:
        named = ", ".join(map(str, sorted(native)))
        window.notes.append(
            f"{tracing} follows Python, and process {named}, which grows, is native: "
            "use --profiler heaptrack"
        )
    if not pids:
        if not native:
            window.notes.append("no process with an agent grows, so no line can be named")
        return
    engine.phase = "attributing: which line, which holder"
    engine.profiling = str(tracing)
    _prepare(window, agents, pids, tracing)
    before = look_before(agents, pids)
    began = time.monotonic()
    # After what the census keeps, and before the tracer: under memray 137,000 blocks too many were
    # counted.
    first = engine.checkpoint() if present.keys() - set(pids) else None
    window.folder.mkdir(exist_ok=True)
    room = CaptureRoom.in_folder(window.folder)
    _start(window, agents, pids, tracing, final)
    record(window, engine, requests, room)
    # Before the window they had the part that the ledger saw.
    window.requests_overall = round(window.share * engine.totals.requests)
    if first is not None and (part := part_of_requests(first, engine.checkpoint(), pids, final)):
        window.set_share(part)
    window.seconds = time.monotonic() - began
    window.heap = look_after(
        agents, pids, before, window.requests_total, garbage="garbage" in final.leaking
    )
    window.notes.extend(window.heap.notes)
    _discard_lost(window, engine, tracing)
    if window.records:
        _sample_callers(window, engine, requests)


def _prepare(window: Window, agents: Agents, pids: list[int], tracing: Tracing) -> None:
    for agent in _chosen(agents, pids):
        note = prepare_tracing(agents, agent, tracing)
        if note and note not in window.notes:
            window.notes.append(note)


def _start(window: Window, agents: Agents, pids: list[int], tracing: Tracing, final: Look) -> None:
    for agent in _chosen(agents, pids):
        capture = window.folder / f"{agent.pid}.capture"
        begun = start_tracing(agents, agent, tracing, capture, final, native=window.native)
        if begun.traces:
            window.captures[agent.pid] = capture
        if begun.record is not None:
            window.records[agent.pid] = begun.record
        if begun.note:
            window.notes.append(begun.note)


def _chosen(agents: Agents, pids: list[int]) -> list[Agent]:
    return [agent for pid, agent in agents.connected().items() if pid in pids]


def _discard_lost(window: Window, engine: Engine, tracing: Tracing) -> None:
    """Forget the captures of the processes that died in the window."""
    lost = window.captures.keys() - window.heap.after.keys()
    if lost:  # seen: SIGSEGV in tracemalloc.stop
        engine.pump_for(LAST_LOOK)  # it notices here, in this window, if the target is gone
    for pid in lost:
        engine.note("note", f"process {pid} died in the window of {tracing}; not counted", pid)
        window.discard(pid)


def _sample_callers(window: Window, engine: Engine, requests: int) -> None:
    window.callers, problem = sample_callers(
        engine,
        window.records,
        partial(engine.counted_segment, requests, CALLERS_PATIENCE),
        target_origins(engine),
    )
    window.notes.append(
        "native functions are heaptrack's; "
        + (
            f"which line of Python calls them is not known: {problem}"
            if problem
            else "the lines of Python are those that samples most often saw calling them"
        )
    )
