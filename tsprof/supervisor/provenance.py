"""What was run, where, with what: written into every report."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from tsprof import __version__
from tsprof.report.model import Provenance

PACKAGES = ("locust", "memray", "psutil", "py-spy")


def gather(
    *,
    command: Sequence[str],
    cwd: Path,
    started: datetime,
    run: str,
    configuration: dict[str, Any],
    target_python: str,
) -> Provenance:
    """Describe a run: its command, code, versions, configuration and machine."""
    return Provenance(
        started=started.isoformat(timespec="seconds"),
        command=tuple(command),
        target_python=target_python,
        folder=str(cwd.absolute()),
        git_revision=_git_revision(cwd),
        tsprof_version=__version__,
        versions={name: found for name in PACKAGES if (found := _version(name))}
        | {"python": platform.python_version()},
        machine={
            "kernel": platform.release(),
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()),
            "cores": str(len(os.sched_getaffinity(0))),
            "memory": str(psutil.virtual_memory().total),
        },
        configuration=configuration,
        run=run,
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git_revision(folder: Path) -> str:
    """Return the commit that the target's folder is at, with ``+`` when files were changed."""
    try:
        head = _git(folder, "rev-parse", "--short=12", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return head.strip() + ("+" if changed.strip() else "")


def _git(folder: Path, *arguments: str) -> str:
    finished = subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever git the user has
        cwd=folder, capture_output=True, text=True, timeout=5, check=True,
    )  # fmt: skip
    return finished.stdout
