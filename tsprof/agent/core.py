"""The agent's thread: it waits on a private Unix socket and answers the supervisor.

Between two commands the thread sleeps in ``recv`` and costs the target nothing. Threads and
sockets come from ``_thread`` and ``_socket``, so that a program which monkey-patches ``threading``
and ``socket`` with gevent finds them untouched.
"""

from __future__ import annotations

import _imp
import _signal
import _socket
import _thread
import ctypes
import fcntl
import gc
import json
import os
import stat
import struct
import sys
import time

from . import control
from .counters import Allocators, live_tasks

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Arguments = dict[str, Any]
    Reply = dict[str, Any]

PROTOCOL = 1
_HIGH_FD = 400  # away from the low numbers that socket activation hands to a server
_LONGEST_COMMAND = 1 << 20
_MODULES = ("census", "garbage", "holders", "resources", "sampling", "sized", "timers", "window")
_BUDGET = (
    2.0  # seconds that a checkpoint may hold the program; a collection of 5 million objects: 1
)


def start(socket_path: str) -> None:
    """Start the agent's thread in this process, and in every process forked from it.

    Args:
        socket_path: the supervisor's Unix socket; ``@name`` for one without a file.
    """
    if not _in_main_interpreter():
        return
    # The kernel writes a zero byte where unix(7) and its tools write an @.
    agent = Agent("\0" + socket_path[1:] if socket_path.startswith("@") else socket_path)
    agent.start()
    os.register_at_fork(after_in_child=agent.start)


def _in_main_interpreter() -> bool:
    api = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = ctypes.c_void_p
    api.PyInterpreterState_Main.restype = ctypes.c_void_p
    return bool(api.PyInterpreterState_Get() == api.PyInterpreterState_Main())


class Agent:
    """One process's agent."""

    def __init__(self, socket_path: str) -> None:
        """Prepare everything that allocates, so that checkpoints do not."""
        self._socket_path = socket_path
        self._allocators = Allocators()
        self._control = control.Control()
        self._connection: _socket.socket | None = None
        self._inode = 0
        self._forced_collections = 0
        self._commands: dict[str, Callable[[Arguments], Reply]] = {
            "checkpoint": self._checkpoint,
            "plant": self._control.plant,
            "unplant": self._control.unplant,
        }

    def start(self) -> None:
        """Connect to the supervisor and serve it from a thread of its own."""
        if self._connection is not None:  # inherited over a fork: the parent's, not ours
            self._forget(self._connection)
        try:
            self._connect()
            _thread.start_new_thread(self._serve, ())
        except (OSError, RuntimeError):
            return  # the supervisor is gone, or there may be no more threads: run on alone

    def _connect(self) -> None:
        first = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            # A program that forks faster than the supervisor accepts must not wait for it.
            first.setblocking(False)
            first.connect(self._socket_path)
            first.setblocking(True)
            credentials = first.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
            # Root may have started this program, and given it to another user.
            if struct.unpack("3i", credentials)[1] not in (os.geteuid(), os.getuid(), 0):
                first.close()
                raise PermissionError("the supervisor's socket belongs to another user")
        except OSError:
            first.close()
            raise
        try:
            high = fcntl.fcntl(first.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
        except OSError:
            self._connection = first
        else:
            first.close()
            self._connection = _socket.socket(fileno=high)
        self._inode = os.fstat(self._connection.fileno()).st_ino

    def _ours(self, connection: _socket.socket) -> bool:
        """Tell whether the descriptor still is our socket.

        A program that turns itself into a daemon closes all its descriptors, and may have opened
        something else under our number since.
        """
        try:
            status = os.fstat(connection.fileno())
        except OSError:
            return False
        return stat.S_ISSOCK(status.st_mode) and status.st_ino == self._inode

    def _forget(self, connection: _socket.socket) -> None:
        if self._ours(connection):
            connection.close()
        else:
            connection.detach()
        self._connection = None

    def _serve(self) -> None:
        # A signal that the kernel hands to this thread would not wake the program's main thread.
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        connection = self._connection
        if connection is None:
            return
        try:  # noqa: SIM105 - contextlib is one more module in the target
            self._converse(connection)
        except OSError:
            pass  # the supervisor is gone, or the program closed our socket
        if self._ours(connection):
            self._forget(connection)
        else:
            self.start()

    def _converse(self, connection: _socket.socket) -> None:
        self._send(connection, self._hello())
        pending = b""
        buffer = bytearray(65536)  # recv would cut a new one of it for each command
        while len(pending) <= _LONGEST_COMMAND and self._ours(connection):
            received = connection.recv_into(buffer)
            if not received:
                return
            pending += buffer[:received]
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                self._send(connection, self._answer(line))

    def _send(self, connection: _socket.socket, message: Reply) -> None:
        if not self._ours(connection):
            raise OSError("the agent's socket was closed by the program")
        # A checkpoint's reply stays below 512 bytes, where pymalloc counts what is free. Larger
        # ones of varying length would pile up in glibc's thread cache, which counts as used:
        # 80 bytes per checkpoint in Python 3.11.
        connection.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def _answer(self, line: bytes) -> Reply:
        number = None
        try:
            command = json.loads(line)
            number = command.get("id")
            name = command["do"]
            handler = self._commands.get(name) or self._load(name)
            return {"id": number, "ok": handler(command.get("arguments") or {})}
        except Exception as error:  # noqa: BLE001 - every fault is the supervisor's to judge
            return {"id": number, "error": "%s: %s" % (type(error).__name__, error)}

    def _load(self, name: str) -> Callable[[Arguments], Reply]:
        """Find the handler of a command ``module.function`` that few runs need."""
        module_name, _, function_name = name.partition(".")
        if module_name not in _MODULES:
            raise ValueError("unknown command %r" % (name,))
        package = __name__.rpartition(".")[0]
        module = __import__(package + "." + module_name, fromlist=[function_name])
        handler: Callable[[Arguments], Reply] = getattr(module, function_name)
        self._commands[name] = handler
        return handler

    def _hello(self) -> Reply:
        return {
            "hello": PROTOCOL,
            "pid": os.getpid(),
            "ppid": os.getppid(),
            "python": "%d.%d.%d" % sys.version_info[:3],
            "executable": sys.executable,
            "prefix": sys.prefix,
            "standard_library": os.path.dirname(os.__file__),
            "libraries": [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))],
            "soabi": _soabi(),
            "argv": list(sys.argv) if hasattr(sys, "argv") else [],
            "pymalloc": self._allocators.python() is not None,
            "mallinfo": self._allocators.mallinfo_name,
        }

    def _checkpoint(self, arguments: Arguments) -> Reply:
        """Collect garbage until none is found, trim the heap and read every counter.

        Arguments: ``trim`` (default true). Returns bytes, counts and the pause in seconds; the
        values before the forced collection stand under ``before``.
        """
        began = time.perf_counter()
        by_itself = gc.get_stats()[-1]["collections"] - self._forced_collections
        enabled = gc.isenabled() and gc.get_threshold()[0] > 0
        if not enabled:  # then the garbage is weighed
            _empty_free_lists()
            self._forced_collections += 1
        before_python, before_native = self._allocators.python(), self._allocators.native()
        collected = gc.collect()
        self._forced_collections += 1
        if collected and enabled and time.perf_counter() - began < _BUDGET / 2:
            gc.collect()  # else the next checkpoint's frees what is left
            self._forced_collections += 1
        if arguments.get("trim", True):
            self._allocators.trim()
        python, native = self._allocators.python(), self._allocators.native()
        return {
            "pid": os.getpid(),
            "python": python,
            "native": native,
            "before": {"python": before_python, "native": before_native},
            "collected": collected,
            "gc": {
                "enabled": enabled,
                "collections": by_itself,
                "uncollectable": len(gc.garbage),
                "frozen": gc.get_freeze_count(),
            },
            "tasks": live_tasks(),
            "pause": round(time.perf_counter() - began, 6),
        }


def _empty_free_lists() -> None:
    """Have CPython free what it keeps of floats, tuples, dicts and the like, but no garbage yet.

    A full collection empties these lists, 70 kB with uvicorn: in a segment of 1,000 requests that
    looked like 70 bytes of garbage per request.
    """
    before, flags = len(gc.garbage), gc.get_debug()
    gc.set_debug(flags | gc.DEBUG_SAVEALL)
    try:
        gc.collect()
    finally:
        gc.set_debug(flags)
    del gc.garbage[before:]


def _soabi() -> str:
    """Return the ABI tag, such as ``cpython-311-x86_64-linux-gnu``, without importing sysconfig."""
    for suffix in _imp.extension_suffixes():
        if suffix.startswith(".cpython-"):
            return suffix[1:].rpartition(".")[0]
    return ""
