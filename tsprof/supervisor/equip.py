"""What a run needs for one target: its database, the target under its load, an engine."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.config import Settings
from tsprof.errors import StoreError
from tsprof.report.live import LiveView
from tsprof.report.progress import Progress
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE
from tsprof.supervisor import provenance
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.bring_up import Surroundings, bring_up, find_place
from tsprof.supervisor.development import development_notes
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.gauges import gauge_addresses
from tsprof.supervisor.instruments import Instruments
from tsprof.supervisor.interrupts import Interrupts
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.redirects import redirect_notes
from tsprof.supervisor.sight import sight_notes
from tsprof.supervisor.start_load import start_load
from tsprof.supervisor.temporary_folder import temporary_folder


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What a run has before its target is there."""

    started: datetime
    interrupts: Interrupts
    view: LiveView
    stack: ExitStack
    """Takes everything down at its end."""


def open_database(
    plan: Plan, settings: Settings, folder: Path, allowances: Allowances, beginning: Beginning
) -> RunDatabase:
    """Create the database of a run in its folder, with what is known before it begins.

    Raises:
        StoreError: it cannot be written.
    """
    database = RunDatabase(folder / DATABASE)
    beginning.stack.callback(_close, database)
    database.set_fact("scenario", plan.scenario)
    database.set_fact("slowest_fill", plan.slowest_fill)
    database.set_fact("gauge_limits", dict(plan.gauge_limits))
    database.set_fact("started", beginning.started.isoformat(timespec="seconds"))
    database.set_fact("settings", settings.model_dump(mode="json", by_alias=True))
    database.set_fact(
        "allowances",
        TypeAdapter(Allowances).dump_python(allowances, mode="json", by_alias=True),
    )
    return database


def _close(database: RunDatabase) -> None:
    with suppress(StoreError):  # the report tells of it
        database.close()


def equip(
    plan: Plan,
    settings: Settings,
    folder: Path,
    database: RunDatabase,
    beginning: Beginning,
    *,
    show: Callable[[Progress], None],
) -> Engine:
    """Bring a target up with its load, and return the engine that drives them.

    Args:
        plan: of the run.
        settings: of the run.
        folder: for the logs of target and load.
        database: takes what is known of them.
        beginning: what the run has; its stack takes both down.
        show: shows how far the engine is.

    Raises:
        UsageError: the command, the load or the configuration is wrong.
        NotReadyError: the target never served.
        LoadError: the load could not start.
        InterruptedEarlyError: the user asked before both were there.
    """
    stack = beginning.stack
    agents = stack.enter_context(Agents())
    place = find_place(settings)
    temporary = stack.enter_context(temporary_folder(settings))
    around = Surroundings(agents, folder, beginning.interrupts, beginning.view, temporary, stack)
    target = bring_up(settings, place, around)
    load = start_load(settings, plan, place, around)
    gauges = gauge_addresses(settings, place, plan.gauge_limits)
    again = None if settings.target.pid else partial(bring_up, settings, place, around)
    database.set_fact(
        "notes",
        [
            *load.notes,
            *development_notes(settings.target.command),
            *redirect_notes(place.host, settings.load.url),
            *sight_notes(agents, target, settings),
        ],
    )
    database.set_fact(
        "provenance",
        provenance.gather(
            command=settings.target.command or (f"--pid {settings.target.pid}",),
            cwd=settings.target.cwd or Path.cwd(),
            started=beginning.started,
            run=folder.name,
            configuration=settings.model_dump(mode="json", by_alias=True),
            target_python=", ".join(sorted({a.python for a in agents.interpreters().values()})),
        ).model_dump(mode="json"),
    )
    return Engine(
        Instruments(
            target, agents, load, database, beginning.interrupts, show, gauges, temporary, again
        ),
        expected_seconds=plan.max_seconds,
        hang_seconds=plan.hang_seconds,
    )
