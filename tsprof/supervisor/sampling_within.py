"""Sampling by the agents, inside the target, where the kernel lets nobody look from outside."""

from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tsprof.analysis.attribution.sites import Origin
from tsprof.analysis.hotspots.profiles import frame_of
from tsprof.profilers.py_spy import AGENT
from tsprof.profilers.sampling import Sampled
from tsprof.stacks import Frame
from tsprof.supervisor.agents import Agents, Reply

RATE = 50
"""Samples per second: each takes the GIL, and 0.05 ms of it with ten threads."""
PATIENCE = 10.0
"""Seconds beyond those that are sampled."""
_ANCESTORS_ONLY = Path("/proc/sys/kernel/yama/ptrace_scope")


class _Told(BaseModel):
    stacks: list[tuple[list[tuple[str, str, int]], int]]


def let_others_look(agents: Agents, pids: Collection[int]) -> None:
    """Have processes let py-spy look into them, where only their ancestors may as it is."""
    try:
        scope = int(_ANCESTORS_ONLY.read_text())
    except (OSError, ValueError):
        return
    if scope and pids:
        agents.ask("sampling.allow", pids=pids)


def sample_within(
    agents: Agents, pids: Collection[int], seconds: float, origin: Callable[[str], Origin]
) -> dict[int, Sampled]:
    """Sample some processes from within; blocks meanwhile.

    Args:
        agents: of the target.
        pids: of the processes.
        seconds: for how long.
        origin: tells whose code a file is.

    Returns:
        What was seen, by process.
    """
    arguments = {"seconds": seconds, "rate": RATE}
    replies = agents.ask("sampling.run", arguments, pids=pids, timeout=seconds + PATIENCE)
    return {pid: read_reply(reply, origin) for pid, reply in replies.items()}


def read_reply(reply: Reply, origin: Callable[[str], Origin]) -> Sampled:
    """Read what an agent says that it has seen; it may say anything.

    Args:
        reply: to ``sampling.run``.
        origin: tells whose code a file is.
    """
    if isinstance(reply, str):
        return Sampled(stacks={}, problem=reply)
    try:
        told = _Told.model_validate(reply)
    except ValidationError:
        return Sampled(stacks={}, problem="its answer was not what was asked for")
    stacks: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    for places, weight in told.stacks:
        if not any(AGENT in file for _, file, _ in places):
            stacks[tuple(frame_of(*place, origin) for place in places)] += weight
    return Sampled(stacks=stacks)
