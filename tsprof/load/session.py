"""The load process at work: it opens and closes the gate as told, and reports."""

import contextlib
import operator
import os
import sys
import time
from typing import Any

import gevent
import gevent.lock
import gevent.socket
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING, Runner

from tsprof.load.bounded_log import BoundedLog
from tsprof.load.gate import Gate
from tsprof.load.loop_lag import LoopLag
from tsprof.load.messages import (
    CloseGate,
    Failures,
    LoadLost,
    Message,
    OpenGate,
    Quiet,
    SetLoad,
    Stop,
    Tick,
    decode,
    encode,
)
from tsprof.load.recorder import Recorder
from tsprof.probes.processes import waited_seconds
from tsprof.records import Generator

FINISH_SECONDS = 30.0
"""What users that are too many may take for the task that they are at."""


class Channel:
    """The socket to the supervisor, as greenlets use it."""

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
        """Send messages; other greenlets run while the supervisor does not read."""
        with self._sending:
            self._socket.sendall(b"".join(map(encode, messages)))

    def receive(self) -> Message | None:
        """Wait for a message; None when the supervisor has gone."""
        line = self._lines.readline()
        return decode(line) if line.endswith(b"\n") else None


class LoadSession:
    """Users behind the gate, from the first opening to the end."""

    def __init__(
        self,
        environment: Environment,
        gate: Gate,
        recorder: Recorder,
        channel: Channel,
        *,
        users: int,
        log: BoundedLog,
    ) -> None:
        """Put the parts together.

        Args:
            environment: Locust's environment, with a runner that has not started.
            gate: The gate that Locust's users go through.
            recorder: What listens to Locust's events.
            channel: The way to the supervisor.
            users: How many users to start.
            log: What the process prints to.
        """
        self._environment = environment
        self._events: Any = environment.events  # Locust does not annotate its hooks
        self._users = users
        self._gate = gate
        self._recorder = recorder
        self._channel = channel
        self._log = log
        self._loop_lag = LoopLag()
        self._segment_began = (0.0, 0.0, 0.0)
        """Time, CPU time until then, and time without a processor."""
        self._spawned = False
        self._in_segment = False
        self._second = 0
        self._second_began = 0.0

    @property
    def _runner(self) -> Runner:
        assert self._environment.runner is not None
        return self._environment.runner

    def serve(self) -> None:
        """Do what the supervisor says until it says stop or has gone."""
        # The last of the test_start hooks: the others may send requests to prepare the target.
        self._events.test_start.add_listener(lambda **_: self._gate.engage())
        gevent.spawn(self._report).link_exception(_end_at_once)
        gevent.spawn(self._loop_lag.watch)
        while True:
            match self._channel.receive():
                case OpenGate(requests):
                    self._open(requests)
                case CloseGate():
                    self._gate.close()
                case SetLoad(users, rate):
                    self._set_load(users, rate)
                case Stop(timeout):
                    self._stop(timeout)
                    return
                case _:
                    return

    def _open(self, requests: int | None) -> None:
        self._begin_second()
        self._in_segment = True
        if not self._spawned:
            self._spawn_users()
        self._loop_lag.take()
        self._segment_began = _times()
        self._gate.open(requests)

    def _set_load(self, users: int, rate: float | None) -> None:
        if rate is not None:
            self._gate.set_rate(rate)
        if self._spawned and users != self._users:
            self._environment.stop_timeout = FINISH_SECONDS
            self._runner.start(users, spawn_rate=abs(users - self._users))
        self._users = users

    def _spawn_users(self) -> None:
        self._runner.start(self._users, spawn_rate=self._users)
        spawning = self._runner.spawning_greenlet
        assert spawning is not None
        spawning.join()
        self._spawned = True
        if spawning.exception:
            self._recorder.on_exception("Locust could not start the users", spawning.exception)
            self._runner.stop()

    def _stop(self, timeout: float) -> None:
        self._gate.close()
        self._gate.set_free()
        self._environment.stop_timeout = 0
        with contextlib.suppress(gevent.Timeout), gevent.Timeout(timeout):
            self._events.quitting.fire(environment=self._environment, reverse=True)
            self._runner.quit()
            self._events.quit.fire(exit_code=0)

    def _report(self) -> None:
        """Send a tick at the end of each second, and the totals when a segment has settled."""
        while True:
            self._gate.settled.wait(1 - time.time() % 1)
            self._gate.settled.clear()
            self._log.cut()
            self._gate.let_go_of_the_dead()
            quiet = self._gate.is_quiet
            if self._in_segment and (quiet or int(time.time()) != self._second):
                messages: list[Message] = [*self._failures(), self._tick()]
                if quiet:
                    messages.append(self._quiet())
                self._channel.send(*messages)
                if not quiet and self._spawned and not self._runner.user_count:
                    self._channel.send(LoadLost(self._why_no_users()))
                    return

    def _begin_second(self) -> None:
        self._second = int(time.time())
        self._second_began = time.monotonic()

    def _tick(self) -> Tick:
        tally = self._recorder.end_second()
        total = tally.sum()
        tick = Tick(
            second=self._second,
            seconds=time.monotonic() - self._second_began,
            requests=total.requests,
            failures=total.failures,
            exceptions=tally.exceptions,
            latency=total.latency,
            endpoints=tally.counts(),
            users=self._runner.user_count,
            in_flight=self._gate.in_flight,
            oldest_seconds=self._gate.oldest_seconds,
            open=self._gate.is_open,
            cpu_seconds=time.process_time(),
        )
        self._begin_second()
        return tick

    def _quiet(self) -> Quiet:
        self._in_segment = False
        segment = self._gate.finish()
        tally = self._recorder.end_segment()
        total = tally.sum()
        return Quiet(
            admitted=segment.admitted,
            completed=total.requests,
            failures=total.failures,
            exceptions=tally.exceptions,
            seconds=segment.seconds,
            latency=total.latency,
            endpoints=tally.totals(),
            users=self._runner.user_count,
            arrivals=segment.arrivals,
            latency_sent=tally.latency_sent if segment.arrivals else None,
            generator=self._generator(),
        )

    def _generator(self) -> Generator:
        seconds, used, waited = map(operator.sub, _times(), self._segment_began)
        seconds = max(seconds, 1e-3)
        return Generator(
            cpu_share=used / seconds,
            waited_share=waited / seconds,
            lag=self._loop_lag.take(),
        )

    def _failures(self) -> list[Failures]:
        news = self._recorder.failures.news()
        return [Failures(news)] if news else []

    def _why_no_users(self) -> str:
        last = self._recorder.failures.last
        because = f"; the last failure was: {last}" if last else ""
        if self._runner.state in {STATE_SPAWNING, STATE_RUNNING}:
            return f"all {self._users} users have ended{because}"
        return f"the test was stopped from within{because}"


def _times() -> tuple[float, float, float]:
    return time.monotonic(), time.process_time(), waited_seconds(os.getpid())


def _end_at_once(_: gevent.Greenlet) -> None:
    """End the process when its reports cannot go on; the traceback is in the log already."""
    sys.stderr.flush()
    os._exit(70)
