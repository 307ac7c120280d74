"""A window of attribution: which lines allocate what stays, and which containers hold it.

One window around counted load serves both. The allocations of its early part that are alive at its
end are survivors; the containers that gained entries meanwhile are what holds them.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.holders import gaining_types, growing_types
from tsprof.analysis.attribution.native_callers import Samples, with_callers
from tsprof.analysis.run.assessments import Look
from tsprof.profilers.memray_capture import CaptureError, digest
from tsprof.supervisor.agents import Agent, Agents, Reply
from tsprof.supervisor.capture_room import CaptureRoom
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.native_callers import sample_callers
from tsprof.supervisor.target_code import target_origins
from tsprof.supervisor.tracing import Tracing, prepare_tracing, start_tracing

EARLY_SHARE = 0.5
"""Part of the room for captures at which a window's early segment ends."""
CENSUS_PATIENCE = 20.0
CENSUS_CALLS = 5
"""Calls of some 2 s each that a census may take: five million objects took two."""
SEGMENT_PATIENCE = 8.0
"""Seconds for each of a window's two segments, however much it slows the target down: then it is
closed with the requests that were served."""
CALLERS_PATIENCE = 3.0
"""Seconds of load in which is sampled from where native code is called."""
WINDOW_PATIENCE = 60.0
LAST_LOOK = 1.5
"""Seconds within which the engine sees that a process is gone: it looks once a second."""


@dataclass
class Window:
    """What was seen in one window: captures to be read, and the growing containers' holders."""

    folder: Path
    """Where captures are written."""
    native: bool
    """Native memory grows."""
    pids: list[int] = field(default_factory=list)
    """Processes to look into."""
    captures: dict[int, Path] = field(default_factory=dict)
    records: dict[int, Path] = field(default_factory=dict)
    """What heaptrack recorded of native code, beside the captures of tracemalloc."""
    callers: Mapping[int, Samples] = field(default_factory=dict)
    """From where that code is called."""
    marks: dict[int, float] = field(default_factory=dict)
    """Seconds since the epoch at the end of the early segment; 0 where the capture has the mark."""
    requests_early: int = 0
    requests_total: int = 0
    seconds: float = 0.0
    """Between the counts of its objects."""
    requests_overall: int = 0
    """Since the run's start."""
    before: Mapping[int, Reply] = field(default_factory=dict)
    after: Mapping[int, Reply] = field(default_factory=dict)
    holders: dict[int, list[Mapping[str, Any]]] = field(default_factory=dict)
    garbage: Mapping[int, Reply] = field(default_factory=dict)
    sized: dict[int, Reply] = field(default_factory=dict)
    """Lengths of collections written in C."""
    notes: list[str] = field(default_factory=list)
    died: bool = False
    """A process that was measured died in a window."""

    def discard(self, pid: int) -> None:
        """Forget the capture of a process that has died."""
        self.died = True
        self.captures.pop(pid).unlink(missing_ok=True)
        if pid in self.records:
            self.records.pop(pid).unlink(missing_ok=True)

    def after_death(self) -> "Window":
        """Return an empty window that knows of this one's end."""
        for pid in tuple(self.captures):
            self.discard(pid)
        return Window(self.folder, self.native, notes=self.notes, died=True)


def open_window(
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
    window.before = _census(agents, pids)
    began = time.monotonic()
    sized = agents.ask("sized.take", pids=pids, timeout=CENSUS_PATIENCE)
    window.folder.mkdir(exist_ok=True)
    room = CaptureRoom.in_folder(window.folder)
    _start(window, agents, pids, tracing, final)
    record(window, engine, requests, room)
    window.seconds = time.monotonic() - began
    window.after = _census(agents, pids)
    window.sized = _sized_again(agents, sized)
    window.requests_overall = engine.totals.requests
    if "garbage" in final.leaking:  # before the look for holders collects it
        window.garbage = agents.ask("garbage.take", pids=pids, timeout=CENSUS_PATIENCE)
    _find_holders(window, engine)
    _discard_lost(window, engine, tracing)
    if window.records:
        _sample_callers(window, engine, requests)


def record(window: Window, engine: Engine, requests: int, room: CaptureRoom) -> Mapping[int, Reply]:
    """Drive two counted segments, mark the moment between them in the captures, and end those.

    Args:
        window: whose captures have begun; takes their marks and the numbers of requests.
        engine: between two segments.
        requests: of each of the two segments.
        room: that the captures have.

    Returns:
        What each process answered to the end, by pid; those that have died are missing.

    Raises:
        RunEnded: the target or the load is gone.
    """
    agents = engine.instruments.agents
    early = engine.counted_segment(
        requests, SEGMENT_PATIENCE, partial(room.is_used_up, EARLY_SHARE)
    )
    engine.wait_until_quiet()
    marked = agents.ask("window.mark", pids=window.captures, timeout=WINDOW_PATIENCE)
    for pid, reply in marked.items():
        if isinstance(reply, Mapping) and reply.get("marked") is True:
            window.marks[pid] = reply.get("time", 0.0)
    late = engine.counted_segment(max(early.requests, 1), SEGMENT_PATIENCE, room.is_used_up)
    engine.wait_until_quiet()
    ended = agents.ask("window.stop", pids=window.captures, timeout=WINDOW_PATIENCE)
    window.requests_early = early.requests
    window.requests_total = early.requests + late.requests
    if room.is_used_up():
        window.notes.append(
            f"the window was ended early, after {window.requests_total:,} requests, to spare the "
            f"disk: what it had recorded took {room}"
        )
    return ended


def _discard_lost(window: Window, engine: Engine, tracing: Tracing) -> None:
    """Forget the captures of the processes that died in the window."""
    lost = window.captures.keys() - window.after.keys()
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


def _census(agents: Agents, pids: list[int]) -> dict[int, Reply]:
    """Have the processes count their objects, in several calls where there are many."""
    replies = agents.ask("census.take", pids=pids, timeout=CENSUS_PATIENCE)
    for _ in range(CENSUS_CALLS - 1):
        unfinished = [
            pid
            for pid, reply in replies.items()
            if isinstance(reply, Mapping) and reply["scanned"] < reply["objects"]
        ]
        if not unfinished:
            break
        replies |= agents.ask("census.go_on", pids=unfinished, timeout=CENSUS_PATIENCE)
    return replies


def _sized_again(agents: Agents, before: Mapping[int, Reply]) -> dict[int, Reply]:
    """Have the processes tell which of the collections that they had told of grew."""
    found: dict[int, Reply] = {}
    for pid, reply in before.items():
        if isinstance(reply, Mapping) and reply["collections"]:
            known = {"before": reply["collections"]}
            found |= agents.ask("sized.take", known, pids=[pid], timeout=CENSUS_PATIENCE)
    return found


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


def _find_holders(window: Window, engine: Engine) -> None:
    for pid, census in window.after.items():
        if isinstance(census, str):
            window.notes.append(f"process {pid}: containers could not be counted: {census}")
            continue
        gaining = _gaining_types(window, pid, census)
        arguments = {
            "containers": census["containers"],
            "ids": census["spread"].get("ids", []),
            "types": list(growing_types(gaining)),
            "between": list(gaining),
        }
        reply = engine.instruments.agents.ask(
            "holders.find", arguments, pids=[pid], timeout=CENSUS_PATIENCE
        ).get(pid, "it did not answer")
        if isinstance(reply, str):
            window.notes.append(f"process {pid}: holders could not be found: {reply}")
        else:
            window.holders[pid] = reply["holders"]
            first = window.before.get(pid)
            counted = isinstance(first, Mapping) and first["complete"] and census["complete"]
            if not (counted and reply["complete"]):
                window.notes.append(
                    f"process {pid}: the look for holders was incomplete, because there "
                    "are too many objects"
                )


def _gaining_types(window: Window, pid: int, after: Mapping[str, Any]) -> Mapping[str, int]:
    before = window.before.get(pid)
    if not isinstance(before, Mapping):
        return {}
    return gaining_types(before, after, requests=window.requests_total)


def read_captures(window: Window) -> list[CaptureDigest]:
    """Reduce the window's captures to survivors by call stack, and delete them."""
    digests = []
    for pid, capture in (*window.captures.items(), *window.records.items()):
        try:
            if pid in window.marks:
                read = digest(
                    capture,
                    early_until=window.marks[pid],
                    requests_early=window.requests_early,
                    requests_total=window.requests_total,
                )
                digests.append(with_callers(read, window.callers.get(pid, {})))
        except CaptureError as error:
            window.notes.append(f"process {pid}: {error}")
        with suppress(OSError):
            capture.unlink()
    return digests
