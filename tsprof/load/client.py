"""The supervisor's side of the load. Imports neither Locust nor gevent."""

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tsprof.errors import LoadError, TsprofError, UsageError
from tsprof.load.child import Child
from tsprof.load.local_workers import LocalWorkers
from tsprof.load.message_socket import MessageSocket
from tsprof.load.messages import (
    Begin,
    CloseGate,
    Enlist,
    Failures,
    FailureSample,
    Joined,
    Listening,
    LoadEvent,
    LoadLost,
    Message,
    OpenGate,
    Quiet,
    Ready,
    Refused,
    Remark,
    SetLoad,
    Stop,
    Tick,
    WorkerEnded,
    WorkerLost,
)
from tsprof.load.spec import ONE_PROCESS, LoadSpec, Workers
from tsprof.loopback import LOOPBACK

WORKERS_SECONDS = 600.0
"""How long workers on other machines have for joining: people start them by hand."""
TELL_EVERY = 0.25


class LoadProcess:
    """Locust in a process of its own, or in several, which never outlive this one."""

    def __init__(self, child: Child, channel: socket.socket) -> None:
        """Take over a process that was launched; ``start`` does both."""
        self.notes: tuple[str, ...] = ()
        """What of the Locust file is not used, in words."""
        self.failure_samples: tuple[FailureSample, ...] = ()
        """Messages of failed requests and of exceptions since the start, at most 21."""
        self.ui_port: int | None = None
        """Where Locust's web page is served, if it is."""
        self._workers = LocalWorkers()
        self._has_workers = False
        self._child = child
        self._channel = MessageSocket(channel)
        self._messages: deque[Message] = deque()
        self._segment_open = False
        self._lost: LoadLost | None = None
        self._ending = ""
        """How the process ended, once it has."""

    @classmethod
    def start(
        cls,
        spec: LoadSpec,
        log: Path,
        timeout: float = 20,
        *,
        workers: Workers = ONE_PROCESS,
        ui_port: int | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Start the load and wait until its Locust file is loaded.

        Args:
            spec: What load to make.
            log: File that what the process prints is appended to; it is kept near 10 MB. Further
                processes have their own beside it.
            timeout: Seconds that loading may take, without the wait for other machines.
            workers: The processes that share it.
            ui_port: Where to serve Locust's web page on loopback, 0 for a free port; None for not
                at all.
            tell: Called several times a second with what is waited for; may raise.

        Returns:
            The load, with the gate closed and no user started.

        Raises:
            UsageError: The Locust file cannot be used.
            LoadError: A process died or was not ready in time.
        """
        if spec.locustfile is not None and not spec.locustfile.is_file():
            what = "is not a file" if spec.locustfile.exists() else "does not exist"
            raise UsageError(
                f"the Locust file {spec.locustfile} {what}",
                hint="name a Locust file with --locustfile, or a path to request with --url",
            )
        module = "process" if workers == ONE_PROCESS else "master_process"
        child, channel = Child.launch(f"tsprof.load.{module}", log)
        load = cls(child, channel)
        try:
            load._begin(Begin(spec, workers, ui_port), timeout, tell)
        except BaseException:
            load._end(0)
            raise
        return load

    @property
    def pid(self) -> int:
        """The process, or the master; also the leader of its session and process group."""
        return self._child.process.pid

    @property
    def pids(self) -> list[int]:
        """The processes on this machine that make load; a master makes none."""
        return self._workers.pids if self._has_workers else [self.pid]

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
            raise LoadError("the gate cannot open before the last segment's load is quiet")
        self._segment_open = True
        self._send(OpenGate(requests))

    def close_gate(self) -> None:
        """Admit no more requests; ``Quiet`` comes when those in flight are finished."""
        self._send(CloseGate())

    def set_load(self, users: int | None, rate: float | None) -> None:
        """Make more or less load from now on, whether the gate is open or not.

        Args:
            users: How many there shall be; those that are too many finish what they are at.
                None for as many as there are.
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
                case WorkerEnded() as news:
                    self._send(news)
                case WorkerLost() as event:
                    self._workers.kill(event.name)
                    events.append(event)
                case Tick() | Remark() as event:
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

    def _begin(self, begin: Begin, timeout: float, tell: Callable[[str], None]) -> None:
        self._send(begin)
        spec, workers = begin.spec, begin.workers
        deadline = time.monotonic() + timeout
        joined: int | None = None
        while True:
            tell(_progress(joined, workers.total))
            match self._next_message(min(deadline - time.monotonic(), TELL_EVERY)):
                case Listening(port):
                    self._has_workers = True
                    self._start_workers(spec, workers, port)
                    timeout = WORKERS_SECONDS if workers.expected else timeout
                    deadline = time.monotonic() + timeout
                case Joined(count):
                    joined = count
                case Remark(text):
                    self.notes += (text,)
                case Ready(notes, ui_port):
                    self.notes += notes
                    self.ui_port = ui_port
                    return
                case None if time.monotonic() < deadline:
                    pass
                case None:
                    raise LoadError(
                        f"{_shortfall(joined, workers.total)} within {timeout:g} s; "
                        f"{self._child.last_words()}",
                        hint="look for what the Locust file waits for when it is imported",
                    )
                case message:
                    raise _no_start(message)

    def _next_message(self, timeout: float) -> Message | None:
        if not self._messages and not self._lost:
            self._receive(timeout)
        return self._messages.popleft() if self._messages else self._lost

    def _start_workers(self, spec: LoadSpec, workers: Workers, port: int) -> None:
        anywhere = workers.bind_host in ("0.0.0.0", "*")  # noqa: S104 - compared, not bound
        order = Enlist(LOOPBACK if anywhere else workers.bind_host, port, 20, "", spec.locustfile)
        self._workers.start(workers.local, order, self._child.log)

    def _send(self, message: Message) -> None:
        try:
            self._channel.send(message)
        except TimeoutError:
            self._lost = LoadLost("the load process is stuck: it does not read its commands")
        except OSError:
            return  # the process has ended, and the next poll says how

    def _receive(self, timeout: float) -> None:
        """Read what has arrived, waiting for the first bytes."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        # Programs that the Locust file started may keep the socket open after its end.
        for pidfd in (self._child.pidfd, *self._workers.pidfds):
            poll.register(pidfd, select.POLLIN)
        milliseconds = max(0, timeout) * 1000
        while ready := {fd for fd, _ in poll.poll(milliseconds)}:
            milliseconds = 0
            self._messages += self._workers.ended(ready)
            if self._channel.fileno() in ready:
                if not self._take_messages():
                    return
            elif self._child.pidfd in ready:
                self._bury()
                return
            else:
                return

    def _take_messages(self) -> bool:
        """Take what has arrived; False when there will be no more."""
        try:
            self._messages += self._channel.read()
        except EOFError:
            self._bury()
        except ValueError as error:
            self._lost = LoadLost(f"the load process sent nonsense: {str(error)[:200]}")
        else:
            return True
        return False

    def _bury(self) -> None:
        how = self._end(1)
        self._messages.append(
            LoadLost(f"the load process ended with {how}; {self._child.last_words()}")
        )

    def _end(self, grace: float) -> str:
        if not self._ending:
            self._ending = self._child.end(grace)
            self._workers.end(0.5)
            self._channel.close()
        return self._ending


def _progress(joined: int | None, total: int) -> str:
    return "not ready yet" if joined is None else f"{joined} of {total} processes are ready"


def _shortfall(joined: int | None, total: int) -> str:
    if joined is None:
        return "the load process was not ready"
    return f"only {joined} of {total} load processes were ready"


def _no_start(message: Message) -> TsprofError:
    """Return the error for what came instead of a start."""
    match message:
        case Refused(reason, hint):
            return UsageError(reason, hint=hint)
        case LoadLost(reason):
            return LoadError(f"the load could not start: {reason}")
        case WorkerEnded(name, how):
            return LoadError(f"the load could not start: {name}: {how}")
        case _:
            return LoadError(f"the load process began with {message!r}")
