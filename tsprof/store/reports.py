"""The report of a stored run, made from what is on disk: a finished run's, or half a one's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from tsprof.analysis.comparison import hot_growth
from tsprof.analysis.comparison.allowances import Allowances
from tsprof.analysis.comparison.regressions import Regressions, find_regressions
from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.analysis.hotspots.hot_paths import hot_paths
from tsprof.analysis.hotspots.picture import decide_picture
from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.analysis.run.summary import Facts, build_report
from tsprof.analysis.run.usage import sum_samples
from tsprof.analysis.service.conditions import Service, conditions, no_room
from tsprof.analysis.service.criteria import criteria_values, judge_criteria, judge_gauges
from tsprof.analysis.service.delivery import assess_delivery, doubted, obstacle_to_speed
from tsprof.analysis.service.gauge_drift import gauges_to_judge, rows
from tsprof.analysis.service.gauges import gauges_of
from tsprof.analysis.service.hints import hints
from tsprof.analysis.service.performance import measure_performance, steady, undisturbed
from tsprof.analysis.service.phases import Outcome, climbed, spiked
from tsprof.analysis.service.speedup import advice_on_speedups, judge_speedups, took_turns
from tsprof.analysis.service.stability import Stability, judge_stability, load_qualities
from tsprof.analysis.service.turns import Turns, joined, turns_of
from tsprof.analysis.verdict.decide import Evidence, decide
from tsprof.analysis.verdict.exhaustion import exhaustion
from tsprof.errors import StoreError
from tsprof.lines import LineProfile
from tsprof.records import Event, LoadCost, Segment
from tsprof.report import json_report
from tsprof.report.model import Criterion, LoadProcessCost, Provenance, Report
from tsprof.stacks import StackProfile
from tsprof.store.database import RunDatabase
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


def window_memory(folder: Path) -> tuple[StackProfile | None, StackProfile | None]:
    """Return what survived a run's attribution window, and what it had at its peak, by call stack.

    None stands for what was not seen: no window was opened, or its profiler tells no peak.

    Raises:
        StoreError: its database cannot be read.
    """
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        confirmed = _fact(database, "confirmation", Confirmation, Confirmation())
        return confirmed.survivors, confirmed.peak
    finally:
        database.close()


def line_profile(folder: Path) -> LineProfile | None:
    """Return what a run has seen by line of code; None where it did not look.

    Raises:
        StoreError: its database cannot be read.
    """
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        return _fact(database, "lines", LineProfile, None)
    finally:
        database.close()


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
        settings = _fact(database, "settings", RunSettings, RunSettings())
        complete = _fact(database, "complete", bool, False)
        slowest_fill = _fact(database, "slowest_fill", float, SLOWEST_FILL)
        confirmation = _fact(database, "confirmation", Confirmation, Confirmation())
        hoped = _fact(database, "gauge_limits", dict[str, str], {})
        allowances = _fact(database, "allowances", Allowances, None)
        usage = sum_samples(database.samples())
        last = confirmation.last_judged
        judged = [c for c in checkpoints if last is None or c.number <= last]
        calm = undisturbed(segments, last)
        readings, seconds = database.gauges(), database.seconds()
        scenario = _fact(database, "scenario", str, "")
        provenance = _fact(database, "provenance", Provenance, Provenance())
        processors = _processors(provenance)
        outcome = _outcome(database, folder, scenario, calm, processors)
        delivery = assess_delivery(steady(outcome.segments))
        facts = Facts(
            scenario=scenario,
            checkpoints=checkpoints,
            segments=segments,
            last_judged=last,
            events=events,
            seconds=seconds,
            usage=usage,
            performance=measure_performance(outcome.segments, judged, seconds, usage),
            speed=outcome.segments,
            delivery=delivery,
            phases=outcome.phases,
            highlights=outcome.highlights,
            gave_way=outcome.gave_way,
            comparison=outcome.comparison,
            hot_paths=hot_paths(database.windows()),
            provenance=provenance,
            notes=_fact(database, "notes", tuple[str, ...], ()),
            failure_samples=_fact(database, "failures", tuple[str, ...], ()),
            log_tail=_fact(
                database, "log_tail", tuple[str, ...], tuple(tail(folder / TARGET_LOG, LOG_LINES))
            ),
            disk_bytes=disk_bytes(folder),
            load_processes=tuple(
                LoadProcessCost(name=cost.name, requests=cost.requests, cpu_s=cost.cpu_seconds)
                for cost in _fact(database, "load_processes", list[LoadCost], [])
            ),
            attribution_seconds=confirmation.seconds,
            complete=complete,
        )
    finally:
        database.close()
    final = look([c for c in judged if c.seconds <= outcome.until], slowest_fill)
    if scenario == "flame":
        picture = decide_picture(facts.hot_paths, segments, events, complete=complete)
        return build_report(facts, final, picture)
    after_first = [segment for segment in calm if segment.number > 0]  # the first calibrates
    gauges = gauges_of(settings.gauges.url, readings, after_first, checkpoints)
    values = criteria_values(outcome.segments, checkpoints, usage.mean_cpu_percent(), processors)
    told_gauges = {
        full: limit for name, limit in hoped.items() if (full := gauges.ending_in(name)) is not None
    }
    limited = judge_criteria(
        settings.judged_by_value(scenario),
        {**values, **outcome.values},
        outcome.untold,
    ) + judge_speedups(settings.limits, outcome.comparison, outcome.obstacle)
    criteria = doubted(limited, delivery) + judge_gauges(settings.comparisons | told_gauges, gauges)
    stability = Stability()
    unseen: tuple[Criterion, ...] = ()
    if facts.scenario == "endurance":
        watched, unseen = gauges_to_judge(gauges, settings.watched)
        stability = judge_stability(
            after_first,
            (*load_qualities(after_first, settings.limits), *watched),
            no_room=obstacle_to_speed(delivery) or no_room(facts.performance),
        )
    told = doubted(stability.criteria, delivery) + unseen
    named = (*settings.comparisons, *told_gauges, *settings.watched)
    facts = replace(facts, gauges=rows(gauges, after_first, named, told))
    regressions = _regressions(facts, allowances, settings.limits)
    ran_out = exhaustion(usage, segments, events, settings.load.users)
    told += regressions.criteria
    decision = decide(
        Evidence(
            look=final,
            segments=calm,
            events=events,
            criteria=criteria,
            delivery=delivery,
            told=told,
            worse=stability.findings
            + regressions.findings
            + (() if "fd" in final.leaking else ran_out),
            unread=gauges.unread if facts.scenario == "endurance" else {},
            incomparable=outcome.obstacle,
            allowances=allowances,
            folder=facts.provenance.folder,
            attribution=confirmation.attribution,
            drain=confirmation.drain,
            count_drains=confirmation.count_drains,
            culprits=confirmation.culprits,
            invalid=confirmation.invalid,
            complete=complete,
            allowed=settings.allowed(facts.scenario),
        )
    )
    advice = (
        decision.advice
        + advice_on_speedups(criteria, outcome.comparison)
        + hints(criteria + told, facts.gauges)
    )
    decision = replace(decision, advice=advice)
    notes = (
        *facts.notes,
        *_untold(delivery.reason, decision.reasons),
        *gauges.notes,
        *stability.notes,
        *regressions.notes,
        *decision.remarks,
    )
    return build_report(
        replace(facts, notes=notes), final, decision, criteria + told, confirmation.attribution
    )


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
        database = RunDatabase(folder / DATABASE, read_only=True)
        try:
            theirs = turns_of(database.phases(), database.segments())
        finally:
            database.close()
    except StoreError as error:
        return Outcome(segments=joined(list(own.values())).segments, obstacle=str(error))
    return took_turns(report, theirs, own)


def _untold(text: str, reasons: Sequence[str]) -> tuple[str, ...]:
    """Return a text that is there and that no reason tells already."""
    return (text,) if text and not any(text in reason for reason in reasons) else ()


def _regressions(
    facts: Facts, allowances: Allowances | None, limits: Mapping[str, float]
) -> Regressions:
    """Compare with the baseline how the target served, and where its CPU time went."""
    baseline = allowances.baseline if allowances else None
    service = Service(
        measures=facts.performance,
        conditions=conditions(facts.scenario, facts.provenance, facts.delivery),
    )
    found = Regressions()
    if baseline is not None:
        found = find_regressions(service, baseline, obstacle_to_speed(facts.delivery))
    if hot_growth.NAME not in limits:
        return found
    grown = hot_growth.hot_growth(
        limits[hot_growth.NAME], service, facts.hot_paths, facts.provenance.folder, baseline
    )
    return found.and_also(grown)


def _processors(provenance: Provenance) -> int | None:
    cores = provenance.machine.get("cores", "")
    return int(cores) if cores.isdecimal() else None


def _fact(database: RunDatabase, name: str, kind: type[_Kind], absent: _Absent) -> _Kind | _Absent:
    value = database.fact(name)
    if value is None:
        return absent
    try:
        fact: _Kind = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise database.damage(f"the fact {name}", error) from error
    return fact
