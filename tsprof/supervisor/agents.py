"""The supervisor's side of the agents: a private socket on which every target process reports."""

import json
import os
import re
import secrets
import selectors
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tsprof.probes.processes import lives

AGENT_FOLDER = Path(__file__).parents[1] / "agent"
LONGEST_HELLO = 1 << 20
LONGEST_REPLY = 64 << 20
LONGEST_REASON = 300
RETURN_PATIENCE = 0.5
"""Seconds in which an agent whose socket the program has closed connects anew (3 ms measured)."""


@dataclass
class Agent:
    """The connection to one process's agent."""

    pid: int
    hello: Mapping[str, Any]
    connection: socket.socket = field(repr=False)
    pending: bytes = field(default=b"", repr=False)

    @property
    def python(self) -> str:
        """Version of the process's Python, such as ``3.11.7``; empty in a native program."""
        return str(self.hello.get("python", ""))

    @property
    def soabi(self) -> str:
        """Version and ABI of the interpreter, such as ``cpython-311-x86_64-linux-gnu``."""
        return str(self.hello.get("soabi") or "")

    @property
    def blindness(self) -> str:
        """Why the program's heap cannot be read; empty where it can."""
        if re.match(r"cpython-\d+t", self.soabi):
            return "its Python is free-threaded: it has mimalloc, which tells no counters"
        if self.python or self.hello.get("exact") is True:
            return ""
        return f"its malloc, in {self.hello.get('malloc', '')!s:.200}, tells no counters"


Reply = Mapping[str, Any] | str
"""What a command returned, or, as text, why there is no answer."""

ENDED = "its connection ended"


class Agents:
    """Accepts the agents of a target, and asks them all the same thing at once."""

    def __init__(self) -> None:
        """Open a socket that leaves no file behind, whatever becomes of this process."""
        self._name = f"tsprof-{secrets.token_hex(16)}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Linux's abstract namespace, unix(7): who may connect is told by the peer's credentials.
        self._listener.bind(f"\0{self._name}")
        self._listener.listen(1024)
        self._listener.setblocking(False)
        self._by_pid: dict[int, Agent] = {}
        self._greeting: list[tuple[socket.socket, int, bytes]] = []
        self._answered: set[int] = set()
        """Processes that were there at the last question; one that is missing is told of once."""
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
        """Close every connection."""
        for agent in self._by_pid.values():
            agent.connection.close()
        for connection, _, _ in self._greeting:
            connection.close()
        self._listener.close()

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that bring the agent into a Python target."""
        path = [str(AGENT_FOLDER / "inject")]
        if inherited.get("PYTHONPATH"):
            path.append(inherited["PYTHONPATH"])
        return {"PYTHONPATH": os.pathsep.join(path), "TSPROF_AGENT_SOCKET": f"@{self._name}"}

    def connected(self) -> dict[int, Agent]:
        """Welcome the agents that have come, drop those that have gone; return them by pid."""
        self._accept()
        self._welcome()
        for pid, agent in list(self._by_pid.items()):
            if _has_ended(agent.connection):
                self._drop(pid)
        return dict(self._by_pid)

    def interpreters(self) -> dict[int, Agent]:
        """Return the connected agents of Python programs, by pid."""
        return {pid: agent for pid, agent in self.connected().items() if agent.python}

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # none is waiting, or there is no descriptor left for another
                return
            connection.setblocking(False)
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid, uid, _ = struct.unpack("3i", credentials)
            if uid in (os.getuid(), os.geteuid()) or _descends_from_us(pid):
                self._greeting.append((connection, pid, b""))
            else:
                connection.close()

    def _welcome(self) -> None:
        """Read who has connected; one that says nothing, or nonsense, is no agent."""
        waiting = []
        for connection, pid, so_far in self._greeting:
            received = _receive(connection)
            line, newline, rest = (so_far + (received or b"")).partition(b"\n")
            if received is not None and not newline and len(line) <= LONGEST_HELLO:
                waiting.append((connection, pid, line))
                continue
            hello = _object(line) if newline else None
            if hello is None or "hello" not in hello:
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

        The processes work on it in parallel. An agent that does not answer as agreed within
        ``timeout`` seconds is dropped, so that a late answer cannot be taken for another command's.
        A program that closes all its descriptors takes the agent's along; the agent notices when it
        is spoken to and connects anew, and is asked again. A process that ends has no reply.
        """
        present = self.connected()
        asked = present.keys() | self._answered if pids is None else present.keys() & set(pids)
        replies: dict[int, Reply] = dict.fromkeys(asked, ENDED)
        chosen = [present[pid] for pid in asked & present.keys()]
        replies.update(self._ask(chosen, command, arguments or {}, timeout))
        back = self._wait_for_return({pid for pid, reply in replies.items() if reply == ENDED})
        replies.update(self._ask(back, command, arguments or {}, timeout))
        self._answered -= asked
        self._answered |= asked & self._by_pid.keys()
        return {pid: r for pid, r in replies.items() if r != ENDED or lives(pid)}

    def _wait_for_return(self, pids: set[int]) -> list[Agent]:
        deadline = time.monotonic() + RETURN_PATIENCE
        while awaited := {pid for pid in pids if lives(pid)}:
            present = self.connected()
            if awaited <= present.keys() or time.monotonic() > deadline:
                return [present[pid] for pid in awaited & present.keys()]
            time.sleep(0.01)
        return []

    def _ask(
        self, agents: Iterable[Agent], command: str, arguments: Mapping[str, Any], timeout: float
    ) -> dict[int, Reply]:
        self._number += 1
        question = {"id": self._number, "do": command, "arguments": arguments}
        line = json.dumps(question).encode() + b"\n"
        replies: dict[int, Reply] = {}

        def lose(agent: Agent, reason: str) -> None:
            replies[agent.pid] = reason
            self._drop(agent.pid)

        with selectors.DefaultSelector() as selector:
            for agent in agents:
                try:
                    agent.connection.sendall(line)
                except BlockingIOError:
                    lose(agent, "it does not read what it is asked")
                except OSError:
                    lose(agent, ENDED)
                else:
                    selector.register(agent.connection, selectors.EVENT_READ, agent)
            deadline = time.monotonic() + timeout
            while selector.get_map() and (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    reply = self._read(key.data)
                    if reply is not None:
                        selector.unregister(key.fileobj)
                        replies[key.data.pid] = reply
            for key in list(selector.get_map().values()):
                lose(key.data, f"no answer within {timeout:g} s")
        return replies

    def _read(self, agent: Agent) -> Reply | None:
        """Read a part of an answer; return the answer once it is whole, or not to be had."""
        received = _receive(agent.connection)
        line, newline, rest = (agent.pending + (received or b"")).partition(b"\n")
        agent.pending = rest if newline else line
        if received is not None and not newline and len(line) <= LONGEST_REPLY:
            return None
        answer = _object(line) if newline else None
        if answer is None or answer.get("id") != self._number:
            self._drop(agent.pid)
            return ENDED if received is None else "its answer was not what was asked for"
        if "error" in answer:
            return str(answer["error"])[:LONGEST_REASON]
        result = answer.get("ok")
        return result if isinstance(result, dict) else {}


def _receive(connection: socket.socket) -> bytes | None:
    """Read what is there; b"" for nothing yet, None at the end of the connection."""
    try:
        return connection.recv(1 << 20) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None


def _object(line: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None where it is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _descends_from_us(pid: int) -> bool:
    """Tell whether a process is one of the target's: it may have taken on another user's rights."""
    try:
        return any(parent.pid == os.getpid() for parent in psutil.Process(pid).parents())
    except psutil.Error:
        return False
