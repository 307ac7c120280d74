"""The master at work: it divides each segment among its workers, and reports for all of them."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gevent
from locust.env import Environment

from tsprof.load.bounded_log import BoundedLog
from tsprof.load.channel import Channel
from tsprof.load.master import Master
from tsprof.load.messages import (
    CloseGate,
    Failures,
    FailureSample,
    LoadLost,
    Message,
    OpenGate,
    Quiet,
    Remark,
    SetLoad,
    Stop,
    Tick,
    WorkerEnded,
    WorkerLost,
)
from tsprof.load.session import FINISH_SECONDS, end_at_once
from tsprof.load.sharing import (
    merged_failures,
    merged_quiet,
    merged_tick,
    paces,
    quiet_of_the_lost,
    shares,
)
from tsprof.load.spec import LoadSpec

REPORT_SECONDS = 10.0
"""A worker with a segment under way reports each second. One that lives and says nothing for so
long has lost what it was told, or what it said was lost."""


@dataclass
class Worker:
    """A load process as the master sees it."""

    name: str
    at_work: bool = False
    """Whether it has a part in the segment and has not reported the end of it."""
    ticks: list[Tick] = field(default_factory=list)
    """Of the segment."""
    failures: tuple[FailureSample, ...] = ()
    heard: float = 0.0
    """When it last reported."""


class MasterSession:
    """Commands from the supervisor go to the workers, and what they report goes back as one."""

    def __init__(
        self,
        environment: Environment,
        master: Master,
        channel: Channel,
        spec: LoadSpec,
        log: BoundedLog,
    ) -> None:
        """Put the parts together.

        Args:
            environment: Locust's environment, with the master as its runner.
            master: Has all workers.
            channel: The way to the supervisor.
            spec: The load of all workers together.
            log: What the process prints to.
        """
        self._environment = environment
        self._master = master
        self._channel = channel
        self._spec = spec
        self._log = log
        self._workers = {
            client_id: Worker(loaded.name) for client_id, loaded in master.loaded.items()
        }
        self._lost_failures: list[tuple[FailureSample, ...]] = []
        self._pending: dict[str, Tick] = {}
        """Ticks that are not reported yet."""
        self._quiets: dict[str, Quiet] = {}
        """Totals of the segment by the name of the worker; while one is under way."""
        self._users_are_divided = False

    def serve(self) -> None:
        """Do what the supervisor says until it says stop or has gone."""
        self._master.hear = self._hear
        gevent.spawn(self._look_after).link_exception(end_at_once)
        while True:
            match self._channel.receive():
                case OpenGate(requests):
                    self._open(requests)
                case CloseGate():
                    self._close()
                case SetLoad(users, rate):
                    self._set_load(users, rate)
                case WorkerEnded(name, how):
                    self._lose_named(name, how)
                case Stop(timeout):
                    self._stop(timeout)
                    return
                case _:
                    return

    def _open(self, requests: int | None) -> None:
        self._take_in()
        if not self._users_are_divided:
            self._users_are_divided = True
            self._master.start_users(self._spec.users)
        self._quiets = {}
        for worker in self._workers.values():
            worker.ticks.clear()
        with_users = [c for c in self._workers if self._master.users_of(c)]
        chosen = with_users or list(self._workers)  # they will say why they have none
        weights = [self._master.users_of(client_id) or 1 for client_id in chosen]
        parts = zip(chosen, _orders(requests, self._spec.rate, weights), strict=True)
        for client_id, worker, order in [(c, self._workers[c], order) for c, order in parts]:
            worker.at_work = order.requests != 0
            worker.heard = time.monotonic()
            if worker.at_work:
                self._master.say(client_id, order)

    def _set_load(self, users: int | None, rate: float | None) -> None:
        """Divide the users anew, and the rate as they are divided now."""
        before = self._spec
        self._spec = replace(before, users=users or before.users, rate=rate)
        if self._users_are_divided and self._spec.users != before.users:
            in_midst = any(worker.at_work for worker in self._workers.values())
            self._environment.stop_timeout = FINISH_SECONDS if in_midst else 0
            self._master.start_users(self._spec.users)
        sending = [client_id for client_id, worker in self._workers.items() if worker.at_work]
        if rate is not None and sending:
            weights = [self._master.users_of(client_id) or 1 for client_id in sending]
            for client_id, pace in zip(sending, paces(rate, weights), strict=True):
                self._master.say(client_id, SetLoad(None, pace.rate))

    def _take_in(self) -> None:
        """Give who has joined since the last segment a part in this one."""
        for client_id in self._master.loaded.keys() - self._workers.keys():
            worker = Worker(self._master.loaded[client_id].name)
            self._workers[client_id] = worker
            self._users_are_divided = False
            self._channel.send(Remark(f"{worker.name} joined late, and shares the load from here"))

    def _close(self) -> None:
        for client_id, worker in self._workers.items():
            if worker.at_work:
                self._master.say(client_id, CloseGate())

    def _hear(self, client_id: str, message: Message) -> None:
        """Take what a worker says."""
        worker = self._workers.get(client_id)
        if worker is None:
            return
        worker.heard = time.monotonic()
        match message:
            case Tick():
                if client_id in self._pending:
                    self._report_ticks()
                self._pending[client_id] = message
                worker.ticks.append(message)
                if all(c in self._pending for c, w in self._workers.items() if w.at_work):
                    self._report_ticks()
            case Quiet() if worker.at_work:
                worker.at_work = False
                self._quiets[worker.name] = message
                self._finish_if_all_are_quiet()
            case Failures(samples):
                worker.failures = samples
                reports = [*self._lost_failures, *(w.failures for w in self._workers.values())]
                self._channel.send(Failures(merged_failures(reports)))
            case LoadLost(reason):
                self._lose(client_id, reason)
            case _:
                self._lose(client_id, f"it sent {message.kind!r} out of turn")

    def _report_ticks(self) -> None:
        if self._pending:
            ticks = list(self._pending.values())
            self._pending.clear()
            latest = [worker.ticks[-1] for worker in self._workers.values() if worker.ticks]
            self._channel.send(merged_tick(ticks, latest))

    def _finish_if_all_are_quiet(self) -> None:
        if self._quiets and not any(worker.at_work for worker in self._workers.values()):
            self._report_ticks()
            quiet, self._quiets = merged_quiet(self._quiets), {}
            self._channel.send(quiet)

    def _look_after(self) -> None:
        """Find out, each second, who is not there any more."""
        while self._workers:
            gevent.sleep(1)
            self._log.cut()
            now = time.monotonic()
            for client_id, worker in list(self._workers.items()):
                if absence := self._master.absence(client_id):
                    self._lose(client_id, absence)
                elif worker.at_work and now - worker.heard > REPORT_SECONDS:
                    self._lose(client_id, f"it has reported nothing for {REPORT_SECONDS:.0f} s")
            self._channel.send(*self._master.take_refused())

    def _lose_named(self, name: str, how: str) -> None:
        for client_id, worker in list(self._workers.items()):
            if worker.name == name:
                self._lose(client_id, how)

    def _lose(self, client_id: str, why: str) -> None:
        """Go on without a worker; the segment, if it had a part in it, ends at once."""
        worker = self._workers.pop(client_id, None)
        if worker is None:
            return
        self._master.dismiss(client_id)
        self._users_are_divided = False
        self._lost_failures.append(worker.failures)
        if not self._workers:
            self._channel.send(LoadLost(f"no load process is left; {worker.name}: {why}"))
            return
        left = f"{len(self._workers)} left to share its part"
        self._channel.send(WorkerLost(worker.name, f"{worker.name} was lost: {why}; {left}"))
        if worker.at_work:
            self._quiets[worker.name] = quiet_of_the_lost(worker.ticks)
            self._close()
            self._finish_if_all_are_quiet()

    def _stop(self, timeout: float) -> None:
        with contextlib.suppress(gevent.Timeout), gevent.Timeout(timeout):
            for client_id in self._workers:
                self._master.say(client_id, Stop(timeout))
            while not all(map(self._master.absence, self._workers)):
                gevent.sleep(0.02)
            events: Any = self._environment.events  # Locust does not annotate its hooks
            events.quitting.fire(environment=self._environment, reverse=True)
            events.quit.fire(exit_code=0)


def _orders(requests: int | None, rate: float | None, weights: Sequence[int]) -> list[OpenGate]:
    """Return each worker's part of a segment; no request for one that has none."""
    counts: Sequence[int | None] = [None] * len(weights)
    if requests is not None:
        counts = shares(requests, weights)
    if rate is None:
        return [OpenGate(count) for count in counts]
    return [OpenGate(c, pace) for c, pace in zip(counts, paces(rate, weights), strict=True)]
