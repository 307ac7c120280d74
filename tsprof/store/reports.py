"""The report of a stored run, made from what is on disk: a finished run's, or half a one's."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from tsprof.analysis.assessments import look
from tsprof.analysis.criteria import judge_criteria
from tsprof.analysis.decide import Evidence, decide
from tsprof.analysis.findings import Confirmation
from tsprof.analysis.summary import Facts, build_report, sum_samples
from tsprof.errors import StoreError
from tsprof.records import Event
from tsprof.report.model import Provenance, Report
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE, TARGET_LOG, disk_bytes, find_run, tail


def open_report(home: Path, name: str | None) -> Report:
    """Return the report of a run by name, or of the newest.

    Raises:
        UsageError: there is no such run.
        StoreError: its database cannot be read.
    """
    folder = find_run(home, name)
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        stored = database.fact("report")
    finally:
        database.close()
    return Report.model_validate(stored) if stored else assemble(folder)


def store_report(folder: Path, report: Report) -> None:
    """Keep a finished run's report; on a full disk, go without (it can be made again)."""
    try:
        database = RunDatabase(folder / DATABASE)
        try:
            database.set_fact("report", report.model_dump(mode="json", by_alias=True))
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
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        checkpoints = database.checkpoints()
        segments = database.segments()
        events = list(unstored) or database.events()
        settings = database.fact("settings") or {}
        complete = bool(database.fact("complete"))
        confirmation = TypeAdapter(Confirmation).validate_python(
            database.fact("confirmation") or {}
        )
        resources = sum_samples(database.samples())
        facts = Facts(
            scenario=database.fact("scenario") or "",
            checkpoints=checkpoints,
            segments=segments,
            events=events,
            seconds=database.seconds(),
            resources=resources,
            provenance=Provenance.model_validate(database.fact("provenance") or {}),
            notes=tuple(database.fact("notes") or ()),
            failure_samples=tuple(database.fact("failures") or ()),
            log_tail=tuple(database.fact("log_tail") or tail(folder / TARGET_LOG, 15)),
            disk_bytes=disk_bytes(folder),
            attribution_seconds=confirmation.seconds,
            complete=complete,
        )
    finally:
        database.close()
    last = confirmation.last_judged
    final = look([c for c in checkpoints if last is None or c.number <= last])
    criteria = judge_criteria(
        settings.get("criteria") or {}, segments, checkpoints, resources.mean_cpu_percent()
    )
    decision = decide(
        Evidence(
            look=final,
            segments=segments,
            events=events,
            criteria=criteria,
            attribution=confirmation.attribution,
            drain=confirmation.drain,
            complete=complete,
        )
    )
    return build_report(facts, final, decision, criteria, confirmation.attribution)
