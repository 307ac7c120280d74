"""The supervisor's side of the load process. Imports neither Locust nor gevent."""

import select
import socket
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

from tsprof.errors import LoadError, UsageError
from tsprof.load.child import Child
from tsprof.load.messages import (
    Begin,
    CloseGate,
    Failures,
    FailureSample,
    LoadEvent,
    LoadLost,
    Message,
    OpenGate,
    Quiet,
    Ready,
    Refused,
    SetLoad,
    Stop,
    Tick,
    decode,
    encode,
)
from tsprof.load.spec import LoadSpec

CHUNK = 1 << 18
MAX_LINE = 64_000_000
"""Bytes. The longest message, totals of 201 endpoints with full histograms, has some 5 MB."""
SEND_SECONDS = 2.0
"""A process that has left 200 kB of commands unread for so long does not work any more."""


class LoadProcess:
    """Locust in a process of its own, which never outlives this one."""

    def __init__(self, child: Child, channel: socket.socket) -> None:
        """Take over a process that was launched; ``start`` does both."""
        self.notes: tuple[str, ...] = ()
        """What of the Locust file is not used, in words."""
        self.failure_samples: tuple[FailureSample, ...] = ()
        """Messages of failed requests and of exceptions since the start, at most 21."""
        self._child = child
        self._channel = channel
        self._buffer = bytearray()
        self._messages: deque[Message] = deque()
        self._segment_open = False
        self._lost: LoadLost | None = None
        self._ending = ""
        """How the process ended, once it has."""

    @classmethod
    def start(cls, spec: LoadSpec, log: Path, timeout: float = 20) -> Self:
        """Start the process and wait until its Locust file is loaded.

        Args:
            spec: What load to make.
            log: File that what the process prints is appended to; it is kept near 10 MB.
            timeout: Seconds that loading may take.

        Returns:
            The load, with the gate closed and no user started.

        Raises:
            UsageError: The Locust file cannot be used.
            LoadError: The process died or was not ready in time.
        """
        if spec.locustfile is not None and not spec.locustfile.is_file():
            what = "is not a file" if spec.locustfile.exists() else "does not exist"
            raise UsageError(
                f"The Locust file {spec.locustfile} {what}.",
                hint="Name a Locust file with --locustfile, or a path to request with --url.",
            )
        child, channel = Child.launch("tsprof.load.process", log)
        channel.settimeout(SEND_SECONDS)
        load = cls(child, channel)
        try:
            load._begin(spec, timeout)
        except BaseException:
            load._end(0)
            raise
        return load

    @property
    def pid(self) -> int:
        """The process, which is also the leader of its session and process group."""
        return self._child.process.pid

    def fileno(self) -> int:
        """Return a file descriptor that is readable when ``poll`` has something to return."""
        return self._channel.fileno()

    def open_gate(self, requests: int | None) -> None:
        """Begin a segment; the first one starts all users.

        Args:
            requests: Exactly so many requests are admitted, and then the gate closes by itself;
                None to keep it open until ``close_gate``.

        Raises:
            LoadError: The segment before is not quiet yet.
        """
        if requests is not None and requests < 1:
            raise ValueError(f"a segment of {requests} requests")
        if self._segment_open:
            raise LoadError("The gate cannot open before the last segment's load is quiet.")
        self._segment_open = True
        self._send(OpenGate(requests))

    def close_gate(self) -> None:
        """Admit no more requests; ``Quiet`` comes when those in flight are finished."""
        self._send(CloseGate())

    def set_load(self, users: int, rate: float | None) -> None:
        """Make more or less load from now on, whether the gate is open or not.

        Args:
            users: How many there shall be; those that are too many finish what they are at.
            rate: Requests per second, of a load that has had a rate from the start.
        """
        self._send(SetLoad(users, rate))

    def poll(self, timeout: float) -> list[LoadEvent]:
        """Wait for events.

        Args:
            timeout: Seconds to wait for the first one; 0 to only look.

        Returns:
            What has arrived, in order. It may be nothing before the time is over, when what
            came was not an event. Once the load is lost, every call returns the ``LoadLost``
            at once; after ``stop``, nothing.
        """
        if self._ending or self._lost:
            return [self._lost] if self._lost else []
        self._receive(timeout)
        events: list[LoadEvent] = []
        while self._messages and not self._lost:
            match self._messages.popleft():
                case Failures(samples):
                    self.failure_samples = samples
                case Tick() as event:
                    events.append(event)
                case Quiet() as event:
                    self._segment_open = False
                    events.append(event)
                case LoadLost() as event:
                    self._lost = event
                case message:
                    self._lost = LoadLost(f"the load process sent {message.kind!r} out of turn")
        return [*events, self._lost] if self._lost else events

    def stop(self, timeout: float = 5) -> None:
        """End the users, let the Locust file's hooks run, and end the process.

        Args:
            timeout: Seconds that the hooks may take; then the process group is killed.
        """
        if not self._ending:
            self._send(Stop(timeout))
            self._end(timeout + 1)
        self._lost = None

    def __enter__(self) -> Self:
        """Return the load; leaving the with statement stops it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the load."""
        self.stop()

    def _begin(self, spec: LoadSpec, timeout: float) -> None:
        self._send(Begin(spec))
        deadline = time.monotonic() + timeout
        while not self._messages and not self._lost:
            if time.monotonic() > deadline:
                raise LoadError(
                    f"The load process was not ready within {timeout:g} s; "
                    f"{self._child.last_words()}",
                    hint="Look for what the Locust file waits for when it is imported.",
                )
            self._receive(deadline - time.monotonic())
        match self._messages.popleft() if self._messages else self._lost:
            case Ready(notes):
                self.notes = notes
            case Refused(message, hint):
                traceback_in = f"The full traceback is in {self._child.log}."
                raise UsageError(message, hint=hint or traceback_in)
            case LoadLost(reason):
                raise LoadError(f"The load could not start: {reason}")
            case message:
                raise LoadError(f"The load process began with {message!r}.")

    def _send(self, message: Message) -> None:
        try:
            self._channel.sendall(encode(message))
        except TimeoutError:
            self._lost = LoadLost("the load process is stuck: it does not read its commands")
        except OSError:
            return  # the process has ended, and the next poll says how

    def _receive(self, timeout: float) -> None:
        """Read what has arrived, waiting for the first bytes."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        # Programs that the Locust file started may keep the socket open after its end.
        poll.register(self._child.pidfd, select.POLLIN)
        milliseconds = max(0, timeout) * 1000
        while ready := [fd for fd, _ in poll.poll(milliseconds)]:
            milliseconds = 0
            data = self._read() if self._channel.fileno() in ready else b""
            if not data:
                self._bury()
                return
            self._take(data)

    def _read(self) -> bytes:
        try:
            return self._channel.recv(CHUNK)
        except ConnectionResetError:  # it ended with commands unread
            return b""

    def _take(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            try:
                self._messages.append(decode(bytes(self._buffer) + line))
            except ValueError as error:
                self._lost = LoadLost(f"the load process sent nonsense: {str(error)[:200]}")
            self._buffer.clear()
        self._buffer += rest
        if len(self._buffer) > MAX_LINE:
            self._lost = LoadLost("the load process sent a message without end")
            self._buffer.clear()

    def _bury(self) -> None:
        how = self._end(1)
        self._messages.append(
            LoadLost(f"the load process ended with {how}; {self._child.last_words()}")
        )

    def _end(self, grace: float) -> str:
        if not self._ending:
            self._ending = self._child.end(grace)
            self._channel.close()
        return self._ending
