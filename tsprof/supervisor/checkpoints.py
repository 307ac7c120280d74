"""Checkpoints: wait until the target is quiet, then read every process exactly."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psutil
from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, ValidationError

from tsprof.probes.mappings import Resident, resident
from tsprof.probes.processes import cpu_seconds
from tsprof.records import Checkpoint, ProcessReading, Source
from tsprof.supervisor.agents import Agents, Reply

QUIET_LOOK = 0.02
"""Seconds between two looks at the CPU time of the target; the kernel counts in 0.01 s."""
QUIET_LOOKS = 2
"""Looks in a row without CPU time that make a target quiet."""
QUIET_PATIENCE = 0.6
"""Seconds after which a checkpoint is taken of a target that never rests."""
AGENT_PATIENCE = 20.0
"""Seconds for a forced collection over a very large heap (0.8 s for some hundred thousand new
objects, measured), and for a C call that keeps the interpreter's lock."""


class _Part(BaseModel):
    """A part of an agent's reply: it comes out of the target, which may be anything."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Heap(_Part):
    live: NonNegativeInt
    held: NonNegativeInt
    small: NonNegativeInt = 0
    blocks: NonNegativeInt = 0


class _Heaps(_Part):
    python: _Heap | None = None
    native: _Heap | None = None


class _Collector(_Part):
    enabled: bool = True
    collections: NonNegativeInt = 0
    uncollectable: NonNegativeInt = 0


class _Counters(_Heaps):
    before: _Heaps = _Heaps()
    collected: NonNegativeInt = 0
    gc: _Collector = _Collector()
    """Not set in the answer of a native program."""
    large_containers: NonNegativeInt = 0
    tasks: NonNegativeInt | None = None
    pause: NonNegativeFloat = 0.0

    @property
    def live(self) -> int:
        return sum(heap.live for heap in (self.python, self.native) if heap)


class _Planted(_Part):
    blocks: NonNegativeInt
    python_bytes: NonNegativeInt
    native_bytes: NonNegativeInt


_Model = TypeVar("_Model", bound=BaseModel)


def _parse(model: type[_Model], reply: Reply) -> _Model | str:
    """Return a reply as data, or the reason why it is none."""
    if isinstance(reply, str):
        return reply
    try:
        return model.model_validate(reply)
    except ValidationError as error:
        first = error.errors()[0]
        return f"its answer is not valid: {'.'.join(map(str, first['loc']))}: {first['msg']}"


def wait_until_quiet(processes: Sequence[psutil.Process], pump: Callable[[], None]) -> bool:
    """Wait until the processes use no CPU; return False when they never rested."""
    deadline = time.monotonic() + QUIET_PATIENCE
    still, last = 0, cpu_seconds(processes)
    while time.monotonic() < deadline:
        pump()
        time.sleep(QUIET_LOOK)
        now = cpu_seconds(processes)
        still = still + 1 if now == last else 0
        last = now
        if still >= QUIET_LOOKS:
            return True
    return False


@dataclass(frozen=True, kw_only=True)
class LoadSoFar:
    """What the load had done when the checkpoint was taken."""

    seconds: float
    requests: int = 0
    failures: int = 0
    endpoints: Mapping[str, int] = field(default_factory=dict)
    uncertain: bool = False


def take_checkpoint(
    number: int,
    processes: Sequence[psutil.Process],
    agents: Agents,
    load: LoadSoFar,
    *,
    quiet: bool,
    temporary_files: int | None = None,
) -> tuple[Checkpoint, dict[int, str]]:
    """Read every process of the target.

    Returns:
        The checkpoint, and for each process whose agent gave no usable answer the reason. Such a
        process is read from outside.
    """
    replies = {
        pid: _parse(_Counters, reply)
        for pid, reply in agents.ask("checkpoint", timeout=AGENT_PATIENCE).items()
    }
    readings = []
    for process in processes:
        try:
            readings.append(_reading(process, replies.get(process.pid)))
        except psutil.Error:
            continue  # it ended meanwhile; the set of processes tells
    pids = {reading.pid for reading in readings}
    silent = {pid: r for pid, r in replies.items() if isinstance(r, str) and pid in pids}
    checkpoint = Checkpoint(
        number=number,
        seconds=load.seconds,
        requests=load.requests,
        failures=load.failures,
        endpoints=dict(load.endpoints),
        uncertain=load.uncertain,
        processes=tuple(readings),
        quiet=quiet,
        children=len(processes),
        temporary_files=temporary_files,
    )
    return checkpoint, silent


def _reading(process: psutil.Process, counters: _Counters | str | None) -> ProcessReading:
    with process.oneshot():
        try:
            mapped = resident(process)
        except psutil.AccessDenied:
            mapped = Resident(anonymous=process.memory_info().rss, stacks=0, file_mapped=0)
        outside: dict[str, Any] = {
            "pid": process.pid,
            "started": process.create_time(),
            "command": " ".join(process.cmdline())[:300] or process.name(),
            "rss": mapped.total,
            "anonymous": mapped.anonymous,
            "stacks": mapped.stacks,
            "file_mapped": mapped.file_mapped,
            "threads": process.num_threads(),
            "descriptors": process.num_fds(),
        }
    if isinstance(counters, _Counters) and (counters.python or counters.native):
        source: Source = "agent" if "gc" in counters.model_fields_set else "native"
        return ProcessReading(source=source, **outside, **_exact(counters))
    return ProcessReading(source="outside", **outside)


def _exact(counters: _Counters) -> dict[str, Any]:
    python, native, before = counters.python, counters.native, counters.before
    garbage = sum(
        earlier.live - now.live
        for now, earlier in ((python, before.python), (native, before.native))
        if now and earlier
    )
    return {
        "python_live": python.live if python else None,
        "python_held": python.held if python else 0,
        "small_blocks": python.small if python else 0,
        "blocks": python.blocks if python else 0,
        "native_live": native.live if native else None,
        "native_held": native.held if native else 0,
        "large_containers": counters.large_containers,
        "tasks": counters.tasks,
        "garbage_bytes": max(garbage, 0) if counters.collected else 0,
        "gc_enabled": counters.gc.enabled,
        "gc_collections": counters.gc.collections,
        "uncollectable": counters.gc.uncollectable,
        "pause": counters.pause,
    }


CONTROL_TOLERANCE = 4096
"""Bytes that an idle process may move by itself between two readings, such as the agent's own
reply (880 to 2,500 bytes, measured on Python 3.9 to 3.13)."""


@dataclass(frozen=True)
class ControlResult:
    """Outcome of the positive control in one process."""

    passed: bool
    text: str


def positive_control(agents: Agents, pids: Collection[int]) -> dict[int, ControlResult]:
    """Plant a known number of blocks and bytes in processes, and see whether they show.

    What the control plants is read like any other memory; it is taken back afterwards. A process
    may move by itself what it also moves between the readings before and after. One that ends
    meanwhile has no result.
    """
    _all_counters(agents, pids)  # the first checkpoint allocates what later ones reuse
    before = _all_counters(agents, pids)
    replies = agents.ask("plant", pids=pids)
    planted = {pid: _parse(_Planted, reply) for pid, reply in replies.items()}
    during = _all_counters(agents, pids)
    agents.ask("unplant", pids=pids)
    after = _all_counters(agents, pids)
    return {
        pid: _judge_control(first, planted.get(pid), during.get(pid), after.get(pid))
        for pid, first in before.items()
        if pid in after or psutil.pid_exists(pid)
    }


def _all_counters(agents: Agents, pids: Collection[int]) -> dict[int, _Counters | str]:
    replies = agents.ask("checkpoint", pids=pids, timeout=AGENT_PATIENCE)
    return {pid: _parse(_Counters, reply) for pid, reply in replies.items()}


def _judge_control(
    before: _Counters | str | None,
    planted: _Planted | str | None,
    during: _Counters | str | None,
    after: _Counters | str | None,
) -> ControlResult:
    if not (
        isinstance(before, _Counters)
        and isinstance(planted, _Planted)
        and isinstance(during, _Counters)
        and isinstance(after, _Counters)
    ):
        reasons = [reply for reply in (before, planted, during, after) if isinstance(reply, str)]
        return ControlResult(passed=False, text=next(iter(reasons), "it did not answer"))
    expected = planted.python_bytes + planted.native_bytes
    seen = during.live - before.live
    restless = abs(after.live - before.live)
    if abs(seen - expected) <= restless + CONTROL_TOLERANCE:
        return ControlResult(
            passed=True, text=f"positive control: a planted {expected:,} bytes showed in the ledger"
        )
    text = f"planted {expected:,} bytes in {planted.blocks:,} blocks, the ledger showed {seen:,}"
    return ControlResult(passed=False, text=text)
