"""Which processes of the target do the work, and with how many threads."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

LEAST_SHARE = 0.02
"""Of the target's CPU time, from which a process counts: gunicorn's master has 0.001."""
ONE_THREAD = 0.95
"""Part of a process's CPU time that one thread must use for the process to count as one."""


@dataclass(frozen=True)
class Usage:
    """What a process has used since its start, in seconds."""

    cpu: float
    threads: Mapping[int, float]
    """Of the threads that are alive, by id."""

    def since(self, before: "Usage | None") -> float:
        """Return the CPU time since it was looked at before, or since its start."""
        return self.cpu - (before.cpu if before else 0.0)

    def is_of_one_thread(self, before: "Usage | None") -> bool:
        """Tell whether one thread did nearly all since then; those that have ended are others."""
        known = before.threads if before else {}
        most = max((cpu - known.get(tid, 0.0) for tid, cpu in self.threads.items()), default=0.0)
        return most >= ONE_THREAD * self.since(before)


def usage_of(processes: Iterable[psutil.Process]) -> dict[int, Usage]:
    """Return what each process has used, by its id; those that have ended are left out."""
    usage = {}
    for process in processes:
        with suppress(psutil.Error):
            threads = {t.id: t.user_time + t.system_time for t in process.threads()}
            times = process.cpu_times()
            usage[process.pid] = Usage(times.user + times.system, threads)
    return usage


def busy(usage: Mapping[int, Usage], before: Mapping[int, Usage]) -> list[int]:
    """Return the processes that did a part of the work since then worth the name, most first."""
    gained = {pid: used.since(before.get(pid)) for pid, used in usage.items()}
    least = LEAST_SHARE * sum(gained.values())
    return sorted((pid for pid in gained if gained[pid] >= least), key=lambda pid: -gained[pid])
