"""From what a run has stored to its report, without a look at anything else."""

from collections.abc import Sequence
from dataclasses import replace

from tsprof.analysis.comparison import hot_growth
from tsprof.analysis.comparison.regressions import Regressions, find_regressions
from tsprof.analysis.hotspots.hot_paths import hot_paths
from tsprof.analysis.hotspots.picture import decide_picture
from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.summary import Facts, build_report
from tsprof.analysis.service.conditions import Service, conditions, no_room
from tsprof.analysis.service.criteria import criteria_values, judge_criteria, judge_gauges
from tsprof.analysis.service.delivery import (
    REACH_FURTHER,
    assess_delivery,
    doubted,
    obstacle_to_speed,
    unreached,
)
from tsprof.analysis.service.gauge_drift import gauges_to_judge, rows
from tsprof.analysis.service.gauges import Gauges, gauges_of
from tsprof.analysis.service.hints import hints
from tsprof.analysis.service.performance import measure_performance
from tsprof.analysis.service.segments import after_first, steady, undisturbed
from tsprof.analysis.service.speedup import advice_on_speedups, judge_speedups
from tsprof.analysis.service.stability import Stability, judge_stability, load_qualities
from tsprof.analysis.verdict.blind_spots import unsure_of_kept_memory
from tsprof.analysis.verdict.decide import Evidence, decide
from tsprof.analysis.verdict.exhaustion import exhaustion
from tsprof.records import Segment
from tsprof.report.model import Criterion, Report
from tsprof.store.stored_run import StoredRun


def judge(run: StoredRun) -> Report:
    """Judge a run, and return its report."""
    facts = _facts(run)
    final = look([c for c in run.judged if c.seconds <= run.outcome.until], run.slowest_fill)
    if run.scenario == "flame":
        picture = decide_picture(
            facts.hot_paths, run.segments, run.events, complete=run.complete, so_far=run.so_far
        )
        return build_report(facts, final, picture)
    calm = undisturbed(run.segments, run.confirmation.last_judged)
    warm = after_first(calm)
    gauges = gauges_of(run.settings.gauges.url, run.gauges, warm, run.checkpoints)
    gauge_limits = gauges.told(run.gauge_limits)
    criteria = unsure_of_kept_memory(_criteria(run, facts, gauges, gauge_limits), final)
    stability, drifts = _stability(run, facts, gauges, warm)
    named = (*run.settings.comparisons, *gauge_limits, *run.settings.watched)
    facts = replace(facts, gauges=rows(gauges, warm, named, drifts))
    regressions = _regressions(run, facts)
    told = drifts + regressions.criteria
    ran_out = exhaustion(run.usage, run.segments, run.events, run.settings.load.users)
    decision = decide(
        Evidence(
            look=final,
            segments=calm,
            failures=run.failure_samples,
            events=run.events,
            criteria=criteria,
            delivery=facts.delivery,
            told=told,
            worse=stability.findings
            + regressions.findings
            + (() if "fd" in final.leaking else ran_out),
            unread=gauges.unread if run.scenario == "endurance" else {},
            incomparable=run.outcome.obstacle,
            allowances=run.allowances,
            folder=run.provenance.folder,
            confirmation=run.confirmation,
            complete=run.complete,
            so_far=run.so_far,
            allowed=run.settings.allowed(run.scenario),
        )
    )
    advice = (
        *decision.advice,
        *advice_on_speedups(criteria, run.outcome.comparison),
        *hints(criteria + told, facts.gauges),
        *((REACH_FURTHER,) if run.outcome.held_back else ()),
    )
    notes = (
        *facts.notes,
        *_untold(facts.delivery.reason, decision.reasons),
        *gauges.notes,
        *stability.notes,
        *regressions.notes,
        *decision.remarks,
    )
    return build_report(
        replace(facts, notes=notes), final, replace(decision, advice=advice), criteria + told
    )


def _facts(run: StoredRun) -> Facts:
    outcome = run.outcome
    performance = measure_performance(outcome.segments, run.judged, run.seconds, run.usage)
    return Facts(
        scenario=run.scenario,
        checkpoints=run.checkpoints,
        segments=run.segments,
        events=run.events,
        outcome=outcome,
        confirmation=run.confirmation,
        seconds=run.seconds,
        usage=run.usage,
        performance=performance,
        delivery=assess_delivery(steady(outcome.segments)),
        hot_paths=hot_paths(run.windows, no_room(performance)),
        heaps=run.confirmation.heaps,
        provenance=run.provenance,
        notes=run.notes,
        failure_samples=run.failure_samples,
        log_tail=run.log_tail,
        disk_bytes=run.disk_bytes,
        load_costs=run.load_costs,
        complete=run.complete,
    )


def _criteria(
    run: StoredRun, facts: Facts, gauges: Gauges, gauge_limits: dict[str, str]
) -> tuple[Criterion, ...]:
    """Hold the run to its limits on values, on speed beside a reference, and on gauges."""
    outcome, settings = run.outcome, run.settings
    values = criteria_values(
        outcome.segments, run.checkpoints, run.usage.mean_cpu_percent(), run.processors
    )
    limited = judge_criteria(
        settings.judged_by_value(run.scenario), {**values, **outcome.values}, outcome.untold
    )
    speedups = judge_speedups(settings.limits, outcome.comparison, outcome.obstacle)
    own = judge_gauges(settings.comparisons | gauge_limits, gauges)
    reached = unreached(limited, outcome.held_back)
    return doubted(reached + speedups, facts.delivery) + own


def _stability(
    run: StoredRun, facts: Facts, gauges: Gauges, segments: Sequence[Segment]
) -> tuple[Stability, tuple[Criterion, ...]]:
    """Judge what drifts over a soak, and return the limits on that as well."""
    if run.scenario != "endurance":
        return Stability(), ()
    watched, unseen = gauges_to_judge(gauges, run.settings.watched)
    cpu_ms = {measure.name: measure.value for measure in facts.performance}.get("cpu_ms")
    stability = judge_stability(
        segments,
        (*load_qualities(segments, run.settings.limits, cpu_ms=cpu_ms), *watched),
        no_room=obstacle_to_speed(facts.delivery) or no_room(facts.performance),
    )
    return stability, doubted(stability.criteria, facts.delivery) + unseen


def _regressions(run: StoredRun, facts: Facts) -> Regressions:
    """Compare with the baseline how the target served, and where its CPU time went."""
    baseline = run.allowances.baseline if run.allowances else None
    service = Service(
        measures=facts.performance,
        conditions=conditions(run.scenario, run.provenance, facts.delivery),
    )
    found = Regressions()
    if baseline is not None:
        found = find_regressions(service, baseline, obstacle_to_speed(facts.delivery))
    limits = run.settings.limits
    if hot_growth.NAME not in limits:
        return found
    grown = hot_growth.hot_growth(
        limits[hot_growth.NAME], service, facts.hot_paths, run.provenance.folder, baseline
    )
    return found.and_also(grown)


def _untold(text: str, reasons: Sequence[str]) -> tuple[str, ...]:
    """Return a text that is there and that no reason tells already."""
    return (text,) if text and not any(text in reason for reason in reasons) else ()
