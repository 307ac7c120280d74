"""Launch the target under its guard, wait until it is ready, and take it down."""

import json
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import psutil

from tsprof.config.values import SHELL_WORDS
from tsprof.errors import NotReadyError, UsageError
from tsprof.report.text import clean
from tsprof.store.runs import LOG_LINES, tail
from tsprof.supervisor.crash_hints import crash_hint
from tsprof.supervisor.wrong_port import ports_of

GUARD = Path(__file__).with_name("guard.py")
LOG_LIMIT = 8 << 20
"""Bytes of target output kept per log file; two files are kept."""
LONGEST_LINE = 4096
GUARD_PATIENCE = 30.0
"""Seconds for the guard to start; 0.05 on an idle machine."""
SETTLING = 0.15
"""Seconds within which the guard surely tells that the target has ended; it looks every 0.05."""
STOP_GRACE = 5.0
"""Seconds that the target has to end by itself before it is killed."""

_SHELL_BUILTINS = frozenset({"cd", "exec", "export", "set", "source", ".", "ulimit", "umask"})


@dataclass(frozen=True, kw_only=True)
class LaunchOrder:
    """What to launch, with every ``{port}`` already replaced."""

    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    log: Path
    temporary: Path | None = None
    """Folder for the target's temporary files, which goes when the supervisor is killed."""


def free_port() -> int:
    """Return a TCP port of the loopback interface on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def connect(host: str) -> socket.socket:
    """Return a TCP connection to ``host`` (a URL).

    Raises:
        OSError: nothing accepts it there.
    """
    parts = urlsplit(host)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=1)


def is_listening(host: str) -> bool:
    """Tell whether something accepts TCP connections at ``host`` (a URL)."""
    try:
        with connect(host):
            return True
    except OSError:
        return False


class Target:
    """A launched target: its first process, and everything below it."""

    def __init__(self, order: LaunchOrder) -> None:
        """Launch it; raise UsageError when the command cannot be executed."""
        self.log = order.log
        self.exit_status: int | None = None
        """Exit code of the first process, negative for a signal; None while it lives."""
        if _is_nowhere(order):
            raise UsageError(
                f"the target's command was not found: {order.command[0]}",
                hint=_way_to_run(order.command),
            )
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", str(GUARD), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._pending = b""
        self._gone = False
        self._last_seen: list[psutil.Process] = []
        launch = {
            "command": list(order.command),
            "cwd": str(order.cwd),
            "env": dict(order.environment),
            "log": str(order.log),
            "log_limit": LOG_LIMIT,
            "temporary": None if order.temporary is None else str(order.temporary),
        }
        with suppress(OSError):  # a guard that has ended does not answer
            self._connection.sendall(json.dumps(launch).encode() + b"\n")
        answer = self._next_message(GUARD_PATIENCE)
        if answer is None or "pid" not in answer:
            reason = answer["error"] if answer else "the guard process did not answer"
            self.stop()
            raise UsageError(
                f"the target's command cannot be run: {reason}",
                hint="a script needs chmod +x and a first line such as #!/bin/sh",
            )
        self.pid: int = answer["pid"]

    def __enter__(self) -> Self:
        """Return the target; leaving the with statement takes it down."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the target down; at once where the user cannot wait."""
        self.stop(0.0 if isinstance(error, KeyboardInterrupt) else STOP_GRACE)

    def _next_message(self, timeout: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._connection], [], [], max(left, 0))
            if not ready:
                return None
            try:
                data = self._connection.recv(65536)
            except ConnectionResetError:  # the guard was killed with something unread
                data = b""
            if not data:
                return None
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def alive(self) -> bool:
        """Tell whether the target's first process runs."""
        message = self._next_message(0) if not self._gone else None
        if message is not None and "exit" in message:
            self.exit_status = message["exit"]
        return self.exit_status is None and self._guard.poll() is None

    def processes(self) -> list[psutil.Process]:
        """Return every living process of the target, parents before children."""
        if self._guard.poll() is not None:
            return []
        self._last_seen = psutil.Process(self._guard.pid).children(recursive=True)
        return self._last_seen

    def log_tail(self) -> list[str]:
        """Return the last lines of the target's output."""
        return tail(self.log, LOG_LINES)

    def stop(self, grace: float = STOP_GRACE) -> None:
        """Ask the target to end, kill what is left after ``grace`` seconds. Safe to repeat."""
        if self._gone:
            return
        self._gone = True
        try:
            self._connection.sendall(json.dumps({"stop": grace}).encode() + b"\n")
            while (message := self._next_message(grace + 5)) is not None:
                if "exit" in message:
                    self.exit_status = message["exit"]
                if "gone" in message:
                    break
        except OSError:
            pass  # the guard has ended already
        finally:
            self._connection.close()  # the end of its socket makes the guard kill everything
            try:
                self._guard.wait(10)
            except subprocess.TimeoutExpired:
                self._guard.kill()
                self._guard.wait()
            if self._guard.returncode != 0:
                self._kill_last_seen()

    def _kill_last_seen(self) -> None:
        """Do the work of a guard that was killed, as far as it can be done without it."""
        for process in self._last_seen:
            with suppress(psutil.Error):
                process.kill()  # psutil makes sure that the pid still is this process's


def _is_nowhere(order: LaunchOrder) -> bool:
    """Tell whether the command's program surely does not exist."""
    program = order.command[0]
    if shutil.which(program, path=order.environment.get("PATH")) is not None:
        return False
    try:
        return not (order.cwd / program).exists()
    except OSError:  # to launch it says why: no permission to look there, too long a name
        return False


def _way_to_run(command: Sequence[str]) -> str:
    """Say how a command has to be given whose program was not found."""
    words = command[0].replace(";", " ; ").split()
    if not (_SHELL_BUILTINS.isdisjoint(words[:1]) and SHELL_WORDS.isdisjoint((*words, *command))):
        return "no shell is run: use --cwd FOLDER and --env KEY=VALUE, or -- sh -c '...'"
    if len(command) == 1 and len(words) > 1:
        return "remove the quotes: after -- the program and its arguments are words of their own"
    return "give the program as you would type it in a shell, after --"


def wait_until_ready(
    target: Target, check: Callable[[], bool], timeout: float, what: str, pump: Callable[[], None]
) -> float:
    """Wait until ``check`` holds; return the seconds it took.

    Args:
        target: the launched target.
        check: tells whether it is ready.
        timeout: seconds to wait.
        what: the check in words, for the message.
        pump: called between two looks (live view, interrupts).

    Raises:
        NotReadyError: it exited, or the time ran out; with the end of its log.
    """
    began = time.monotonic()
    while True:
        if not target.alive():
            raise _ended(
                target,
                "before it was ready",
                "run the command by hand; it must serve in the foreground (nginx: daemon off; "
                "gunicorn: without --daemon)",
            )
        if check():
            time.sleep(SETTLING)  # what serves may be a daemon that the target has left behind
            if target.alive():
                return time.monotonic() - began
            continue
        if time.monotonic() - began > timeout:
            printed = target.log_tail()
            raise NotReadyError(
                f"the target was not ready after {timeout:g} s (waited for {what}; "
                f"{_where_it_listens(target)})" + _quoted(printed),
                hint=crash_hint(
                    printed,
                    "check the port in the command ({port} stands for a free one), "
                    "--ready and --ready-timeout",
                ),
            )
        pump()
        time.sleep(0.05)


def not_ready_after_all(target: Target) -> NotReadyError:
    """Return the error of a target that accepted connections, but ended without an answer."""
    return _ended(
        target,
        "before it had answered a request",
        "a server may listen before its application is loaded; run the command by hand",
    )


def _ended(target: Target, when: str, hint: str) -> NotReadyError:
    printed = target.log_tail()
    return NotReadyError(
        f"the target ended {when} ({describe_exit(target.exit_status)})" + _quoted(printed),
        hint=crash_hint(printed, hint),
    )


def describe_exit(status: int | None) -> str:
    """Say how a process ended: ``exit code 3``, or ``killed by SIGKILL``."""
    if status is None:
        return "how is not known"
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _quoted(lines: list[str]) -> str:
    if not lines:
        return "; it printed nothing"
    # A traceback reads by its indentation, which cleaning takes away.
    shown = (f"  | {line[: len(line) - len(line.lstrip())]}{clean(line)}" for line in lines)
    return "; the end of its output:\n" + "\n".join(shown)


def _where_it_listens(target: Target) -> str:
    ports = ports_of(target.processes())
    named = ", ".join(map(str, sorted(ports)))
    return f"it listens on port {named}" if ports else "it listens on no port"
