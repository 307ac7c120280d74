"""The supervisor's side of the agents: a private socket on which every target process reports."""

import json
import os
import selectors
import shutil
import socket
import struct
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

AGENT_FOLDER = Path(__file__).parents[1] / "agent"
LONGEST_REPLY = 64 << 20


@dataclass
class Agent:
    """The connection to one process's agent."""

    pid: int
    hello: Mapping[str, Any]
    connection: socket.socket = field(repr=False)
    pending: bytes = field(default=b"", repr=False)

    @property
    def python(self) -> str:
        """Version of the process's Python, such as ``3.11.7``."""
        return str(self.hello.get("python", ""))


Reply = Mapping[str, Any] | str
"""What a command returned, or, as text, why there is no answer."""


class Agents:
    """Accepts the agents of a target, and asks them all the same thing at once."""

    def __init__(self) -> None:
        """Open the socket in a directory that only this user can enter."""
        self._folder = Path(tempfile.mkdtemp(prefix="tsprof-"))  # mkdtemp gives mode 0700
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._folder / "agent"))
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._by_pid: dict[int, Agent] = {}
        self._greeting: list[tuple[socket.socket, int, bytes]] = []
        self._number = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection and remove the socket."""
        for agent in self._by_pid.values():
            agent.connection.close()
        for connection, _, _ in self._greeting:
            connection.close()
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that bring the agent into a Python target."""
        path = [str(AGENT_FOLDER / "inject")]
        if inherited.get("PYTHONPATH"):
            path.append(inherited["PYTHONPATH"])
        return {
            "PYTHONPATH": os.pathsep.join(path),
            "TSPROF_AGENT_SOCKET": str(self._folder / "agent"),
        }

    def connected(self) -> dict[int, Agent]:
        """Welcome the agents that have come, drop those that have gone; return them by pid."""
        self._accept()
        for pid, agent in list(self._by_pid.items()):
            if _has_ended(agent.connection):
                self._drop(pid)
        return dict(self._by_pid)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                break
            connection.setblocking(False)
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid, uid, _ = struct.unpack("3i", credentials)
            if uid not in (os.getuid(), os.geteuid()):
                connection.close()
                continue
            self._greeting.append((connection, pid, b""))
        waiting = []
        for connection, pid, so_far in self._greeting:
            received = _receive(connection)
            if received is None:
                connection.close()
                continue
            text = so_far + received
            if b"\n" not in text:
                waiting.append((connection, pid, text))
                continue
            line, _, rest = text.partition(b"\n")
            try:
                hello = json.loads(line)
            except ValueError:
                connection.close()
                continue
            if pid in self._by_pid:  # the same process anew, after exec
                self._drop(pid)
            self._by_pid[pid] = Agent(pid, hello, connection, rest)
        self._greeting = waiting

    def _drop(self, pid: int) -> None:
        self._by_pid.pop(pid).connection.close()

    def ask(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        pids: Iterable[int] | None = None,
        timeout: float = 10.0,
    ) -> dict[int, Reply]:
        """Send one command to all agents (or those of ``pids``) and collect the answers.

        The processes work on it in parallel. An agent that does not answer within ``timeout``
        seconds is dropped, so that a late answer cannot be taken for another command's.
        """
        present = self.connected()
        chosen = [present[pid] for pid in (present if pids is None else pids) if pid in present]
        self._number += 1
        line = json.dumps({"id": self._number, "do": command, "arguments": arguments or {}})
        replies: dict[int, Reply] = {}
        with selectors.DefaultSelector() as selector:
            for agent in chosen:
                try:
                    agent.connection.sendall(line.encode() + b"\n")
                except OSError as error:
                    replies[agent.pid] = f"the process is gone ({error.strerror})"
                    self._drop(agent.pid)
                else:
                    selector.register(agent.connection, selectors.EVENT_READ, agent)
            deadline = time.monotonic() + timeout
            while selector.get_map() and (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    agent = key.data
                    reply = self._read(agent)
                    if reply is not None:
                        selector.unregister(agent.connection)
                        replies[agent.pid] = reply
                        if isinstance(reply, str) and agent.pid in self._by_pid:
                            pass
            for key in list(selector.get_map().values()):
                agent = key.data
                replies[agent.pid] = f"no answer within {timeout:g} s"
                self._drop(agent.pid)
        return replies

    def _read(self, agent: Agent) -> Reply | None:
        received = _receive(agent.connection)
        if received is None or len(agent.pending) > LONGEST_REPLY:
            self._by_pid.pop(agent.pid, None)
            return "the process ended" if received is None else "its answer was too long"
        agent.pending += received
        line, newline, rest = agent.pending.partition(b"\n")
        if not newline:
            return None
        agent.pending = rest
        try:
            answer = json.loads(line)
        except ValueError:
            return "its answer was not JSON"
        if answer.get("id") != self._number:
            return "it answered another question"
        if "error" in answer:
            return str(answer["error"])
        result: Mapping[str, Any] = answer.get("ok") or {}
        return result


def _receive(connection: socket.socket) -> bytes | None:
    """Read what is there; b"" for nothing yet, None at the end of the connection."""
    try:
        return connection.recv(1 << 20) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None


def _has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
