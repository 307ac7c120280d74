"""The report of a stored run, made from what is on disk: a finished run's, or half a one's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tsprof.analysis.assessments import look
from tsprof.analysis.criteria import judge_criteria
from tsprof.analysis.decide import Evidence, decide
from tsprof.analysis.findings import Confirmation
from tsprof.analysis.stability import judge_stability
from tsprof.analysis.summary import Facts, build_report, sum_samples
from tsprof.errors import StoreError
from tsprof.records import Event
from tsprof.report import json_report
from tsprof.report.model import Finding, Provenance, Report
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE, TARGET_LOG, disk_bytes, find_run, tail

_Kind = TypeVar("_Kind")
_Absent = TypeVar("_Absent")


def open_report(home: Path, name: str | None) -> Report:
    """Return the report of a run by name, or of the newest.

    Raises:
        UsageError: there is no such run.
        StoreError: its database cannot be read.
    """
    folder = find_run(home, name)
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        stored = stored_report(database)
    finally:
        database.close()
    return stored or assemble(folder)


def stored_report(database: RunDatabase) -> Report | None:
    """Return the report that a finished run keeps; None for a run that has not finished."""
    return _fact(database, "report", Report, None)


def store_report(folder: Path, report: Report) -> None:
    """Keep a finished run's report; on a full disk, go without (it can be made again)."""
    try:
        database = RunDatabase(folder / DATABASE)
        try:
            database.set_fact("report", json.loads(json_report.render(report)))
        finally:
            database.close()
    except StoreError:
        pass


def assemble(folder: Path, unstored: Sequence[Event] = ()) -> Report:
    """Make the report of a run from its database.

    Args:
        folder: the run's folder.
        unstored: all events of the run, where the disk was too full to take them.
    """
    log = folder / TARGET_LOG
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        checkpoints = database.checkpoints()
        segments = database.segments()
        events = list(unstored) or database.events()
        limits = _fact(database, "settings", _Settings, _Settings()).criteria
        complete = _fact(database, "complete", bool, False)
        confirmation = _fact(database, "confirmation", Confirmation, Confirmation())
        resources = sum_samples(database.samples())
        facts = Facts(
            scenario=_fact(database, "scenario", str, ""),
            checkpoints=checkpoints,
            segments=segments,
            events=events,
            seconds=database.seconds(),
            resources=resources,
            provenance=_fact(database, "provenance", Provenance, Provenance()),
            notes=_fact(database, "notes", tuple[str, ...], ()),
            failure_samples=_fact(database, "failures", tuple[str, ...], ()),
            log_tail=_fact(database, "log_tail", tuple[str, ...], tuple(tail(log, 15))),
            disk_bytes=disk_bytes(folder),
            attribution_seconds=confirmation.seconds,
            complete=complete,
        )
    finally:
        database.close()
    last = confirmation.last_judged
    final = look([c for c in checkpoints if last is None or c.number <= last])
    criteria = judge_criteria(limits, segments, checkpoints, resources.mean_cpu_percent())
    drift: tuple[Finding, ...] = ()
    if facts.scenario == "endurance":
        # The first segment calibrates; those after the last judged one ran under a profiler.
        steady = [s for s in segments if 0 < s.number <= (len(segments) if last is None else last)]
        stability, drift = judge_stability(steady)
        criteria += stability
    decision = decide(
        Evidence(
            look=final,
            segments=segments,
            events=events,
            criteria=criteria,
            drift=drift,
            attribution=confirmation.attribution,
            drain=confirmation.drain,
            culprits=confirmation.culprits,
            complete=complete,
        )
    )
    return build_report(facts, final, decision, criteria, confirmation.attribution)


class _Settings(BaseModel):
    """The part of a run's settings that its report rests on."""

    criteria: dict[str, float] = {}


def _fact(database: RunDatabase, name: str, kind: type[_Kind], absent: _Absent) -> _Kind | _Absent:
    value = database.fact(name)
    if value is None:
        return absent
    try:
        fact: _Kind = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise database.damage(f"the fact {name}", error) from error
    return fact
