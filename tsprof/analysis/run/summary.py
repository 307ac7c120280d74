"""From a run's facts to its report: the same for a finished run and for half a one."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.confirmation import Attribution, Confirmation
from tsprof.analysis.run.ledger import growth_rows
from tsprof.analysis.run.timeline import memory_points, seconds_of_load
from tsprof.analysis.run.usage import Usage
from tsprof.analysis.service.performance import PERCENTILES
from tsprof.analysis.service.phases import Outcome
from tsprof.analysis.service.segments import (
    latency_of,
    requests_per_second,
    steady,
    undisturbed,
)
from tsprof.analysis.verdict.decide import Decision
from tsprof.exit_codes import ExitCode
from tsprof.histogram import Histogram, from_counts
from tsprof.records import Checkpoint, Event, LoadCost, Segment
from tsprof.report import format as fmt
from tsprof.report.model import (
    Cost,
    Criterion,
    Delivery,
    Endpoint,
    Gauge,
    Growth,
    HeapHistory,
    HotPaths,
    Latency,
    LedgerRow,
    LoadProcessCost,
    Measure,
    Percentiles,
    ProcessReport,
    Provenance,
    Report,
    Verdict,
)

NOTES = ("note", "worker_lost")
ENDED_NAMED = 3
"""Processes that are told of one by one when they end; a server may fork for each connection."""
CUT_SHORT = ("target_ended", "target_hung", "load_lost", "store_failed")
"""Events after which a run does not go on."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the store holds of a run, and what was measured of it."""

    scenario: str
    checkpoints: Sequence[Checkpoint]
    segments: Sequence[Segment]
    events: Sequence[Event]
    outcome: Outcome
    """What the scenario's phases came to."""
    confirmation: Confirmation = field(default_factory=Confirmation)
    performance: tuple[Measure, ...] = ()
    delivery: Delivery = field(default_factory=Delivery)
    seconds: Sequence[Mapping[str, Any]] = ()
    usage: Usage = field(default_factory=Usage)
    provenance: Provenance = field(default_factory=Provenance)
    notes: tuple[str, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    hot_paths: HotPaths | None = None
    heaps: tuple[HeapHistory, ...] = ()
    failure_samples: tuple[str, ...] = ()
    log_tail: tuple[str, ...] = ()
    disk_bytes: int = 0
    load_costs: Sequence[LoadCost] = ()
    complete: bool = True


def build_report(
    facts: Facts, look: Look, decision: Decision, criteria: Sequence[Criterion] = ()
) -> Report:
    """Put a run's facts and its verdict into a report."""
    outcome, confirmation, usage = facts.outcome, facts.confirmation, facts.usage
    calm = undisturbed(facts.segments, confirmation.last_judged)
    rate = requests_per_second(calm)
    requests, failures = _counts(facts)
    pauses = sorted(
        max((r.pause for r in c.processes), default=0.0) * 1000 for c in facts.checkpoints
    )
    return Report(
        schema=1,
        scenario=facts.scenario,
        verdict=decision.verdict,
        exit_code=_exit_code(decision),
        reasons=decision.reasons,
        advice=decision.advice,
        complete=facts.complete
        and not decision.interrupted
        and not any(event.kind in CUT_SHORT for event in facts.events),
        requests=requests,
        failures=failures,
        failure_samples=facts.failure_samples,
        seconds=max(
            (facts.checkpoints[-1].seconds if facts.checkpoints else 0.0),
            (facts.events[-1].seconds if facts.events else 0.0),
            sum(segment.seconds for segment in facts.segments),
        ),
        growth=growth_of(look, rate),
        ledger=ledger_of(look, confirmation.attribution),
        findings=decision.findings,
        criteria=tuple(criteria),
        gauges=facts.gauges,
        phases=outcome.phases,
        highlights=outcome.highlights,
        gave_way=outcome.gave_way,
        comparison=outcome.comparison,
        hot_paths=facts.hot_paths,
        heaps=facts.heaps,
        processes=_processes(look, facts),
        latency=_latency(steady(outcome.segments), requests_per_second(outcome.segments)),
        delivery=facts.delivery,
        performance=facts.performance,
        endpoints=_endpoints(facts.segments, steady(calm)),
        cost=Cost(
            checkpoint_ms=pauses[len(pauses) // 2] if pauses else 0.0,
            checkpoints=len(facts.checkpoints),
            supervisor_cpu_s=usage.total_cpu["supervisor"],
            load_cpu_s=usage.total_cpu["load"],
            load_processes=tuple(
                LoadProcessCost(name=cost.name, requests=cost.requests, cpu_s=cost.cpu_seconds)
                for cost in facts.load_costs
            ),
            supervisor_peak_rss=usage.peak["supervisor"],
            load_peak_rss=usage.peak["load"],
            disk_bytes=facts.disk_bytes,
            attribution_seconds=confirmation.seconds,
        ),
        notes=facts.notes + _notes(facts.events),
        provenance=facts.provenance,
        memory=memory_points(look, facts.checkpoints),
        timeline=seconds_of_load(facts.seconds, usage),
        target_log_tail=facts.log_tail,
    )


def _counts(facts: Facts) -> tuple[int, int]:
    """Requests and failures: by segment or, where the last was cut short, what each second told.

    What a target failed that a profiler's window had killed is not its own.
    """
    counts = [[(s.requests, s.failures) for s in facts.segments]]
    if any(event.kind in CUT_SHORT for event in facts.events):
        counts.append([(row["requests"], row["failures"]) for row in facts.seconds])
    return max((sum(r for r, _ in rows), sum(f for _, f in rows)) for rows in counts)


def _exit_code(decision: Decision) -> int:
    if decision.interrupted:
        return int(ExitCode.INTERRUPTED)
    return int(
        {
            Verdict.PASS: ExitCode.PASS,
            Verdict.FAIL: ExitCode.FAIL,
            Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        }[decision.verdict]
    )


def _notes(events: Sequence[Event]) -> tuple[str, ...]:
    proven = Counter(event.text for event in events if event.kind == "control_passed")
    counts = {text: fmt.count(times, "process", "processes") for text, times in proven.items()}
    return (
        *(f"{text} of {processes}" for text, processes in counts.items()),
        *(event.text for event in events if event.kind in NOTES),
        *_ended([event.text for event in events if event.kind == "process_ended"]),
    )


def _ended(texts: Sequence[str]) -> Sequence[str]:
    if len(texts) <= ENDED_NAMED:
        return texts
    return [f"{texts[0]}, and so did {len(texts) - 1:,} more processes of the target"]


def growth_of(look: Look, throughput: float) -> Growth:
    """Return the growth of live memory, or of what can be seen of it from outside.

    Args:
        look: at the run.
        throughput: requests per second, from which follows what it comes to in an hour.
    """
    judged = look.memory or look.outside
    if judged is None or not look.view.checkpoints:
        return Growth()
    points = look.view.checkpoints
    rate = judged.rate
    if not judged.is_measured:
        return Growth(shape=judged.shape.value)
    return Growth(
        bytes_per_request=rate.value,
        low=rate.low,
        high=rate.high,
        bytes_per_hour=rate.value * throughput * 3600,
        detectable_bytes_per_request=look.detectable,
        shape=judged.shape.value,
        from_request=points[judged.first].requests,
        to_request=points[judged.last].requests,
    )


def ledger_of(look: Look, attribution: Attribution | None = None) -> tuple[LedgerRow, ...]:
    """Return the growth by owner between the checkpoints on which the verdict rests."""
    window = look.judged_between
    if window is None:
        return ()
    first, last = window
    return growth_rows(
        look.view.readings(first),
        look.view.readings(last),
        last.requests - first.requests,
        container_bytes_per_request=(
            attribution.container_bytes_per_request if attribution else 0.0
        ),
    )


def _processes(look: Look, facts: Facts) -> tuple[ProcessReport, ...]:
    """Return all processes that were ever seen, each as it was seen last."""
    seen = {r.identity: r for checkpoint in facts.checkpoints for r in checkpoint.processes}
    last = facts.checkpoints[-1].processes if facts.checkpoints else ()
    living = {reading.identity for reading in last}
    return tuple(
        ProcessReport(
            pid=reading.pid,
            command=reading.command,
            **_own_growth(look, identity),
            own_memory=facts.usage.own_memory.get(reading.pid),
            sockets=dict(facts.usage.sockets.get(reading.pid, {})),
            ended="" if identity in living else "ended during the run",
            source=reading.source,
        )
        for identity, reading in seen.items()
    )


class _OwnGrowth(TypedDict, total=False):
    ledger: tuple[LedgerRow, ...]
    bytes_per_request: float


def _own_growth(look: Look, identity: tuple[int, float]) -> _OwnGrowth:
    """Return the growth of one process; nothing where it was not there throughout."""
    if look.judged_between is None:
        return {}
    first, last = look.judged_between
    before = [reading for reading in first.processes if reading.identity == identity]
    after = [reading for reading in last.processes if reading.identity == identity]
    if not (before and after):
        return {}
    requests = last.requests - first.requests
    grown = after[0].anonymous - before[0].anonymous
    if before[0].live is not None and after[0].live is not None:
        grown = after[0].live - before[0].live
    return {
        "ledger": growth_rows(before, after, requests),
        "bytes_per_request": grown / max(requests, 1),
    }


def _endpoints(segments: Sequence[Segment], judged: Sequence[Segment]) -> tuple[Endpoint, ...]:
    """Return each endpoint's part of the load, with its latency in the segments that are judged."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    latency: dict[tuple[str, str], Histogram] = defaultdict(Histogram)
    for segment in segments:
        for method, name, requests, failures, _ in segment.endpoints:
            counts[method, name][0] += requests
            counts[method, name][1] += failures
    for segment in judged:
        for method, name, _, _, histogram in segment.endpoints:
            latency[method, name].merge(from_counts(histogram))
    rows = [
        Endpoint(
            method=method,
            name=name,
            requests=requests,
            failures=failures,
            p50_ms=latency[method, name].percentile(50),
            p99_ms=latency[method, name].percentile(99),
        )
        for (method, name), (requests, failures) in counts.items()
    ]
    return tuple(sorted(rows, key=lambda row: -row.requests))


def _latency(segments: Sequence[Segment], throughput: float) -> Latency:
    sent = Histogram()
    for segment in segments:
        sent.merge(segment.latency_sent or Histogram())
    scheduled = any(segment.arrivals for segment in segments)
    return Latency(
        **_percentiles(latency_of(segments)),
        requests_per_second=throughput,
        counted_from="due" if scheduled else "sent",
        sent=Percentiles(**_percentiles(sent)) if scheduled else None,
    )


def _percentiles(latency: Histogram) -> dict[str, Any]:
    figures: dict[str, Any] = {n: latency.percentile(p) for n, p in PERCENTILES.items()}
    return figures | {"max_ms": latency.max_ms if latency.count else None}
