"""Checkpoints: wait until the target is quiet, then read every process exactly."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from tsprof.probes.mappings import Resident, resident
from tsprof.probes.processes import cpu_seconds
from tsprof.records import Checkpoint, ProcessReading
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


def take_checkpoint(
    number: int,
    processes: Sequence[psutil.Process],
    agents: Agents,
    load: LoadSoFar,
    *,
    quiet: bool,
) -> tuple[Checkpoint, dict[int, str]]:
    """Read every process of the target.

    Returns:
        The checkpoint, and for each process whose agent gave no usable answer the reason. Such a
        process is read from outside.
    """
    replies = agents.ask("checkpoint", timeout=AGENT_PATIENCE)
    silent = {pid: reply for pid, reply in replies.items() if isinstance(reply, str)}
    readings = []
    for process in processes:
        try:
            readings.append(_reading(process, replies.get(process.pid)))
        except psutil.Error:
            continue  # it ended meanwhile; the set of processes tells
    checkpoint = Checkpoint(
        number=number,
        seconds=load.seconds,
        requests=load.requests,
        failures=load.failures,
        endpoints=dict(load.endpoints),
        processes=tuple(readings),
        quiet=quiet,
        children=len(processes),
    )
    return checkpoint, silent


def _reading(process: psutil.Process, reply: Reply | None) -> ProcessReading:
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
    if reply is None or isinstance(reply, str):
        return ProcessReading(source="outside", **outside)
    return ProcessReading(source="agent", **outside, **_counters(reply))


def _counters(reply: Mapping[str, Any]) -> dict[str, Any]:
    python, native = reply.get("python"), reply.get("native")
    before = reply.get("before") or {}
    collector = reply.get("gc") or {}
    garbage = 0
    for now, earlier in ((python, before.get("python")), (native, before.get("native"))):
        if now and earlier:
            garbage += earlier["live"] - now["live"]
    return {
        "python_live": python["live"] if python else None,
        "python_held": python["held"] if python else 0,
        "small_blocks": python["small"] if python else 0,
        "blocks": python["blocks"] if python else 0,
        "native_live": native["live"] if native else None,
        "native_held": native["held"] if native else 0,
        "large_containers": reply.get("large_containers", 0),
        "tasks": reply.get("tasks"),
        "garbage_bytes": max(garbage, 0) if reply.get("collected") else 0,
        "gc_enabled": collector.get("enabled", True),
        "gc_collections": collector.get("collections", 0),
        "uncollectable": collector.get("uncollectable", 0),
        "pause": reply.get("pause", 0.0),
    }


CONTROL_TOLERANCE = 4096
"""Bytes that an idle process may move by itself between two readings, such as the agent's own
reply (880 to 2,500 bytes, measured on Python 3.9 to 3.13)."""


@dataclass(frozen=True)
class ControlResult:
    """Outcome of the positive control in one process."""

    passed: bool
    text: str


def positive_control(agents: Agents) -> dict[int, ControlResult]:
    """Plant a known number of blocks and bytes in every process, and see whether they show.

    What the control plants is read like any other memory; it is taken back afterwards. A process
    may move by itself what it also moves between the readings before and after.
    """
    agents.ask(
        "checkpoint", timeout=AGENT_PATIENCE
    )  # the first one allocates what later ones reuse
    before = agents.ask("checkpoint", timeout=AGENT_PATIENCE)
    planted = agents.ask("plant")
    during = agents.ask("checkpoint", timeout=AGENT_PATIENCE)
    agents.ask("unplant")
    after = agents.ask("checkpoint", timeout=AGENT_PATIENCE)
    results = {}
    for pid, start in before.items():
        replies = (start, planted.get(pid), during.get(pid), after.get(pid))
        if any(reply is None or isinstance(reply, str) for reply in replies):
            reason = next((r for r in replies if isinstance(r, str)), "it did not answer")
            results[pid] = ControlResult(passed=False, text=reason)
        else:
            results[pid] = _judge_control(*replies)  # type: ignore[arg-type]  # texts are out
    return results


def _judge_control(
    before: Mapping[str, Any],
    planted: Mapping[str, Any],
    during: Mapping[str, Any],
    after: Mapping[str, Any],
) -> ControlResult:
    def live(reply: Mapping[str, Any]) -> int:
        return sum(int((reply.get(part) or {}).get("live", 0)) for part in ("python", "native"))

    expected = planted["python_bytes"] + planted["native_bytes"]
    seen = live(during) - live(before)
    restless = abs(live(after) - live(before))
    error = abs(seen - expected)
    text = f"planted {expected:,} bytes in {planted['blocks']:,} blocks, the ledger showed {seen:,}"
    return ControlResult(passed=error <= restless + CONTROL_TOLERANCE, text=text)
