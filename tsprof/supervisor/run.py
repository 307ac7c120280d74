"""One run from launch to report."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.config import Settings
from tsprof.errors import NotReadyError, StoreError, TsprofError, UsageError
from tsprof.records import EventKind
from tsprof.report.live import LiveView
from tsprof.report.model import Report
from tsprof.store.reports import assemble, store_report
from tsprof.store.runs import REFERENCE, create_run, discard_run, keep_target_log
from tsprof.store.under_way import under_way
from tsprof.supervisor.alternate import alternate, segment_requests
from tsprof.supervisor.climb import climb
from tsprof.supervisor.confirm import confirm
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.equip import Beginning, equip, open_database
from tsprof.supervisor.flame import flame
from tsprof.supervisor.interrupts import InterruptedEarlyError, RunInterrupted, noticing_interrupts
from tsprof.supervisor.launch import Target, not_ready_after_all
from tsprof.supervisor.measure import measure
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.reference import equip_reference
from tsprof.supervisor.surge import surge

_METHODS: dict[str, Callable[[Engine, Plan], int]] = {
    "flame": flame,
    "spike": surge,
    "stress": climb,
}
"""How scenarios measure that do not keep one load up."""


def run(
    plan: Plan,
    settings: Settings,
    home: Path,
    view: LiveView,
    allowances: Allowances,
    *,
    on_begin: Callable[[Path], object] = lambda _: None,
) -> tuple[Report, Path]:
    """Run a scenario and return its report and the folder of the run.

    Args:
        plan: what the scenario asks for.
        settings: of the run.
        home: where runs are kept.
        view: what shows how far the run is.
        allowances: what was known before the run.
        on_begin: called with the folder of the run once others can follow it there.

    Raises:
        UsageError: the command, the load, the configuration or the place for runs is wrong.
        NotReadyError: the target never served.
        StoreError: what was stored cannot be read.
    """
    started = datetime.now(UTC).astimezone()
    folder = create_run(home, plan.scenario, started)
    with under_way(folder):
        with _no_trace_of_a_run_that_never_began(home, folder), ExitStack() as stack:
            interrupts = stack.enter_context(noticing_interrupts())
            beginning = Beginning(started=started, interrupts=interrupts, view=view, stack=stack)
            database = open_database(plan, settings, folder, allowances, beginning)
            on_begin(folder)
            engine = equip(plan, settings, folder, database, beginning, show=view.update)
            if plan.scenario == "compare":
                reference = equip_reference(plan, settings, folder / REFERENCE, beginning)
                _drive(engine, partial(alternate, reference), plan, view, folder)
                if not interrupts.count:
                    _drive(reference, segment_requests, plan, view, folder / REFERENCE)
                _store_end(reference)
            else:
                _drive(engine, _METHODS.get(plan.scenario, measure), plan, view, folder)
            _store_end(engine)
        # Everything is down by now. The report is made from what is on disk, as for half a run.
        report = assemble(folder, unstored=engine.events)
        store_report(folder, report)
    return report, folder


@contextmanager
def _no_trace_of_a_run_that_never_began(home: Path, folder: Path) -> Iterator[None]:
    """Leave no run behind that was none, so that nothing takes it for the latest."""
    try:
        yield
    except NotReadyError as error:
        if (log := keep_target_log(home, folder)) is not None:
            error.hint += f"; all of its output is in {log}"
        discard_run(folder)
        raise
    except StoreError as error:
        discard_run(folder)
        raise UsageError(str(error), hint=error.hint) from error
    except (TsprofError, InterruptedEarlyError):
        discard_run(folder)
        raise


def _drive(
    engine: Engine,
    method: Callable[[Engine, Plan], int],
    plan: Plan,
    view: LiveView,
    folder: Path,
) -> None:
    """Measure and confirm, until that is done or cut short.

    Args:
        engine: of a target that serves.
        method: measures; returns the number of requests of a segment for what follows, or 0.
        plan: of the run.
        view: where to say that it was cut short.
        folder: of the run.

    Raises:
        NotReadyError: the target exited before it had answered a request.
        UsageError: a tool is missing that the run is there for.
    """
    try:
        requests = method(engine, plan)
        final = look(engine.checkpoints, plan.slowest_fill)
        if engine.checkpoints:
            engine.instruments.database.set_fact("last_judged", engine.checkpoints[-1].number)
        if requests and (plan.attribute or final.leaking or plan.looks_beyond_growth):
            confirmation = confirm(engine, plan, final, requests, folder)
            engine.instruments.database.set_fact(
                "confirmation", TypeAdapter(Confirmation).dump_python(confirmation, mode="json")
            )
    except RunInterrupted:
        view.line("interrupted: writing the report; once more to stop at once")
        _try_note(engine, "interrupted", "interrupted by the user")
    except RunEnded:  # the events say why
        with suppress(StoreError):
            engine.hear_the_load_out()
        target = engine.instruments.target
        if isinstance(target, Target) and (target.exit_status or -1) > 0 and not engine.served:
            raise not_ready_after_all(target) from None
    except StoreError as error:
        _try_note(engine, "store_failed", str(error))


def _try_note(engine: Engine, kind: EventKind, text: str) -> None:
    with suppress(StoreError):  # the event is in memory
        engine.note(kind, text)


def _store_end(engine: Engine) -> None:
    """Store what is known at the end only."""
    tools = engine.instruments
    failures = [f"{s.message} ({s.count:,} times)" for s in tools.load.failure_samples]
    try:
        tools.database.set_fact("failures", failures)
        tools.database.set_fact("load_processes", [asdict(c) for c in engine.totals.costs.values()])
        if isinstance(tools.target, Target):
            tools.database.set_fact("log_tail", tools.target.log_tail())
        tools.database.set_fact("complete", True)
    except StoreError as error:
        _try_note(engine, "store_failed", str(error))
