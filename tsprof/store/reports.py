"""The report of a stored run, made from what is on disk: a finished run's, or half a one's."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.analysis.run.usage import sum_samples
from tsprof.analysis.service.phases import Outcome, climbed, spiked
from tsprof.analysis.service.segments import undisturbed
from tsprof.analysis.service.speedup import took_turns
from tsprof.analysis.service.turns import Turns, joined, turns_of
from tsprof.errors import StoreError
from tsprof.lines import LineProfile
from tsprof.records import Event, LoadCost, Segment
from tsprof.report import format as fmt
from tsprof.report import json_report
from tsprof.report.model import Provenance, Report
from tsprof.stacks import StackProfile
from tsprof.store.database import RunDatabase
from tsprof.store.judge import judge
from tsprof.store.run_settings import RunSettings
from tsprof.store.runs import (
    DATABASE,
    LOG_LINES,
    REFERENCE,
    TARGET_LOG,
    disk_bytes,
    find_run,
    tail,
)
from tsprof.store.stored_run import StoredRun, processors_of
from tsprof.store.under_way import is_under_way

_Kind = TypeVar("_Kind")
_Absent = TypeVar("_Absent")


class _Phase(BaseModel):
    """What a run does, while it is under way."""

    expected_seconds: float = -1.0
    """Under load, at most; negative where that is not known."""


def open_report(home: Path, name: str | None) -> Report:
    """Return the report of a run by name, or of the newest.

    Raises:
        UsageError: there is no such run.
        StoreError: its database cannot be read.
    """
    folder = find_run(home, name)
    with closing(RunDatabase(folder / DATABASE, read_only=True)) as database:
        stored = stored_report(database)
    return stored or assemble(folder, under_way=is_under_way(folder))


def stored_report(database: RunDatabase) -> Report | None:
    """Return the report that a finished run keeps; None for a run that has not finished."""
    return _fact(database, "report", Report, None)


def store_report(folder: Path, report: Report) -> None:
    """Keep a finished run's report; on a full disk, go without (it can be made again)."""
    with suppress(StoreError), closing(RunDatabase(folder / DATABASE)) as database:
        database.set_fact("report", json.loads(json_report.render(report)))


def window_memory(folder: Path) -> tuple[StackProfile | None, StackProfile | None]:
    """Return what survived a run's attribution window, and what it had at its peak, by call stack.

    None stands for what was not seen: no window was opened, or its profiler tells no peak.

    Raises:
        StoreError: its database cannot be read.
    """
    with closing(RunDatabase(folder / DATABASE, read_only=True)) as database:
        confirmed = _fact(database, "confirmation", Confirmation, Confirmation())
        return confirmed.survivors, confirmed.peak


def line_profile(folder: Path) -> LineProfile | None:
    """Return what a run has seen by line of code; None where it did not look.

    Raises:
        StoreError: its database cannot be read.
    """
    with closing(RunDatabase(folder / DATABASE, read_only=True)) as database:
        return _fact(database, "lines", LineProfile, None)


def assemble(folder: Path, unstored: Sequence[Event] = (), *, under_way: bool = False) -> Report:
    """Make the report of a run from its database.

    Args:
        folder: the run's folder.
        unstored: all events of the run, where the disk was too full to take them.
        under_way: whether it is still being written.

    Raises:
        StoreError: the database cannot be read.
    """
    with closing(RunDatabase(folder / DATABASE, read_only=True)) as database:
        run = _read(database, folder, unstored)
        so_far = _so_far(database, run) if under_way and not run.complete else ""
    return judge(replace(run, so_far=so_far))


def _read(database: RunDatabase, folder: Path, unstored: Sequence[Event]) -> StoredRun:
    scenario = _fact(database, "scenario", str, "")
    provenance = _fact(database, "provenance", Provenance, Provenance())
    confirmation = _fact(database, "confirmation", Confirmation, Confirmation())
    segments = database.segments()
    calm = undisturbed(segments, confirmation.last_judged)
    printed = tuple(tail(folder / TARGET_LOG, LOG_LINES))
    return StoredRun(
        scenario=scenario,
        settings=_fact(database, "settings", RunSettings, RunSettings()),
        provenance=provenance,
        complete=_fact(database, "complete", bool, False),
        checkpoints=database.checkpoints(),
        segments=segments,
        events=list(unstored) or database.events(),
        seconds=database.seconds(),
        usage=sum_samples(database.samples()),
        gauges=database.gauges(),
        windows=database.windows(),
        outcome=_outcome(database, folder, scenario, calm, processors_of(provenance)),
        confirmation=confirmation,
        allowances=_fact(database, "allowances", Allowances, None),
        slowest_fill=_fact(database, "slowest_fill", float, SLOWEST_FILL),
        gauge_limits=_fact(database, "gauge_limits", dict[str, str], {}),
        notes=_fact(database, "notes", tuple[str, ...], ()),
        failure_samples=_fact(database, "failures", tuple[str, ...], ()),
        log_tail=_fact(database, "log_tail", tuple[str, ...], printed),
        load_costs=_fact(database, "load_processes", list[LoadCost], []),
        disk_bytes=disk_bytes(folder),
    )


def _so_far(database: RunDatabase, run: StoredRun) -> str:
    """Tell how far a run is that is under way."""
    seconds = run.seconds[-1]["second"] + 1 if run.seconds else 0
    expected = _fact(database, "phase", _Phase, _Phase()).expected_seconds
    of = f" of {fmt.duration(expected)}" if seconds <= expected else ""
    return f"still running, {fmt.duration(seconds)}{of} so far"


def _outcome(
    database: RunDatabase,
    folder: Path,
    scenario: str,
    segments: Sequence[Segment],
    processors: int | None,
) -> Outcome:
    """Return what the scenario's phases came to; without phases, the segments alone."""
    if scenario == "stress":
        return climbed(database.phases(), segments, database.samples(), processors)
    if scenario == "compare" and (folder / REFERENCE / DATABASE).exists():
        return _compared(folder / REFERENCE, turns_of(database.phases(), segments))
    if scenario == "spike":
        return spiked(database.phases(), segments, database.seconds(), database.checkpoints())
    return Outcome(segments=segments)


def _compared(folder: Path, own: Mapping[str, Turns]) -> Outcome:
    """Return what a comparison with the run in a folder came to."""
    try:
        report = assemble(folder)
        with closing(RunDatabase(folder / DATABASE, read_only=True)) as database:
            theirs = turns_of(database.phases(), database.segments())
    except StoreError as error:
        return Outcome(segments=joined(list(own.values())).segments, obstacle=str(error))
    return took_turns(report, theirs, own)


def _fact(database: RunDatabase, name: str, kind: type[_Kind], absent: _Absent) -> _Kind | _Absent:
    value = database.fact(name)
    if value is None:
        return absent
    try:
        fact: _Kind = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise database.damage(f"the fact {name}", error) from error
    return fact
