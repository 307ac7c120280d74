"""The control group's memory limit and its out-of-memory kills (cgroup v2 and v1)."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60
"""Bytes; version 1 says "no limit" with a number near 2**63."""


@dataclass(frozen=True)
class MemoryGroup:
    """The files of a control group; they outlive the processes in it."""

    limit_file: Path
    events_file: Path

    def limit(self) -> int | None:
        """Return the memory limit in bytes; None for no limit."""
        try:
            bytes_allowed = int(self.limit_file.read_text())
        except (OSError, ValueError):  # version 2 says "max", and its root says nothing
            return None
        return None if bytes_allowed >= _UNLIMITED else bytes_allowed

    def kills(self) -> int:
        """Return how many processes the kernel has killed in the group for want of memory."""
        try:
            lines = self.events_file.read_text().splitlines()
        except OSError:
            return 0
        counts = dict(line.split(maxsplit=1) for line in lines)
        return int(counts.get("oom_kill", 0))


def memory_group(pid: int, root: Path = ROOT) -> MemoryGroup | None:
    """Find the control group that limits a process's memory; None where there is none.

    Args:
        pid: of the process.
        root: where the control groups are mounted.
    """
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount, limit, events = root, "memory.max", "memory.events"
        elif "memory" in controllers.split(","):
            mount, limit, events = root / "memory", "memory.limit_in_bytes", "memory.oom_control"
        else:
            continue
        # In a container the path may be the host's, while the mount is the container's own group.
        for folder in (mount / path.lstrip("/"), mount):
            if (folder / events).is_file():
                return MemoryGroup(folder / limit, folder / events)
    return None
