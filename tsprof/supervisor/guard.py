"""The guard: the parent of the target, which never lets a process of it outlive the supervisor.

A small process of its own, because nothing inside the supervisor can act after ``kill -9``. It is a
child subreaper (prctl(2)), so that daemons and orphaned workers of the target stay below it, and it
kills them all when its socket to the supervisor ends, and removes their temporary files if the
supervisor is gone. It also copies the target's output to a log of bounded size. Run as a script
with the standard library only, so that it stays near 10 MB.

Messages, one JSON object a line. From the supervisor: the launch order, then ``{"stop": seconds}``.
To the supervisor: ``{"pid": n}`` or ``{"error": text}``, ``{"exit": status}`` when the target's
first process ends, ``{"gone": killed}`` when none is left after a stop.
"""

import contextlib
import ctypes
import io
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
OPEN_FILES = 65_536
"""What the target is allowed of open files where the system lets it. A leak of one per request has
used up the usual 1,024 before it can be counted. Not more: some programs go through all of them."""


def main() -> None:
    """Launch the target and watch over it until the supervisor is done or gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getppid()
    with socket.socket(fileno=int(sys.argv[1])) as supervisor:
        lines = _Lines(supervisor)
        order = lines.wait()
        if order is None:
            return
        try:
            _watch(supervisor, lines, order, prctl)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the supervisor is gone
        finally:
            _kill_everything()
    if order["temporary"] is not None and _is_left_alone(parent):
        shutil.rmtree(order["temporary"], ignore_errors=True)


def _is_left_alone(parent: int) -> bool:
    """Tell whether the supervisor has ended; the kernel closes its sockets a moment before."""
    for _ in range(20):
        if os.getppid() != parent:
            return True
        time.sleep(0.02)
    return False


def _watch(supervisor: socket.socket, lines: "_Lines", order: dict[str, Any], prctl: Any) -> None:
    try:
        target, output = _launch(order, prctl)
    except (OSError, subprocess.SubprocessError) as error:
        _send(supervisor, {"error": str(error)})
        return
    _send(supervisor, {"pid": target.pid})
    log = _BoundedLog(Path(order["log"]), order["log_limit"])
    ending = _Ending(target.pid)
    sources: list[Any] = [supervisor, output]
    while True:
        ready, _, _ = select.select(sources, [], [], 0.05)
        if output in ready:
            data = os.read(output, 65536)
            if data:
                log.write(data)
            else:
                sources.remove(output)
        if supervisor in ready:
            message = lines.read()
            if message is None:
                return
            if "stop" in message:
                ending.deadline = time.monotonic() + message["stop"]
        ending.first_is_gone |= _reap(supervisor, target.pid)
        left = ending.push_on()
        if left is not None:
            _kill_everything()
            _send(supervisor, {"gone": left})
            return


def _launch(order: dict[str, Any], prctl: Any) -> tuple[subprocess.Popen[bytes], int]:
    """Launch the target; return it, and the end of its output that is read from.

    A Popen object that is let go of waits for its process, and would learn the exit status that
    only ``_reap`` may learn: it has to be kept.
    """
    output, output_end = os.pipe()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < OPEN_FILES:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard), hard))

    target = subprocess.Popen(
        order["command"],
        cwd=order["cwd"],
        env=order["env"],
        stdin=subprocess.DEVNULL,
        stdout=output_end,
        stderr=output_end,
        start_new_session=True,
        preexec_fn=before_exec,  # noqa: PLW1509 - this process has one thread
    )
    os.close(output_end)
    return target, output


class _Ending:
    """The target's way down, once the supervisor has asked for it."""

    def __init__(self, target: int) -> None:
        self.deadline: float | None = None
        self.first_is_gone = False
        self._target = target
        self._asked: set[int] = set()

    def push_on(self) -> int | None:
        """Ask processes to end; return how many will not, once it is time to kill them."""
        if self.deadline is None:
            return None
        left = set(descendants(os.getpid()))
        if not left or time.monotonic() > self.deadline:
            return len(left)
        # The first process ends its workers in its own order; what it leaves is asked next.
        for pid in (left if self.first_is_gone else {self._target}) - self._asked:
            _signal(pid, signal.SIGTERM)
            self._asked.add(pid)
        return None


class _Lines:
    """JSON lines from the supervisor."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pending = b""

    def read(self) -> dict[str, Any] | None:
        """Read once; return the next whole message, {} for a part of one, None at the end."""
        data = self._connection.recv(1 << 20)
        if not data:
            return None
        self._pending += data
        line, newline, rest = self._pending.partition(b"\n")
        if not newline:
            return {}
        self._pending = rest
        message: dict[str, Any] = json.loads(line)
        return message

    def wait(self) -> dict[str, Any] | None:
        message: dict[str, Any] | None = {}
        while message == {}:
            message = self.read()
        return message


class _BoundedLog:
    """A log that keeps its newest part: at its limit it becomes ``NAME.1`` and starts anew.

    A full disk costs the log, never the target's life.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._size = 0
        self._file: io.FileIO | None = None

    def write(self, data: bytes) -> None:
        try:
            if self._file is not None and self._size + len(data) > self._limit:
                self._file.close()
                self._file = None
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            if self._file is None:
                self._file = io.FileIO(self._path, "w")
                self._size = 0
            self._size += self._file.write(data)
        except OSError:
            return


def descendants(pid: int) -> Iterator[int]:
    """Yield the pids of all living processes below ``pid``, parents before children."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    queue = [pid]
    while queue:
        below = children.get(queue.pop(), [])
        yield from below
        queue.extend(below)


def _reap(supervisor: socket.socket, target: int) -> bool:
    """Collect ended children; tell the supervisor when the target's first process is one."""
    ended = False
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        if pid == target:
            ended = True
            _send(supervisor, {"exit": os.waitstatus_to_exitcode(status)})


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill_everything() -> None:
    """Kill all descendants until none is left; a process may fork while it is being killed.

    A list of processes is not of one moment, and misses one that was forked with a number that the
    listing had passed already. The kernel knows: orphans become children of this process, so that
    none below it is left when it has no child.
    """
    for _ in range(200):
        if _reap_all():
            return
        for pid in descendants(os.getpid()):
            _signal(pid, signal.SIGKILL)
        time.sleep(0.01)


def _reap_all() -> bool:
    """Collect ended children; tell whether there is no other."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _send(supervisor: socket.socket, message: dict[str, Any]) -> None:
    supervisor.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
