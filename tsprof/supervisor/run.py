"""One run from launch to report."""

import os
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import TypeAdapter

from tsprof.analysis.assessments import DETECTABLE_GOAL, Look, look
from tsprof.analysis.findings import Confirmation
from tsprof.config import Settings
from tsprof.errors import NotReadyError, StoreError, UsageError
from tsprof.load.client import LoadProcess
from tsprof.load.spec import LoadSpec
from tsprof.report.live import LiveView, Progress
from tsprof.report.model import Report
from tsprof.store.database import RunDatabase
from tsprof.store.reports import assemble, store_report
from tsprof.store.runs import DATABASE, LOAD_LOG, TARGET_LOG, create_run
from tsprof.supervisor import provenance
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.confirm import confirm
from tsprof.supervisor.engine import Engine, Instruments, RunEnded, TargetProcesses
from tsprof.supervisor.interrupts import Interrupts, RunInterrupted, noticing_interrupts
from tsprof.supervisor.launch import (
    LaunchOrder,
    Target,
    free_port,
    is_listening,
    readiness,
    wait_until_ready,
)
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.watch import WatchedProcess

SURE_LOOKS = 2
"""Looks in a row that must agree before a run ends early."""
SLOW_SEGMENT = 4.0
"""A counted segment may take so many times its intended length before it is cut short."""
LEAST_REQUESTS = 20
"""Requests after which a load that only fails is given up."""


@dataclass
class _Outcome:
    """What the run gathered beside the engine's records."""

    confirmation: Confirmation = field(default_factory=Confirmation)
    notes: list[str] = field(default_factory=list)
    failures: tuple[str, ...] = ()
    log_tail: tuple[str, ...] = ()


def run(plan: Plan, settings: Settings, home: Path, view: LiveView) -> tuple[Report, Path]:
    """Run a scenario and return its report and the folder of the run.

    Raises:
        UsageError: the command, the load or the configuration is wrong.
        NotReadyError: the target never served.
        StoreError: the run's folder cannot be made.
    """
    started = datetime.now(UTC).astimezone()
    folder = create_run(home, plan.scenario, started)
    with ExitStack() as stack:
        interrupts = stack.enter_context(noticing_interrupts())
        database = RunDatabase(folder / DATABASE)
        stack.callback(_close, database)
        database.set_fact("scenario", plan.scenario)
        database.set_fact("started", started.isoformat(timespec="seconds"))
        database.set_fact("settings", settings.model_dump(mode="json", by_alias=True))
        agents = stack.enter_context(Agents())
        outcome = _Outcome()
        place = _place(settings)
        target = _bring_up(settings, place, agents, folder, interrupts, view, stack)
        load = LoadProcess.start(
            LoadSpec(
                host=place.host,
                users=settings.load.users,
                locustfile=settings.load.locustfile,
                paths=settings.load.url,
                rate=settings.load.rate,
            ),
            folder / LOAD_LOG,
        )
        stack.callback(load.stop)
        engine = Engine(Instruments(target, agents, load, database, interrupts, view.update))
        database.set_fact(
            "provenance",
            provenance.gather(
                command=settings.target.command or (f"--pid {settings.target.pid}",),
                cwd=settings.target.cwd or Path.cwd(),
                started=started,
                run=folder.name,
                configuration=settings.model_dump(mode="json", by_alias=True),
                target_python=_target_python(agents),
            ).model_dump(mode="json"),
        )
        outcome.notes += _sight_notes(agents, target, settings)
        _drive(engine, plan, settings, outcome, view, folder)
        outcome.failures = tuple(
            f"{sample.message} ({sample.count:,} times)" for sample in load.failure_samples
        )
        if isinstance(target, Target):
            outcome.log_tail = tuple(target.log_tail())
        _store_outcome(engine, outcome)
    # Everything is down by now. The report is made from what is on disk, as for half a run.
    report = assemble(folder, unstored=engine.events)
    store_report(folder, report)
    return report, folder


def _store_outcome(engine: Engine, outcome: _Outcome) -> None:
    database = engine.instruments.database
    try:
        database.set_fact("notes", outcome.notes)
        database.set_fact("failures", outcome.failures)
        database.set_fact("log_tail", outcome.log_tail)
        database.set_fact("confirmation", TypeAdapter(Confirmation).dump_python(outcome.confirmation, mode="json"))
        database.set_fact("complete", True)
    except StoreError as error:
        _try_note(engine, "store_failed", str(error))


def _close(database: RunDatabase) -> None:
    with suppress(StoreError):  # the report tells of it
        database.close()


@dataclass(frozen=True)
class _Place:
    """Where the target serves."""

    host: str
    port: int

    def fill(self, text: str) -> str:
        return text.replace("{port}", str(self.port))


def _place(settings: Settings) -> _Place:
    port = free_port()
    place = _Place(settings.load.host.replace("{port}", str(port)), port)
    if settings.target.pid is None and is_listening(place.host):
        raise UsageError(
            f"something else already serves at {place.host}, and the load would go there",
            hint="end it, or write {port} in the command and leave --host out",
        )
    return place


def _bring_up(
    settings: Settings,
    place: _Place,
    agents: Agents,
    folder: Path,
    interrupts: Interrupts,
    view: LiveView,
    stack: ExitStack,
) -> TargetProcesses:
    if settings.target.pid is not None:
        if not is_listening(place.host):
            raise NotReadyError(f"nothing serves at {place.host}")
        return WatchedProcess(settings.target.pid)
    environment = dict(os.environ)
    environment.update({k: place.fill(v) for k, v in settings.target.env.items()})
    if settings.check.agent:
        environment.update(agents.environment(environment))
    target = Target(
        LaunchOrder(
            command=[place.fill(word) for word in settings.target.command],
            cwd=(settings.target.cwd or Path.cwd()).absolute(),
            environment=environment,
            log=folder / TARGET_LOG,
        )
    )
    stack.enter_context(target)
    began = time.monotonic()

    def pump() -> None:
        try:
            interrupts.check()
        except RunInterrupted:
            raise KeyboardInterrupt from None
        view.update(Progress(phase="waiting for the target", elapsed=time.monotonic() - began))

    ready = settings.target.ready
    wait_until_ready(
        target,
        readiness(place.fill(ready), place.host, target.log),
        settings.target.ready_timeout,
        place.fill(ready) if ready != "tcp" else f"{place.host} to accept connections",
        pump,
    )
    return target


def _target_python(agents: Agents) -> str:
    return ", ".join(sorted({agent.python for agent in agents.connected().values()}))


def _sight_notes(agents: Agents, target: TargetProcesses, settings: Settings) -> list[str]:
    """Say where the exact ledger is not to be had, and why."""
    present = agents.connected()
    blind = [p for p in target.processes() if p.pid not in present]
    if not settings.check.agent or settings.target.pid is not None:
        return ["measured from outside: resident memory only, so that small leaks stay unseen"]
    if not present:
        return [
            "no agent answered: the target is no CPython from 3.9 on, or it starts Python with "
            "-I, -E or -S, or it clears PYTHONPATH; measured from outside, small leaks stay unseen"
        ]
    notes = []
    for process in blind:
        try:
            notes.append(f"process {process.pid} ({process.name()}) is measured from outside")
        except psutil.Error:
            continue
    return notes


def _drive(
    engine: Engine,
    plan: Plan,
    settings: Settings,
    outcome: _Outcome,
    view: LiveView,
    folder: Path,
) -> None:
    """Drive the segments until the verdict is sure, the time is up, or the run is cut short."""
    try:
        _segments(engine, plan, settings, outcome, folder)
    except RunInterrupted:
        view.line("interrupted: writing the report; once more to stop at once")
        _try_note(engine, "interrupted", "interrupted by the user")
    except RunEnded:
        pass  # the events say why
    except StoreError as error:
        _try_note(engine, "store_failed", str(error))


def _try_note(engine: Engine, kind: str, text: str) -> None:
    with suppress(StoreError):  # the event is in memory
        engine.note(kind, text)


def _segments(
    engine: Engine, plan: Plan, settings: Settings, outcome: _Outcome, folder: Path
) -> None:
    engine.expected_seconds = plan.max_seconds
    engine.hang_seconds = plan.hang_seconds
    rate = engine.calibrate()
    if engine.requests >= LEAST_REQUESTS and engine.failures == engine.requests:
        return
    engine.checkpoint()
    engine.control()
    engine.phase = "measuring"
    requests = max(2 * settings.load.users, round(rate * plan.segment_seconds))
    began = time.monotonic()
    sure = 0
    while True:
        left = plan.max_seconds - (time.monotonic() - began)
        if left <= 0:
            break
        if plan.counted:
            engine.counted_segment(requests, SLOW_SEGMENT * plan.segment_seconds + 5)
        else:
            engine.timed_segment(min(plan.segment_seconds, left))
        engine.checkpoint()
        engine.control()
        now = look(engine.checkpoints)
        engine.lean = _lean(now)
        sure = sure + 1 if _is_sure(now) else 0
        if sure >= SURE_LOOKS and _may_stop(plan, now):
            break
    final = look(engine.checkpoints)
    if plan.attribute or final.leaking:
        outcome.confirmation = confirm(engine, plan, final, requests, folder)


def _is_sure(now: Look) -> bool:
    if now.lean == "clean":
        return now.detectable is not None and now.detectable <= DETECTABLE_GOAL
    return now.lean == "leak"


def _may_stop(plan: Plan, now: Look) -> bool:
    return plan.stop_on_leak if now.lean == "leak" else plan.stop_when_sure


def _lean(now: Look) -> Progress:
    memory = now.memory or now.outside
    return Progress(
        phase="measuring",
        elapsed=0.0,
        growth_bytes_per_request=memory.rate.value if memory else None,
        low=memory.rate.low if memory else None,
        high=memory.rate.high if memory else None,
        lean=now.lean,
        message=memory.reason if memory else "",
    )
