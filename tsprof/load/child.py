"""A child process that is tied to this one by a pipe, and ended together with its group."""

import os
import select
import signal
import site
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import tsprof
from tsprof.errors import LoadError

TERMINATION_SECONDS = 1.0
"""From SIGTERM to SIGKILL."""
LOG_LINES = 3
"""How much of the log's end goes into an error."""


@dataclass(frozen=True)
class Child:
    """A process that leads a session of its own."""

    process: subprocess.Popen[bytes]
    pidfd: int
    lifeline: int
    """Write end of a pipe; when it closes, the kernel kills the child's process group."""
    log: Path

    @classmethod
    def launch(cls, module: str, log: Path) -> tuple[Self, socket.socket]:
        """Start a module of tsprof.

        Args:
            module: Its name. It gets two arguments: the file descriptor of a socket, and that
                of the read end of the lifeline.
            log: File that its output is appended to.

        Returns:
            The process, and this end of the socket.

        Raises:
            LoadError: The process or its log cannot be made.
        """
        ours, theirs = socket.socketpair()
        watched, lifeline = os.pipe()
        fds = (theirs.fileno(), watched)
        try:
            with theirs, log.open("a+b") as output:
                process = subprocess.Popen(
                    # -P: the working directory is the user's, and may have modules of any name.
                    [sys.executable, "-P", "-m", module, *map(str, fds)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=fds,
                    start_new_session=True,
                    env=_environment(),
                )
        except OSError as error:
            ours.close()
            os.close(lifeline)
            raise LoadError(f"the load process cannot be started: {error}") from error
        finally:
            os.close(watched)
        return cls(process, os.pidfd_open(process.pid), lifeline, log), ours

    def exits_within(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the process to end; it stays to be reaped."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(max(0, timeout) * 1000))

    def end(self, grace: float) -> str:
        """End the process and all that is left of its group.

        Args:
            grace: Seconds that it may take to end by itself; SIGTERM and SIGKILL follow.

        Returns:
            How it ended, in words.
        """
        if not self.exits_within(grace):
            self.process.terminate()
            self.exits_within(TERMINATION_SECONDS)
        # Before the process is reaped, so that its number cannot be another group's yet.
        os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        os.close(self.pidfd)
        os.close(self.lifeline)
        return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

    def last_words(self) -> str:
        """Return the end of the log on one line."""
        try:
            with self.log.open("rb") as log:
                log.seek(-min(4096, self.log.stat().st_size), os.SEEK_END)
                lines = log.read().decode("utf-8", "replace").split("\n")
        except OSError as error:
            return f"its log cannot be read: {error}"
        words = [line.strip() for line in lines if line.strip()]
        if not words:
            return "it printed nothing"
        # Not where it is: the log of a run that never began goes with its folder.
        return f"its log ends with: {' / '.join(words[-LOG_LINES:])}"


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment.pop("LOCUST_SKIP_MONKEY_PATCH", None)
    root = str(Path(tsprof.__file__).parent.parent)
    if root not in site.getsitepackages():  # run from a source tree
        paths = [root, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment
