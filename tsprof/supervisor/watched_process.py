"""A target that is already running: watched from outside, never started or ended."""

import psutil

from tsprof.errors import UsageError


class WatchedProcess:
    """A running process that the user named by its pid, and its children."""

    exit_status: int | None = None
    """Unknown: only its parent learns a process's exit code."""

    def __init__(self, pid: int) -> None:
        """Find it; raise UsageError when there is none, or it may not be looked into."""
        try:
            self._process = psutil.Process(pid)
            self._process.memory_maps(grouped=False)
        except psutil.NoSuchProcess:
            raise UsageError(f"there is no process {pid}") from None
        except psutil.AccessDenied:
            raise UsageError(
                f"process {pid} belongs to another user", hint="run tsprof as that user, or root"
            ) from None

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE

    def processes(self) -> list[psutil.Process]:
        """Return it and all its children."""
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
