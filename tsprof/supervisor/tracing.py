"""How a window traces a process of Python, how that begins, and what it cannot see."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsprof.analysis.attribution.conclude import blocks_per_request
from tsprof.analysis.run.assessments import Look
from tsprof.profilers import heaptrack
from tsprof.profilers.heaptrack import Heaptrack
from tsprof.profilers.lent_memray import install_command, lent_to
from tsprof.supervisor.agents import Agent, Agents, Reply

PATIENCE = 20.0
"""Seconds in which an agent has to answer."""
LEAST_ROOM = 512 << 20
"""Bytes that must be free for a window to be opened."""
FEW_FRAMES = 8
MANY_FRAMES = 25
"""Frames of a stack that tracemalloc notes: so many that the application's are among them under a
framework and a library, or fewer. A small service took 15 times as long with 8, 40 with 25."""
OFTEN = 0.5
"""Blocks per request from which the hundred requests of a slow window tell which lines leak."""


@dataclass(frozen=True)
class Tracing:
    """How a window traces."""

    method: str
    """``auto``, ``memray`` or ``tracemalloc``."""
    native_traces: bool = False
    """Whether memray unwinds the native stack of each allocation: a service that allocates 300
    times per request came to 13 % of its throughput, and to 39 % without."""

    def __str__(self) -> str:
        """Return what reports call it."""
        name = "memray" if self.method == "auto" else self.method
        return f"{name} with native traces" if self.native_traces else name


@dataclass(frozen=True, kw_only=True)
class Begun:
    """How the tracing of a process began."""

    traces: bool
    record: Path | None = None
    """What heaptrack records beside it."""
    note: str = ""
    """What the report should say of it."""


def prepare_tracing(agents: Agents, agent: Agent, tracing: Tracing) -> str:
    """Have a process load what it needs for that.

    Returns:
        What the report should say of it; empty where all is as wished.
    """
    arguments = {"method": tracing.method, "memray_path": _memray_path(agent)}
    reply = _ask(agents, agent, "window.prepare", arguments)
    if isinstance(reply, str):
        return f"process {agent.pid}: no window: {reply}"
    return _instead(agent, reply) if reply.get("refused") else ""


def start_tracing(
    agents: Agents, agent: Agent, tracing: Tracing, capture: Path, final: Look, *, native: bool
) -> Begun:
    """Begin to trace a process.

    Args:
        agents: of the target.
        agent: of the process.
        tracing: how.
        capture: the file to write.
        final: the look with the growth that is to be explained.
        native: Whether native memory grows.
    """
    tool = heaptrack.find()
    record = capture.with_suffix(".heaptrack")
    arguments = vars(tracing) | {
        "memray_path": _memray_path(agent),
        "file": str(capture),
        "disk_limit": LEAST_ROOM,
        "garbage": "garbage" in final.leaking,
        "frames": _frames(final),
        "recorder": tool and str(tool.recorder),
        "record": str(record),
    }
    reply = _ask(agents, agent, "window.start", arguments)
    if isinstance(reply, str) or not reply.get("started"):
        reason = reply if isinstance(reply, str) else reply["refused"]
        note = f"process {agent.pid}: the window could not be opened: {reason}"
        return Begun(traces=False, note=note)
    if reply.get("recorded"):
        return Begun(traces=True, record=record)
    unseen = native and reply["method"] == "tracemalloc"
    note = f"process {agent.pid}: {_unseen(reply, tool)}" if unseen else ""
    return Begun(traces=True, note=note)


def _ask(agents: Agents, agent: Agent, command: str, arguments: Mapping[str, Any]) -> Reply:
    replies = agents.ask(command, arguments, pids=[agent.pid], timeout=PATIENCE)
    return replies.get(agent.pid, "it did not answer")


def _memray_path(agent: Agent) -> str | None:
    folder = lent_to(agent.soabi)
    return None if folder is None else str(folder)


def _instead(agent: Agent, reply: Mapping[str, Any]) -> str:
    """Say in one line why memray does not trace, what does, and how to have memray."""
    text = f"Python {agent.python}: {reply['refused']}"  # the same for all workers
    if reply.get("method"):
        text += f", so {reply['method']} names the lines, from the innermost frames only"
    if reply.get("missing"):
        command = install_command(agent.soabi) or "pip install memray in the target's environment"
        text += f"; for whole stacks and native memory: {command}"
    return text


def _frames(final: Look) -> int:
    """Return how many frames tracemalloc notes: many where a few requests tell enough."""
    return MANY_FRAMES if (blocks_per_request(final) or 0.0) >= OFTEN else FEW_FRAMES


def _unseen(reply: Mapping[str, Any], tool: Heaptrack | None) -> str:
    """Say that tracemalloc does not see it, and why heaptrack does not stand in."""
    text = "tracemalloc does not see the native memory that grows"
    if reply.get("unrecorded"):
        return f"{text}; {reply['unrecorded']}"
    return text if tool else f"{text}; heaptrack would name its functions (apt install heaptrack)"
