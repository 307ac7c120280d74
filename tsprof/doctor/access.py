"""What this user may look at: memory maps, other processes, hardware counters."""

from pathlib import Path

import psutil

from tsprof.doctor.row import Row, Status

_CAP_SYS_PTRACE = 19
_CAP_PERFMON = 38
_CAP_SYS_ADMIN = 21
"""Bit numbers of capabilities(7)."""
_PTRACE_SCOPES = {
    0: "any process of this user",
    1: "own descendants and those that allow it, as tsprof's agent does",
    2: "administrators only",
    3: "nobody",
}
_AGENT_ALLOWS = 1
"""Up to here a process can let others look into it (yama(7))."""
_PARANOID_USER_ONLY = 2
"""Up to here perf(1) may sample one's own processes in user space."""


def rows() -> tuple[Row, ...]:
    """Look at what this user may do on this machine."""
    root = Path("/")
    return (maps_row(), ptrace_row(root), perf_events_row(root))


def maps_row() -> Row:
    """Judge whether a process's memory maps can be read."""
    name = "memory maps"
    try:
        mappings = len(psutil.Process().memory_maps(grouped=False))
    except (psutil.Error, OSError, NotImplementedError, AttributeError) as error:
        return Row(
            name=name,
            status=Status.MISSING,
            found=f"/proc/self/smaps cannot be read ({error})",
            meaning="the ledger cannot say what kind of memory grows",
            fix="mount /proc, and use a kernel with CONFIG_PROC_PAGE_MONITOR",
            needed=True,
        )
    return Row(
        name=name, status=Status.OK, found=f"/proc/self/smaps, {mappings} mappings", needed=True
    )


def ptrace_row(root: Path) -> Row:
    """Judge whether one process may look into another.

    Args:
        root: the root of the file system.
    """
    scope = _number_in(root / "proc/sys/kernel/yama/ptrace_scope") or 0
    if has_capability(root, _CAP_SYS_PTRACE):
        return Row(name="ptrace", status=Status.OK, found="any process (CAP_SYS_PTRACE)")
    found = f"{_PTRACE_SCOPES.get(scope, 'unknown')} (ptrace_scope {scope})"
    if scope <= _AGENT_ALLOWS:
        return Row(name="ptrace", status=Status.OK, found=found)
    return Row(
        name="ptrace",
        status=Status.LIMITED,
        found=found,
        meaning="py-spy cannot sample the target: the agent does so for tsprof flame, and rougher; "
        "other reports have no hot paths; leaks are found all the same",
        fix="sudo sysctl kernel.yama.ptrace_scope=0, or docker run --cap-add SYS_PTRACE",
    )


def perf_events_row(root: Path) -> Row:
    """Judge whether perf may sample.

    Args:
        root: the root of the file system.
    """
    name = "perf events"
    level = _number_in(root / "proc/sys/kernel/perf_event_paranoid")
    if level is None:
        return Row(
            name=name,
            status=Status.LIMITED,
            found="the kernel has none",
            meaning="no hot paths of native targets",
            fix="use a kernel with CONFIG_PERF_EVENTS",
        )
    found = f"perf_event_paranoid {level}"
    capable = has_capability(root, _CAP_PERFMON) or has_capability(root, _CAP_SYS_ADMIN)
    if capable or level <= _PARANOID_USER_ONLY:
        return Row(name=name, status=Status.OK, found=found)
    return Row(
        name=name,
        status=Status.LIMITED,
        found=found,
        meaning="perf may not sample: no hot paths of native targets",
        fix="sudo sysctl kernel.perf_event_paranoid=2",
    )


def has_capability(root: Path, bit: int) -> bool:
    """Tell whether this process has a capability, by its bit number.

    Args:
        root: the root of the file system.
        bit: of capabilities(7).
    """
    try:
        status = (root / "proc/self/status").read_text()
    except OSError:
        return False
    effective = next(
        (line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0"
    )
    return bool(int(effective, 16) >> bit & 1)


def _number_in(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
