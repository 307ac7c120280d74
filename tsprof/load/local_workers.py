"""The workers on this machine, from the supervisor's side. Imports neither Locust nor gevent."""

import socket
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from tsprof.load.child import Child
from tsprof.load.messages import Enlist, WorkerEnded, encode


@dataclass
class LocalWorkers:
    """Worker processes that never outlive this one."""

    _children: dict[str, tuple[Child, socket.socket]] = field(default_factory=dict)
    """Those that run, by name."""

    @property
    def pids(self) -> list[int]:
        """The processes that run."""
        return [child.process.pid for child, _ in self._children.values()]

    @property
    def pidfds(self) -> list[int]:
        """File descriptors that are readable when a process has ended."""
        return [child.pidfd for child, _ in self._children.values()]

    def start(self, count: int, order: Enlist, log: Path) -> None:
        """Start workers of the same master.

        Args:
            count: How many.
            order: What they are told; each is given its own name.
            log: The master's log file. That of worker 2 has a ``-2`` in its name.

        Raises:
            LoadError: A process or its log cannot be made.
        """
        for number in range(1, count + 1):
            name = f"load process {number}"
            own_log = log.with_stem(f"{log.stem}-{number}")
            child, channel = Child.launch("tsprof.load.worker_process", own_log)
            self._children[name] = child, channel
            channel.sendall(encode(replace(order, name=name)))

    def ended(self, ready: Collection[int]) -> list[WorkerEnded]:
        """Bury the processes whose ``pidfds`` are readable, and say how each ended."""
        ended = []
        for name, (child, channel) in list(self._children.items()):
            if child.pidfd in ready:
                del self._children[name]
                how = child.end(0)
                channel.close()
                ended.append(WorkerEnded(name, f"it ended with {how}; {child.last_words()}"))
        return ended

    def kill(self, name: str) -> None:
        """End a process of which the master has heard nothing, if it is one of these."""
        if name in self._children:
            self._children[name][0].process.kill()

    def end(self, grace: float) -> None:
        """End all processes; ``grace`` is how many seconds they have for it by themselves."""
        for child, channel in self._children.values():
            child.end(grace)
            channel.close()
        self._children.clear()
