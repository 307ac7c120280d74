"""What the kernel tells of a process, through psutil: sampled once a second over the whole tree."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psutil

from tsprof.records import ProcessSample

Role = Literal["target", "load", "supervisor"]


def sample(
    processes: Iterable[psutil.Process],
    second: int,
    role: Role,
    *,
    costly: bool,
) -> list[ProcessSample]:
    """Sample processes; one that ends meanwhile is left out.

    Args:
        processes: the processes.
        second: the run's second that the samples belong to.
        role: what the processes are to the run.
        costly: also read USS (walks the page tables: some ms per 100 MB) and count sockets.
    """
    samples = []
    for process in processes:
        try:
            samples.append(_sample(process, second, role, costly=costly))
        except psutil.Error:
            continue
    return samples


def _sample(process: psutil.Process, second: int, role: Role, *, costly: bool) -> ProcessSample:
    with process.oneshot():
        times = process.cpu_times()
        uss, connections = None, {}
        if costly:
            uss = process.memory_full_info().uss
            connections = dict(Counter(c.status.lower() for c in process.net_connections("inet")))
        return ProcessSample(
            second=second,
            pid=process.pid,
            role=role,
            rss=process.memory_info().rss,
            cpu_seconds=times.user + times.system,
            threads=process.num_threads(),
            descriptors=process.num_fds(),
            descriptor_limit=_descriptor_limit(process),
            uss=uss,
            connections=connections,
            waited_seconds=waited_seconds(process.pid),
        )


def _descriptor_limit(process: psutil.Process) -> int:
    try:
        soft, _ = process.rlimit(psutil.RLIMIT_NOFILE)
    except psutil.Error:  # prlimit(2) may be forbidden where the rest is not
        return 0
    return max(soft, 0)  # -1 is unlimited


def waited_seconds(pid: int) -> float:
    """Return for how long the first thread was ready to run and had no processor (sched-stats).

    Args:
        pid: the process.

    Returns:
        Seconds since its start; 0 where the kernel does not tell.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0  # a kernel without CONFIG_SCHED_INFO


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time that living processes have used so far, user and system, in seconds."""
    return sum(cpu_times(processes).values())


def cpu_times(processes: Iterable[psutil.Process]) -> dict[int, float]:
    """Return the CPU time of each process in seconds, by its id; those that ended are left out."""
    used = {}
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            used[process.pid] = times.user + times.system
    return used


def lives(pid: int) -> bool:
    """Tell whether a process has not ended; one that waits to be reaped has."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
