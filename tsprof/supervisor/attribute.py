"""Attribution: which lines allocate what stays, and which containers hold it.

One window around counted load serves both. The allocations of its early part that are alive at its
end are survivors; the containers that gained entries meanwhile are what holds them.
"""

import importlib.util
import platform
import sysconfig
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsprof.analysis.assessments import Look
from tsprof.analysis.captures import CaptureDigest
from tsprof.analysis.holders import growing_types
from tsprof.profilers.memray_capture import CaptureError, digest
from tsprof.records import ProcessReading
from tsprof.supervisor.agents import Agent, Reply
from tsprof.supervisor.checkpoints import wait_until_quiet
from tsprof.supervisor.engine import Engine

MOST_PROCESSES = 3
"""Processes in which windows are opened at a time, those that grow the most."""
GROWING_SHARE = 0.1
"""Part of the whole growth from which a process is looked into."""
DISK_LIMIT = 2 << 30
"""Bytes of captures; the window is closed when they are reached."""
CENSUS_PATIENCE = 20.0
WINDOW_PATIENCE = 60.0
LAST_LOOK = 1.5
"""Seconds within which the engine sees that a process is gone: it looks once a second."""


def growing_processes(final: Look) -> list[int]:
    """Return the pids that grow, or pile up garbage, the fastest first."""
    points = final.view.checkpoints
    judged = final.memory
    if not points or judged is None:
        return [r.pid for r in (points[-1].processes if points else ()) if r.source == "agent"]
    if final.leaking == ("garbage",):
        gained = [(float(r.garbage_bytes), r.pid) for r in points[-1].processes]
    else:
        before = {r.identity: r for r in points[judged.first].processes}
        gained = [(_gain(before.get(r.identity), r), r.pid) for r in points[-1].processes]
    gained.sort(reverse=True)
    whole = sum(max(gain, 0.0) for gain, _ in gained) or 1.0
    return [pid for gain, pid in gained if gain >= GROWING_SHARE * whole][:MOST_PROCESSES]


def _gain(before: ProcessReading | None, after: ProcessReading) -> float:
    if before is None or before.live is None or after.live is None:
        return 0.0
    return float(after.live - before.live)


@dataclass
class Window:
    """What was seen in one window: captures to be read, and the growing containers' holders."""

    captures: dict[int, Path] = field(default_factory=dict)
    marks: dict[int, float] = field(default_factory=dict)
    requests_early: int = 0
    requests_total: int = 0
    before: Mapping[int, Reply] = field(default_factory=dict)
    after: Mapping[int, Reply] = field(default_factory=dict)
    holders: dict[int, list[Mapping[str, Any]]] = field(default_factory=dict)
    garbage: Mapping[int, Reply] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def open_window(engine: Engine, final: Look, requests: int, folder: Path, method: str) -> Window:
    """Trace two counted segments, and find out what holds the containers that grew meanwhile.

    Args:
        engine: between two segments.
        final: tells which processes grow.
        requests: of each of the two segments.
        folder: where captures are written.
        method: ``auto``, ``memray`` or ``tracemalloc``.
    """
    agents = engine.instruments.agents
    present = agents.connected()
    pids = [pid for pid in growing_processes(final) if pid in present]
    window = Window()
    if not pids:
        window.notes.append("no process with an agent grows, so no line can be named")
        return window
    engine.phase = "attributing: which line, which holder"
    engine.profiling = True
    try:
        _prepare(window, engine, pids, method)
        window.before = agents.ask("census.take", pids=pids, timeout=CENSUS_PATIENCE)
        _start(window, engine, pids, folder, method)
        early = engine.counted_segment(requests, WINDOW_PATIENCE)
        _quiet(engine)
        for pid, reply in agents.ask("window.mark", pids=window.captures).items():
            if not isinstance(reply, str) and reply.get("marked"):
                window.marks[pid] = reply["time"]
        late = engine.counted_segment(requests, WINDOW_PATIENCE)
        _quiet(engine)
        agents.ask("window.stop", pids=window.captures, timeout=WINDOW_PATIENCE)
        window.after = agents.ask("census.take", pids=pids, timeout=CENSUS_PATIENCE)
        window.requests_early = early.requests
        window.requests_total = early.requests + late.requests
        if "garbage" in final.leaking:  # before the look for holders collects it
            window.garbage = agents.ask("garbage.take", pids=pids, timeout=CENSUS_PATIENCE)
        _find_holders(window, engine)
        if window.captures.keys() - window.after.keys():  # seen: SIGSEGV in tracemalloc.stop
            _see_it_end(engine)
    finally:
        engine.profiling = False
    return window


def _see_it_end(engine: Engine) -> None:
    """Wait until the engine has noticed that the target is gone, if it is: in this window."""
    deadline = time.monotonic() + LAST_LOOK
    while time.monotonic() < deadline:
        engine.pump(0.05)


def _quiet(engine: Engine) -> None:
    wait_until_quiet(engine.instruments.target.processes(), engine.pump)


def _arguments(agent: Agent, method: str) -> dict[str, Any]:
    return {"method": method, "memray_path": _memray_for(agent)}


def _memray_for(agent: Agent) -> str | None:
    """Return tsprof's own site-packages when its memray fits the target's interpreter."""
    same = agent.hello.get("soabi") == sysconfig.get_config_var("SOABI")
    spec = importlib.util.find_spec("memray")
    if not same or spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parents[1])


def _prepare(window: Window, engine: Engine, pids: list[int], method: str) -> None:
    agents = engine.instruments.agents
    for pid, agent in agents.connected().items():
        if pid not in pids:
            continue
        reply = agents.ask(
            "window.prepare", _arguments(agent, method), pids=[pid], timeout=CENSUS_PATIENCE
        ).get(pid, "it did not answer")
        if isinstance(reply, str):
            window.notes.append(f"process {pid}: no window: {reply}")
        elif reply.get("refused"):
            other = f"; {reply['method']} instead" if reply.get("method") else ""
            window.notes.append(
                f"process {pid} (Python {agent.python}): {reply['refused']}{other}; "
                f"to use memray: pip install memray in the target's environment"
                + (f" ({platform.python_version()} here)" if _memray_for(agent) is None else "")
            )


def _start(window: Window, engine: Engine, pids: list[int], folder: Path, method: str) -> None:
    agents = engine.instruments.agents
    folder.mkdir(exist_ok=True)
    for pid, agent in agents.connected().items():
        if pid not in pids:
            continue
        capture = folder / f"{pid}.capture"
        arguments = _arguments(agent, method) | {"file": str(capture), "disk_limit": DISK_LIMIT}
        reply = agents.ask("window.start", arguments, pids=[pid], timeout=CENSUS_PATIENCE).get(pid)
        if isinstance(reply, Mapping) and reply.get("started"):
            window.captures[pid] = capture
        else:
            reason = reply["refused"] if isinstance(reply, Mapping) else reply
            window.notes.append(f"process {pid}: the window could not be opened: {reason}")


def _find_holders(window: Window, engine: Engine) -> None:
    for pid, census in window.after.items():
        if isinstance(census, str):
            window.notes.append(f"process {pid}: containers could not be counted: {census}")
            continue
        arguments = {
            "containers": census["containers"],
            "ids": census["spread"].get("ids", []),
            "types": _types_wanted(window, pid, census),
        }
        reply = engine.instruments.agents.ask(
            "holders.find", arguments, pids=[pid], timeout=CENSUS_PATIENCE
        ).get(pid, "it did not answer")
        if isinstance(reply, str):
            window.notes.append(f"process {pid}: holders could not be found: {reply}")
        else:
            window.holders[pid] = reply["holders"]


def _types_wanted(window: Window, pid: int, after: Mapping[str, Any]) -> list[str]:
    before = window.before.get(pid)
    if not isinstance(before, Mapping):
        return []
    return list(growing_types(before, after, requests=window.requests_total))


def read_captures(window: Window) -> list[CaptureDigest]:
    """Reduce the window's captures to survivors by call stack, and delete them."""
    digests = []
    for pid, capture in window.captures.items():
        try:
            if pid in window.marks:
                digests.append(
                    digest(
                        capture,
                        early_until=window.marks[pid],
                        requests_early=window.requests_early,
                        requests_total=window.requests_total,
                    )
                )
        except CaptureError as error:
            window.notes.append(f"process {pid}: {error}")
        with suppress(OSError):
            capture.unlink()
    return digests
