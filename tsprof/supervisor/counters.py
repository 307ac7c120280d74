"""What agents count of their processes: asked for, and checked before it is believed."""

from collections.abc import Collection
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from tsprof.supervisor.agents import Agents, Reply

AGENT_PATIENCE = 20.0
"""Seconds for a forced collection over a very large heap (0.8 s for some hundred thousand new
objects, measured), and for a C call that keeps the interpreter's lock."""


class Part(BaseModel):
    """A part of an agent's reply: it comes out of the target, which may be anything."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Heap(Part):
    live: NonNegativeInt
    held: NonNegativeInt
    small: NonNegativeInt = 0
    blocks: NonNegativeInt = 0


class _Heaps(Part):
    python: _Heap | None = None
    native: _Heap | None = None


class _Collector(Part):
    enabled: bool = True
    collections: NonNegativeInt = 0
    uncollectable: NonNegativeInt = 0


class Counters(_Heaps):
    """What the agent of one process counts at a checkpoint, in bytes and seconds."""

    before: _Heaps = _Heaps()
    collected: NonNegativeInt = 0
    gc: _Collector = _Collector()
    """Not set in the answer of a native program."""
    large_containers: NonNegativeInt = 0
    tasks: NonNegativeInt | None = None
    pause: NonNegativeFloat = 0.0

    @property
    def live(self) -> int:
        """Live bytes, Python's and native together."""
        return sum(heap.live for heap in (self.python, self.native) if heap)


_Model = TypeVar("_Model", bound=BaseModel)


def parsed(model: type[_Model], reply: Reply) -> _Model | str:
    """Return a reply as data, or the reason why it is none."""
    if isinstance(reply, str):
        return reply
    try:
        return model.model_validate(reply)
    except ValidationError as error:
        first = error.errors()[0]
        return f"its answer is not valid: {'.'.join(map(str, first['loc']))}: {first['msg']}"


def read_counters(agents: Agents, pids: Collection[int] | None = None) -> dict[int, Counters | str]:
    """Have agents collect garbage, trim the heap and count; all of them, or those of ``pids``.

    Returns:
        By process, the counters, or the reason why there are none.
    """
    replies = agents.ask("checkpoint", pids=pids, timeout=AGENT_PATIENCE)
    return {pid: parsed(Counters, reply) for pid, reply in replies.items()}
