"""The control group's memory limit and its out-of-memory events (cgroup v2 and v1)."""

from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60


@dataclass(frozen=True)
class CgroupMemory:
    """Memory of the control group that a process is in."""

    limit: int | None
    """Bytes; None for no limit."""
    out_of_memory_kills: int
    """Processes that the kernel has killed in it so far."""


def cgroup_memory(pid: int) -> CgroupMemory | None:
    """Read the memory limit and events of a process's control group; None where there is none."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        relative = path.lstrip("/")
        if controllers == "":
            folder, limit, events = _ROOT / relative, "memory.max", "memory.events"
        elif "memory" in controllers.split(","):
            folder = _ROOT / "memory" / relative
            limit, events = "memory.limit_in_bytes", "memory.oom_control"
        else:
            continue
        if (folder / events).exists():
            return CgroupMemory(_limit(folder / limit), _kills(folder / events))
    return None


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return None if text == "max" or int(text) >= _UNLIMITED else int(text)


def _kills(path: Path) -> int:
    for line in path.read_text().splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0
