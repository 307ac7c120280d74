"""The machine: Python, kernel, C library, processors, memory, limits, disk."""

import ctypes
import os
import platform
import resource
import shutil
from pathlib import Path

import psutil

from tsprof.doctor.row import Row, Status
from tsprof.probes.cgroup import memory_group
from tsprof.report.format import number, size

_BUSY = 0.5
"""Load per processor from which latency figures say more about the neighbours than the target."""
_CORES_WANTED = 2
"""One for the target, one for the load generator."""
_MEMORY_WANTED = 1_000_000_000
_FILES_WANTED = 1024
_FILES_NEEDED = 128
"""The load generator opens a socket for each of its 10 users and some 60 files of its own."""
_DISK_WANTED = 1_000_000_000
"""Bytes: an attribution window of 21 million allocations is 28 MB, and a soak has several."""
_DISK_NEEDED = 50_000_000
_UNLIMITED_CPU = -1


def rows(home: Path) -> tuple[Row, ...]:
    """Look at this machine; runs are stored under ``home``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    group = memory_group(os.getpid())
    cores = len(os.sched_getaffinity(0))
    return (
        python_row(platform.python_implementation(), platform.python_version()),
        kernel_row(platform.system(), platform.release()),
        libc_row(hasattr(ctypes.CDLL(None), "mallinfo2"), " ".join(platform.libc_ver())),
        processors_row(cores, os.getloadavg()[0]),
        memory_row(psutil.virtual_memory().total, psutil.virtual_memory().available),
        control_group_row(group.limit() if group else None, cpu_quota(Path("/"))),
        files_row(soft, hard),
        disk_row(home),
    )


def python_row(implementation: str, version: str) -> Row:
    """Judge the interpreter that runs tsprof itself."""
    return Row(
        name="Python of tsprof", status=Status.OK, found=f"{implementation} {version}", needed=True
    )


def kernel_row(system: str, release: str) -> Row:
    """Judge the operating system."""
    if system == "Linux":
        return Row(name="kernel", status=Status.OK, found=f"Linux {release}", needed=True)
    return Row(
        name="kernel",
        status=Status.MISSING,
        found=f"{system} {release}",
        meaning="the ledger is read from Linux's /proc",
        fix="run tsprof on Linux, such as in a container",
        needed=True,
    )


def libc_row(has_mallinfo2: bool, version: str) -> Row:  # noqa: FBT001 - a fact, no switch
    """Judge the C library, whose allocator serves native memory."""
    found = version.strip() or "not glibc"
    if has_mallinfo2:
        return Row(name="C library", status=Status.OK, found=f"{found}, with mallinfo2")
    return Row(
        name="C library",
        status=Status.LIMITED,
        found=f"{found}, without mallinfo2",
        meaning="live native memory is read less exactly, or not at all",
        fix="use a system with glibc 2.33 or later (not Alpine) for the target",
    )


def processors_row(cores: int, load: float) -> Row:
    """Judge the processors: usable ones, and the load average over the last minute."""
    found = f"{cores} usable, load {load:.2f}"
    if cores < _CORES_WANTED:
        return Row(
            name="processors",
            status=Status.LIMITED,
            found=found,
            meaning="load generator and target share one: latency suffers, leaks show all the same",
            fix="use a machine with two processors or more for criteria on latency",
        )
    if load > _BUSY * cores:
        return Row(
            name="processors",
            status=Status.LIMITED,
            found=found,
            meaning="something else is busy: latency is noisy, leaks show all the same",
            fix="wait until the machine is idle before judging latency",
        )
    return Row(name="processors", status=Status.OK, found=found)


def memory_row(total: int, available: int) -> Row:
    """Judge the main memory, in bytes."""
    found = f"{size(available)} of {size(total)} available"
    if available >= _MEMORY_WANTED:
        return Row(name="memory", status=Status.OK, found=found)
    return Row(
        name="memory",
        status=Status.LIMITED,
        found=found,
        meaning="a leaking target may be killed before the verdict",
        fix="end other programs, or use --max-time to keep runs short",
    )


def control_group_row(memory_limit: int | None, processors: float | None) -> Row:
    """Judge the limits of the control group: bytes of memory, and processors."""
    limits = [
        f"memory {size(memory_limit)}" if memory_limit is not None else "",
        f"{number(processors)} processors" if processors is not None else "",
    ]
    found = ", ".join(limit for limit in limits if limit) or "no limits"
    tight_memory = memory_limit is not None and memory_limit < _MEMORY_WANTED
    if tight_memory or (processors is not None and processors < _CORES_WANTED):
        return Row(
            name="control group",
            status=Status.LIMITED,
            found=found,
            meaning="target, load generator and tsprof share these limits",
            fix="give the container 1 GB and two processors or more",
        )
    return Row(name="control group", status=Status.OK, found=found)


def cpu_quota(root: Path) -> float | None:
    """Return the processors that this control group may use, by quota; None for no quota.

    Inside a container the files of its own group are those at the top (cgroups(7)).

    Args:
        root: the root of the file system.
    """
    groups = root / "sys/fs/cgroup"
    try:
        quota, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (groups / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (groups / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota == "max" or int(quota) == _UNLIMITED_CPU:
        return None
    return int(quota) / int(period)


def files_row(soft: int, hard: int) -> Row:
    """Judge how many files a process may have open."""
    infinite = resource.RLIM_INFINITY
    found = "unlimited" if soft == infinite else f"{number(soft)} per process"
    if soft == infinite or soft >= _FILES_WANTED:
        return Row(name="open files", status=Status.OK, found=found, needed=True)
    raise_to = 4096 if hard == infinite else min(hard, 4096)
    return Row(
        name="open files",
        status=Status.LIMITED if soft >= _FILES_NEEDED else Status.MISSING,
        found=found,
        meaning="every user of the load is a connection; many users will fail",
        fix=f"ulimit -n {raise_to}",
        needed=True,
    )


def disk_row(home: Path) -> Row:
    """Judge the place where runs are stored."""
    folder = next(folder for folder in (home, *home.parents) if folder.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Row(
            name="storage",
            status=Status.MISSING,
            found=f"{folder} cannot be written",
            meaning=f"runs are stored under {home}",
            fix="set TSPROF_HOME to a folder that you may write to",
            needed=True,
        )
    free = shutil.disk_usage(folder).free
    found = f"{size(free)} free for {home}"
    if free >= _DISK_WANTED:
        return Row(name="storage", status=Status.OK, found=found, needed=True)
    return Row(
        name="storage",
        status=Status.LIMITED if free >= _DISK_NEEDED else Status.MISSING,
        found=found,
        meaning="captures of a profiler may not fit",
        fix="tsprof runs --delete-older 7d, or set TSPROF_HOME to a larger disk",
        needed=True,
    )
