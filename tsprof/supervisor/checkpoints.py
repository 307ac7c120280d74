"""Checkpoints: wait until the target is quiet, then read every process exactly."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from tsprof.probes.mappings import Resident, resident
from tsprof.probes.processes import cpu_seconds
from tsprof.records import Checkpoint, ProcessReading, Source
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.counters import Counters, read_counters
from tsprof.supervisor.load_totals import LoadTotals

QUIET_LOOK = 0.02
"""Seconds between two looks at the CPU time of the target; the kernel counts in 0.01 s."""
QUIET_LOOKS = 2
"""Looks in a row without CPU time that make a target quiet."""
QUIET_PATIENCE = 0.6
"""Seconds after which a checkpoint is taken of a target that never rests."""


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


def take_checkpoint(
    number: int,
    processes: Sequence[psutil.Process],
    agents: Agents,
    load: LoadTotals,
    *,
    seconds: float,
    quiet: bool,
    rested: float = 0.0,
    temporary_files: int | None = None,
) -> tuple[Checkpoint, dict[int, str]]:
    """Read every process of the target.

    Args:
        number: of the checkpoint.
        processes: of the target.
        agents: that are asked for exact counters.
        load: what it did so far.
        seconds: since the run began.
        quiet: whether the target used no CPU.
        rested: seconds for which it was left alone first.
        temporary_files: in the target's folder for them; None where it has none of its own.

    Returns:
        The checkpoint, and for each process whose agent gave no usable answer the reason. Such a
        process is read from outside.
    """
    replies = read_counters(agents)
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
        seconds=seconds,
        requests=load.requests,
        failures=load.failures,
        endpoints=dict(load.endpoints),
        uncertain=load.uncertain,
        processes=tuple(readings),
        quiet=quiet,
        rested=rested,
        children=len(processes),
        temporary_files=temporary_files,
    )
    return checkpoint, silent


def _reading(process: psutil.Process, counted: Counters | str | None) -> ProcessReading:
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
    if isinstance(counted, Counters) and (counted.python or counted.native):
        source: Source = "agent" if "gc" in counted.model_fields_set else "native"
        return ProcessReading(source=source, **outside, **_exact(counted))
    return ProcessReading(source="outside", **outside)


def _exact(counted: Counters) -> dict[str, Any]:
    python, native, before = counted.python, counted.native, counted.before
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
        "large_containers": counted.large_containers,
        "tasks": counted.tasks,
        "garbage_bytes": max(garbage, 0) if counted.collected else 0,
        "gc_enabled": counted.gc.enabled,
        "gc_collections": counted.gc.collections,
        "uncollectable": counted.gc.uncollectable,
        "pause": counted.pause,
    }
