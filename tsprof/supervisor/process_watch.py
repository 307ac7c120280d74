"""Watches the processes of a target from second to second: who came and went, and what it used."""

import time
from collections.abc import Iterator, Sequence

import psutil

from tsprof.probes.cgroup import MemoryGroup, memory_group
from tsprof.probes.processes import sample
from tsprof.records import EventKind, ProcessSample

COSTLY_EVERY = 10.0
"""Least seconds between two reads of USS and sockets."""
COSTLY_SHARE = 0.005
"""Part of the time that these reads may take: on a machine with many sockets one takes seconds."""

News = tuple[EventKind, str, int | None]
"""An event's kind and text, and the process that it is about."""


class ProcessWatch:
    """What is known of the target's processes so far."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[int, str] = {}
        self._group: MemoryGroup | None = None
        self._kills: int | None = None
        self._costly_next = 0.0

    def samples(self, processes: Sequence[psutil.Process], second: int) -> Iterator[ProcessSample]:
        """Yield what the target's processes use, with what is costly to read now and then."""
        began = time.monotonic()
        costly = began >= self._costly_next
        yield from sample(processes, second, "target", costly=costly)
        if costly:
            ended = time.monotonic()
            self._costly_next = ended + max(COSTLY_EVERY, (ended - began) / COSTLY_SHARE)

    def look(self, processes: Sequence[psutil.Process]) -> Iterator[News]:
        """Yield which processes started and ended since the last look, and who was killed."""
        now = {}
        for process in processes:
            try:
                now[process.pid] = self._known.get(process.pid) or process.name()
            except psutil.Error:
                continue
        for pid, name in now.items():
            if pid not in self._known:
                yield "process_started", f"process {pid} ({name}) started", pid
        for pid, name in self._known.items():
            if pid not in now:
                yield "process_ended", f"process {pid} ({name}) ended", pid
        self._known = now
        if self._group is None and processes:
            self._group = memory_group(processes[0].pid)
        yield from self.memory_kills()

    def memory_kills(self) -> Iterator[News]:
        """Yield that the kernel has killed one of them at its memory limit since the last look."""
        if self._group is None:
            return
        kills = self._group.kills()
        if self._kills is not None and kills > self._kills:
            limit = self._group.limit()
            text = "the kernel killed a process of the target: its memory limit "
            yield (
                "out_of_memory",
                f"{text}{f'of {limit:,} bytes ' if limit else ''}was reached",
                None,
            )
        self._kills = kills
