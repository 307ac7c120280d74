"""The load process at work: it opens and closes the gate as told, and reports."""

import contextlib
import gc
import operator
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING, Runner

from tsprof.load.bounded_log import BoundedLog
from tsprof.load.bounded_stats import BoundedStats
from tsprof.load.channel import Channel
from tsprof.load.gate import Gate
from tsprof.load.loop_lag import LoopLag
from tsprof.load.messages import (
    CloseGate,
    Failures,
    LoadLost,
    Message,
    OpenGate,
    Pace,
    Quiet,
    SetLoad,
    Stop,
    Tick,
)
from tsprof.load.recorder import Recorder
from tsprof.probes.processes import waited_seconds
from tsprof.records import Generator, LoadCost

FINISH_SECONDS = 30.0
"""What users that are too many may take for the task that they are at."""


class LoadSession:
    """Users behind the gate, from the first opening to the end."""

    def __init__(
        self,
        environment: Environment,
        gate: Gate,
        recorder: Recorder,
        channel: Channel,
        *,
        start_users: Callable[[], object],
        log: BoundedLog,
    ) -> None:
        """Put the parts together.

        Args:
            environment: Locust's environment, with a runner that has not started.
            gate: The gate that Locust's users go through.
            recorder: What listens to Locust's events.
            channel: The way to the supervisor.
            start_users: Has the runner start its users, where no master does.
            log: What the process prints to.
        """
        self._environment = environment
        self._events: Any = environment.events  # Locust does not annotate its hooks
        self._start_users = start_users
        self._gate = gate
        self._recorder = recorder
        self._channel = channel
        self._log = log
        self._loop_lag = LoopLag()
        self._segment_began = (0.0, 0.0, 0.0)
        """Time, CPU time until then, and time without a processor."""
        self._spawned = False
        self._most_users = 0
        """Users alive at the end of the last segment."""
        self._in_segment = False
        self._second = 0
        self._second_began = 0.0

    @property
    def _runner(self) -> Runner:
        assert self._environment.runner is not None
        return self._environment.runner

    def serve(self) -> Message | None:
        """Do what the channel says until it says stop.

        Returns:
            None then, or when nobody commands any more; else the message that is no command.
        """
        # The last of the test_start hooks: the others may send requests to prepare the target.
        self._events.test_start.add_listener(lambda **_: self._gate.engage())
        gevent.spawn(self._report).link_exception(end_at_once)
        gevent.spawn(self._loop_lag.watch)
        while True:
            match self._channel.receive():
                case OpenGate(requests, pace):
                    self._open(requests, pace)
                case CloseGate():
                    self._gate.close()
                case SetLoad(users, rate):
                    self._set_load(users, rate)
                case Stop(timeout):
                    self._stop(timeout)
                    return None
                case other:
                    return other

    def _open(self, requests: int | None, pace: Pace | None) -> None:
        self._begin_second()
        self._in_segment = True
        if not self._spawned:
            self._start_users()
        self._wait_for_users()
        self._loop_lag.take()
        self._segment_began = _times()
        self._gate.open(requests, pace)

    def _set_load(self, users: int | None, rate: float | None) -> None:
        if rate is not None:
            self._gate.set_rate(rate)
        if users is not None and self._spawned:
            # At a closed gate none is at a request, and all would wait for it to open.
            in_midst = self._gate.is_open or self._gate.in_flight
            self._environment.stop_timeout = FINISH_SECONDS if in_midst else 0
            self._runner.start(users, spawn_rate=max(users, self._runner.user_count))

    def _wait_for_users(self) -> None:
        """Wait for the users to start, and for those to stop that a master gives to others."""
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
        stats = self._environment.stats
        assert isinstance(stats, BoundedStats)
        stats.add(tally, self._second)
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
            failure_kinds=dict(tally.failure_kinds),
        )
        self._begin_second()
        return tick

    def _quiet(self) -> Quiet:
        if self._runner.user_count < self._most_users:
            gc.collect()  # closes the connections of users that have gone
        self._most_users = self._runner.user_count
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
            processes=(
                LoadCost(name="", requests=total.requests, cpu_seconds=time.process_time()),
            ),
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
            return f"all {self._runner.target_user_count} users have ended{because}"
        return f"the test was stopped from within{because}"


def _times() -> tuple[float, float, float]:
    return time.monotonic(), time.process_time(), waited_seconds(os.getpid())


def end_at_once(_: gevent.Greenlet) -> None:
    """End the process when its reports cannot go on; the traceback is in the log already."""
    sys.stderr.flush()
    os._exit(70)
