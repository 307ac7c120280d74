"""Where a run under way stands, in the four blocks of a dashboard."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tsprof.analysis.run.summary import growth_of, ledger_of
from tsprof.analysis.service.gauges import Gauge
from tsprof.analysis.service.segments import requests_per_second
from tsprof.histogram import Histogram
from tsprof.monitor.watch import Judged
from tsprof.records import FailureKind
from tsprof.report.standing import Block, Row, Standing, Unit
from tsprof.store.follow import RECENT_SECONDS, RunSoFar

ESSENTIAL = ("requests/s", "p99", "memory", "failed")
"""What a leak check shows beside what it was given limits for."""
_CACHE = re.compile(r"hit_?rate|hit_?ratio|evict|cache")
_ERRORS = re.compile(r"error|fail|timeout")
_EVICTIONS = re.compile(r"evict")
_CACHE_SIZE = re.compile(r"cache\w*(size|entries|items)|(size|entries|items)\w*cache")
_CAPACITY = re.compile(r"max|capacity|limit")
_FAILURES: Mapping[FailureKind, str] = {
    "4xx": "4xx", "5xx": "5xx", "timeout": "timeouts", "other": "other",
}  # fmt: skip


def standing(run: RunSoFar, judged: Judged) -> Standing:
    """Return where a run stands, with the four blocks of a dashboard as far as they are known."""
    blocks: tuple[Block, ...] = (
        Block(title="Performance", rows=tuple(_performance(run, judged))),
        Block(title="Cache", rows=tuple(_cache(judged))),
        Block(title="Resources", rows=tuple(_resources(run, judged))),
        Block(title="Errors", rows=tuple(_errors(run, judged))),
    )
    if run.scenario == "check":
        blocks = tuple(replace(block, rows=_essential(block.rows)) for block in blocks)
    blocks = tuple(replace(block, rows=_known(block.rows)) for block in blocks)
    shown = {row.criterion.name for block in blocks for row in block.rows if row.criterion}
    return Standing(
        blocks=tuple(block for block in blocks if block.rows),
        growth=growth_of(judged.look, requests_per_second(judged.segments)),
        ledger=ledger_of(judged.look),
        lean=judged.look.lean,
        leaking=tuple(judged.look.leaking),
        untold=tuple(name for name in run.settings.criteria if name not in shown),
    )


def _known(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.now is not None or row.whole is not None)


def _essential(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.criterion or row.label in ESSENTIAL)


def _performance(run: RunSoFar, judged: Judged) -> Iterator[Row]:
    points, step = run.timeline.points, run.timeline.step
    latency = Histogram()
    for second in run.recent_seconds():
        latency.merge(Histogram(second.latency, second.max_ms))
    yield _row(
        judged,
        "requests_per_second",
        label="requests/s",
        unit="number",
        now=_each_second(run, sum(second.requests for second in run.recent_seconds())),
        history=tuple(point.requests / step for point in points),
    )
    histories = {
        50: tuple(point.p50_ms for point in points),
        95: tuple(point.p95_ms for point in points),
        99: tuple(point.p99_ms for point in points),
    }
    for percent, history in histories.items():
        yield _row(
            judged,
            f"p{percent}_ms",
            label=f"p{percent}",
            unit="ms",
            now=latency.percentile(percent),
            history=history,
        )


def _each_second(run: RunSoFar, amount: float) -> float | None:
    """Return an amount of the last seconds as one of each; None before there was any."""
    seconds = min(RECENT_SECONDS, run.elapsed)
    return amount / seconds if seconds and run.timeline.points else None


def _cache(judged: Judged) -> Iterator[Row]:
    """Yield the hit rates that are held to something, or the first, and the size and evictions."""
    gauges = list(judged.gauges.by_name.values())
    own = list(_held(judged, _CACHE))
    hits = [gauge for gauge in gauges if gauge.hits]
    if not any(gauge.hits for gauge in own):
        own = hits[:1] + own
    one = sum(gauge.hits for gauge in own) == 1
    for gauge in own:
        yield _gauge_row(judged, gauge, "hit rate" if gauge.hits and one else "")
    levels = (g for g in gauges if g.kind == "level" and _CACHE_SIZE.search(g.name.lower()))
    sizes = [gauge for gauge in levels if not _CAPACITY.search(gauge.name.lower())]
    yield from (_gauge_row(judged, gauge, "size") for gauge in sizes[:1] if gauge not in own)
    rates = [g for g in gauges if g.kind == "rate" and _EVICTIONS.search(g.name.lower())]
    for gauge in rates[:1]:
        if gauge not in own:
            yield _per_second_row(judged, gauge)


def _resources(run: RunSoFar, judged: Judged) -> Iterator[Row]:
    points, used = run.timeline.points, run.recent_cpu()
    yield _row(
        judged,
        "cpu_percent",
        label="CPU",
        unit="percent",
        now=100 * used["target"] if "target" in used else None,
        history=tuple(point.cpu_percent for point in points),
    )
    if "machine_cpu_percent" in judged.criteria and run.processors and used:
        # A climb looks at all that uses the machine: it searches where that gives way.
        busy = sum(used.values()) if run.scenario == "stress" else used.get("target", 0.0)
        yield _row(
            judged,
            "machine_cpu_percent",
            label="all CPUs",
            unit="percent",
            now=100 * busy / run.processors,
        )
    target = [sample for sample in run.samples if sample.role == "target"]
    yield _row(
        judged,
        "memory",
        label="memory",
        unit="bytes",
        now=float(sum(sample.rss for sample in target)) if target else None,
        history=tuple(float(point.rss_bytes) or None for point in points),
    )
    counted = [run.usage.sockets.get(sample.pid, {}) for sample in target]
    connections = sum(states.get("established", 0) for states in counted)
    if connections:  # they are counted now and then, and first before there is load
        yield Row(label="connections", unit="number", now=float(connections))
    for gauge in _held(judged, None):
        yield _gauge_row(judged, gauge)


def _errors(run: RunSoFar, judged: Judged) -> Iterator[Row]:
    requests = sum(second.requests for second in run.recent_seconds())
    failures = sum(second.failures for second in run.recent_seconds())
    yield _row(
        judged,
        "error_rate",
        label="failed",
        unit="share",
        now=failures / requests if requests else None,
        history=tuple(p.failures / p.requests if p.requests else None for p in run.timeline.points),
    )
    for kind, label in _FAILURES.items():
        total = run.failure_kinds[kind]
        if run.requests and (total or kind != "other"):
            recent = sum(second.failure_kinds.get(kind, 0) for second in run.recent_seconds())
            yield Row(label=label, unit="number", now=float(recent), whole=float(total))
    for gauge in _held(judged, _ERRORS):
        yield _gauge_row(judged, gauge)


def _held(judged: Judged, pattern: re.Pattern[str] | None) -> Iterator[Gauge]:
    """Yield the target's own gauges that are held to something, of one block.

    Args:
        judged: has the criteria.
        pattern: what the block's names are like; None for those that are of no other block.
    """
    for name in judged.criteria:
        gauge = judged.gauges.find(name)
        if gauge is None:
            continue
        lower = gauge.name.lower()
        kinds = (p for p in (_CACHE, _ERRORS) if p.search(lower))
        if next(kinds, None) is pattern:
            yield gauge


def _row(
    judged: Judged,
    name: str,
    *,
    label: str,
    unit: Unit,
    now: float | None,
    history: tuple[float | None, ...] = (),
) -> Row:
    """Return the row of something that every run measures, by its name as a criterion."""
    criterion = judged.criteria.get(name)
    whole = judged.values.get(name)
    return Row(label=label, unit=unit, now=now, history=history, whole=whole, criterion=criterion)


def _gauge_row(judged: Judged, gauge: Gauge, label: str = "") -> Row:
    known = [value for value in gauge.values if math.isfinite(value)]
    named = (c for name, c in judged.criteria.items() if judged.gauges.find(name) is gauge)
    return Row(
        label=label or gauge.name,
        unit="share" if gauge.kind == "share" else "number",
        now=known[-1] if known else None,
        history=tuple(value if math.isfinite(value) else None for value in gauge.values),
        whole=None if gauge.kind == "level" else gauge.overall,
        criterion=next(named, None),
    )


def _per_second_row(judged: Judged, gauge: Gauge) -> Row:
    """Return a counter's growth, known per request and segment, per second."""
    each = [
        value * segment.requests / segment.seconds
        if math.isfinite(value) and segment.seconds > 0
        else None
        for value, segment in zip(gauge.values, judged.segments, strict=True)
    ]
    known = [value for value in each if value is not None]
    throughput = requests_per_second(judged.segments)
    return Row(
        label="evictions/s",
        unit="number",
        now=known[-1] if known else None,
        history=tuple(each),
        whole=None if gauge.overall is None else gauge.overall * throughput,
    )
