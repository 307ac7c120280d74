"""The engine: opens and closes segments, takes checkpoints, and watches what befalls the target.

One thread, one loop: whatever the engine waits for, ``pump`` runs, and sees to the load's events,
the probes, the target's life, interrupts and the live view.
"""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NoReturn

import psutil

from tsprof.errors import TsprofError
from tsprof.load.messages import LoadLost, Quiet, Remark, Tick, WorkerLost
from tsprof.probes.processes import sample
from tsprof.records import Checkpoint, Event, EventKind, Phase, Segment
from tsprof.report.progress import Progress
from tsprof.supervisor import temporary_folder
from tsprof.supervisor.checkpoints import take_checkpoint, wait_until_quiet
from tsprof.supervisor.control import Control
from tsprof.supervisor.instruments import Instruments
from tsprof.supervisor.interrupts import RunInterrupted
from tsprof.supervisor.launch import describe_exit
from tsprof.supervisor.load_totals import LoadTotals
from tsprof.supervisor.load_watch import TICK_PATIENCE, LoadWatch
from tsprof.supervisor.process_watch import News, ProcessWatch
from tsprof.supervisor.tool import NONE, Tool

CALIBRATION_SECONDS = 1.0
CALIBRATION_PATIENCE = 15.0
"""Seconds to wait for a first answer of a target that is slow to start working."""
VIEW_EVERY = 0.25


class RunEnded(Exception):  # noqa: N818 - an outcome, told by the events
    """The run cannot go on: the target or the load is gone; the last event says which."""


@dataclass
class Engine:
    """The state of a run under way."""

    instruments: Instruments
    began: float = field(default_factory=time.monotonic)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    phase: str = "starting"
    profiling: str = ""
    """The profiler whose window is open: what happens to the target now is its doing."""
    lean: Progress | None = None
    """Growth so far and what it leans to, for the live view."""
    expected_seconds: float = 0.0
    settling: float = 0.0
    """Seconds for which every checkpoint leaves the target alone first."""
    hang_seconds: float = 30.0
    """See ``Plan.hang_seconds``."""
    totals: LoadTotals = field(default_factory=LoadTotals)
    _finished: Quiet | None = None
    _load: LoadWatch = field(default_factory=LoadWatch)
    _second: int = -1
    _stored_phase: dict[str, str | float] = field(default_factory=dict)
    _control: Control = field(default_factory=Control)
    _watch: ProcessWatch = field(default_factory=ProcessWatch)
    _shown: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    @property
    def served(self) -> bool:
        """Whether the target has answered a request as it should."""
        return self._load.served

    def note(self, kind: EventKind, text: str, pid: int | None = None) -> None:
        """Record an event."""
        event = Event(seconds=self.seconds, kind=kind, text=text, pid=pid)
        self.events.append(event)
        self.instruments.database.add(event)

    def pump(self, timeout: float = 0.0) -> None:
        """See to everything once; wait for the load's news for at most ``timeout`` seconds.

        Raises:
            RunInterrupted: the user asked to end.
            RunEnded: the target or the load is gone.
        """
        self.instruments.interrupts.check()
        for event in self.instruments.load.poll(timeout):
            match event:
                case Tick():
                    self._hear(event)
                case Quiet():
                    self._finished = event
                case Remark(text):
                    self.note("note", text)
                case WorkerLost(reason=reason):
                    self.note("worker_lost", reason)
                case LoadLost(reason=reason):
                    self.note("load_lost", f"the load process ended: {reason}")
                    raise RunEnded
        second = int(self.seconds)
        if second != self._second:
            self._second = second
            self._each_second(second)
        self._watch_for_hanging()
        now = time.monotonic()
        if now - self._shown >= VIEW_EVERY:
            self._shown = now
            self._show()

    def pump_for(self, seconds: float) -> None:
        """See to everything for a time.

        Raises:
            RunInterrupted, RunEnded: as ``pump``.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pump(0.05)

    def wait_until_quiet(self) -> bool:
        """Wait until the target uses no CPU; return False when it never rested.

        Raises:
            RunInterrupted, RunEnded: as ``pump``.
        """
        return wait_until_quiet(self.instruments.target.processes(), self.pump)

    def hear_the_load_out(self) -> None:
        """Store what the load did in the second in which the target went; it may be the only one.

        Raises:
            StoreError: it cannot be stored.
        """
        deadline = time.monotonic() + TICK_PATIENCE
        while time.monotonic() < deadline:
            for event in self.instruments.load.poll(0.1):
                match event:
                    case Tick():
                        self._hear(event)
                        return
                    case LoadLost():
                        return

    def _hear(self, tick: Tick) -> None:
        self._load.told(tick, self.phase)
        self.instruments.database.add_second(
            {
                "second": int(self.seconds),
                "requests": tick.requests,
                "failures": tick.failures,
                "latency": tick.latency.counts,
                "max_ms": tick.latency.max_ms,
                "in_flight": tick.in_flight,
                "failure_kinds": tick.failure_kinds,
            }
        )

    def _each_second(self, second: int) -> None:
        tools = self.instruments
        processes = tools.target.processes()
        # The master of several load processes makes no load: it is one of ours.
        own = {os.getpid(), tools.load.pid}.difference(tools.load.pids)
        ours = [psutil.Process(pid) for pid in own if psutil.pid_exists(pid)]
        load = [psutil.Process(pid) for pid in tools.load.pids if psutil.pid_exists(pid)]
        for record in (
            *self._watch.samples(processes, second),
            *sample(load, second, "load", costly=False),
            *sample(ours, second, "supervisor", costly=False),
        ):
            tools.database.add(record)
        self._store_phase()
        tools.database.commit()
        self._tell(self._watch.look(processes))
        if not tools.target.alive():
            self._target_is_gone()

    def _store_phase(self) -> None:
        """Let those who follow the run know what it is at."""
        phase: dict[str, str | float] = {
            "name": self.phase,
            "expected_seconds": self.expected_seconds,
        }
        if phase != self._stored_phase:
            self._stored_phase = phase
            self.instruments.database.set_fact("phase", phase)

    def _tell(self, news: Iterable[News]) -> None:
        for kind, text, pid in news:
            self.note(kind, text, pid)

    def _target_is_gone(self) -> NoReturn:
        self._tell(self._watch.memory_kills())
        status = describe_exit(self.instruments.target.exit_status)
        self._end("target_ended", "died", f" ({status})")

    def _watch_for_hanging(self) -> None:
        waiting = self._load.hanging(self.hang_seconds)
        if not waiting:
            return
        refused = "" if self.profiling else self._load.refused(self.instruments.target.processes())
        if not refused:
            self._end("target_hung", "hung", f": {waiting}")
        self.note("load_lost", refused)
        raise RunEnded

    def _end(self, kind: EventKind, what: str, details: str) -> NoReturn:
        """Record what became of the target; in a profiler's window it is the profiler's doing."""
        if self.profiling:
            where = f"in the window of {self.profiling}"
            self.note("note", f"the target {what} {where}{details}; not counted")
        else:
            self.note(kind, f"the target {what} under load{details}")
        raise RunEnded

    def start_anew(self, tool: Tool = NONE) -> bool:
        """Put a fresh target in the place of one that has ended, by a profiler's doing.

        Args:
            tool: that it is to run under.

        Returns:
            Whether one serves now, and no request to the old one is under way any more.
        """
        tools = self.instruments
        if tools.start_target is None or tools.target.alive():
            return False
        try:
            tools.target = tools.start_target(tool)
        except KeyboardInterrupt:
            raise RunInterrupted from None
        except TsprofError as error:
            self.note("note", f"the target could not be started again: {error}")
            return False
        if self._finished is None:
            tools.load.close_gate()
        while self._finished is None:
            self.pump(0.05)
        return True

    def _show(self) -> None:
        tick = self._load.now(self.phase)
        self.instruments.show(
            replace(
                self.lean or Progress(phase=self.phase, elapsed=self.seconds),
                phase=self.phase,
                elapsed=self.seconds,
                expected=self.expected_seconds,
                requests=self.totals.requests,
                requests_per_second=tick.requests / tick.seconds if tick and tick.seconds else None,
                failures=self.totals.failures,
                p99_ms=tick.latency.percentile(99) if tick else None,
                segments=len(self.segments),
            )
        )

    def calibrate(self, until: Callable[[], bool] = bool, most: int | None = None) -> float:
        """Open the gate for about a second; return the requests per second that came through.

        Args:
            until: tells that it is to be closed at once; false throughout by default.
            most: requests to let through; None for as many as come.
        """
        self.phase = "calibrating"
        # A target may die of the first requests: what it was before must be known by then, and
        # nothing that takes long may be left to do while they come.
        self._tell(self._watch.look(self.instruments.target.processes()))
        self.pump()
        until()
        began = time.monotonic()
        self._open(most)
        while time.monotonic() - began < CALIBRATION_PATIENCE and not until():
            self.pump(0.05)
            if self._finished is not None:
                break
            if time.monotonic() - began >= CALIBRATION_SECONDS and not self._load.is_unanswered:
                break
        return self._close_and_wait(most, time.monotonic()).requests_per_second

    def counted_segment(
        self, requests: int, patience: float, until: Callable[[], bool] = bool
    ) -> Segment:
        """Drive a counted number of requests, or what gets done before it is to end.

        Args:
            requests: to drive.
            patience: seconds after which it is closed.
            until: tells that it is to be closed at once; false throughout by default.
        """
        self._open(requests)
        return self._close_and_wait(requests, time.monotonic() + patience, until)

    def open_gate(self) -> None:
        """Begin a segment that ``close_gate`` ends."""
        self._open(None)

    def close_gate(self) -> Segment:
        """End a segment once all that was sent is answered."""
        return self._close_and_wait(None, time.monotonic())

    def mark(
        self,
        name: str,
        segment: Segment,
        *,
        rate: float | None = None,
        began: float | None = None,
        ended: float | None = None,
    ) -> None:
        """Record a phase of the scenario.

        Args:
            name: of the phase.
            segment: that it was, or that it was a part of, and that has just ended.
            rate: requests per second that were to be held; None without.
            began: seconds since the run's start; None for the segment's start.
            ended: likewise; None for now.
        """
        phase = Phase(
            name=name,
            segment=segment.number,
            began=self.seconds - segment.seconds if began is None else began,
            ended=self.seconds if ended is None else ended,
            rate=rate,
        )
        self.instruments.database.add(phase)

    def timed_segment(self, seconds: float) -> Segment:
        """Drive load for a time."""
        self._open(None)
        return self._close_and_wait(None, time.monotonic() + seconds)

    def _open(self, requests: int | None) -> None:
        self._finished = None
        self._load.opened()
        self.instruments.load.open_gate(requests)

    def _close_and_wait(
        self, intended: int | None, deadline: float, until: Callable[[], bool] = bool
    ) -> Segment:
        closed = False
        while self._finished is None:
            self.pump(0.05)
            if not closed and (time.monotonic() >= deadline or until()):
                self.instruments.load.close_gate()
                closed = True
        done = self._finished
        self.totals.add(done)
        if done.uncertain:
            self.note(
                "worker_lost",
                f"segment {len(self.segments)} is not judged: how many requests the lost load "
                "process had sent in it is not known",
            )
        segment = _segment(done, len(self.segments), intended)
        self.segments.append(segment)
        self.instruments.database.add(segment)
        return segment

    def checkpoint(self) -> Checkpoint:
        """Wait for quiet and read every process."""
        tools = self.instruments
        self.pump_for(self.settling)
        quiet = self.wait_until_quiet()
        checkpoint, silent = take_checkpoint(
            len(self.checkpoints),
            tools.target.processes(),
            tools.agents,
            self.totals,
            seconds=self.seconds,
            quiet=quiet,
            rested=self.settling,
            temporary_files=temporary_folder.count(tools.temporary_folder),
        )
        for pid, reason in silent.items():
            self.note("agent_lost", f"the agent in process {pid} gave no answer: {reason}", pid)
        self.totals.uncertain = False
        if not tools.target.alive():  # what is left of it is no reading to compare others with
            self._target_is_gone()
        self.checkpoints.append(checkpoint)
        tools.database.add(checkpoint)
        tools.database.commit()
        return checkpoint

    def control(self) -> None:
        """Prove the ledger in every process whose agent has not been put to the test yet."""
        self._tell(self._control.of_new(self.instruments.agents))


def _segment(done: Quiet, number: int, intended: int | None) -> Segment:
    return Segment(
        number=number,
        seconds=done.seconds,
        requests=done.completed,
        failures=done.failures,
        intended=intended,
        latency=done.latency.counts,
        latency_max_ms=done.latency.max_ms,
        exceptions=done.exceptions,
        endpoints=tuple(
            (e.method, e.name, e.requests, e.failures, e.latency.counts) for e in done.endpoints
        ),
        users=done.users,
        arrivals=done.arrivals,
        latency_sent=done.latency_sent,
        generator=done.generator,
        uncertain=done.uncertain,
    )
