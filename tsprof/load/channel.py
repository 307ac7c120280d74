"""The ways on which a load session gets its commands and sends its reports."""

import os
from typing import Protocol

import gevent.lock
import gevent.queue
import gevent.socket
from locust.env import Environment
from locust.rpc import Message as LocustMessage
from locust.runners import WorkerRunner

from tsprof.load.messages import Message, decode, encode

MESSAGE = "tsprof"
"""The type of what master and workers send each other, among Locust's own messages."""


def letter(kind: str, text: str | None, client_id: str) -> LocustMessage:
    """Return a message as Locust sends it."""
    return LocustMessage(kind, text, client_id)  # type: ignore[no-untyped-call]


class Channel(Protocol):
    """A way to whoever commands the session."""

    def send(self, *messages: Message) -> None:
        """Send messages; other greenlets run meanwhile."""

    def receive(self) -> Message | None:
        """Wait for a message; None when nobody commands any more."""


class SocketChannel:
    """The socket to the process that started this one, as greenlets use it."""

    def __init__(self, fd: int) -> None:
        """Take over a connected socket.

        Args:
            fd: Its file descriptor.
        """
        os.set_inheritable(fd, False)  # not for programs that the Locust file starts
        self._socket = gevent.socket.socket(fileno=fd)
        self._lines = self._socket.makefile("rb")
        self._sending = gevent.lock.BoundedSemaphore()

    def send(self, *messages: Message) -> None:
        """Send messages; other greenlets run while the other side does not read."""
        with self._sending:
            self._socket.sendall(b"".join(map(encode, messages)))

    def receive(self) -> Message | None:
        """Wait for a message; None when the other side has gone."""
        line = self._lines.readline()
        return decode(line) if line.endswith(b"\n") else None


class MasterChannel:
    """A worker's way to its master."""

    def __init__(self, runner: WorkerRunner) -> None:
        """Use the runner's connection."""
        self._runner = runner
        self._inbox = gevent.queue.SimpleQueue[Message | None]()
        runner.register_message(MESSAGE, self._on_message)

    def send(self, *messages: Message) -> None:
        """Send messages."""
        for message in messages:
            self._runner.send_message(MESSAGE, encode(message).decode())  # type: ignore[arg-type]  # any type does

    def receive(self) -> Message | None:
        """Wait for a message, or for ``put``."""
        message: Message | None = self._inbox.get()
        return message

    def put(self, message: Message | None) -> None:
        """Have ``receive`` return this as well: what this side decides by itself."""
        self._inbox.put(message)

    def _on_message(self, environment: Environment, msg: LocustMessage) -> None:
        del environment
        self._inbox.put(decode(msg.data))
