"""Which gauges a soak is judged by, and what the report shows of the others."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from tsprof.analysis.service.gauges import Gauge, Gauges
from tsprof.analysis.service.stability import (
    HITS_MARGIN,
    Quality,
    Worse,
    gauge_quality,
)
from tsprof.records import Segment
from tsprof.report import model
from tsprof.report.model import Criterion

MOST_SHOWN = 20
_OF_THE_RUNTIME = ("process_", "python_", "go_", "jvm_", "nodejs_", "promhttp_")
"""What client libraries add by themselves is shown last: the checkpoints tell it better."""


_OUTCOMES: Mapping[bool | None, Literal["stable", "degraded", "uncertain"]] = {
    True: "stable",
    False: "degraded",
    None: "uncertain",
}


class Watch(NamedTuple):
    """How a gauge is judged."""

    worse: Worse
    margin: float


def gauges_to_judge(
    gauges: Gauges, watched: Mapping[str, Watch]
) -> tuple[tuple[Quality, ...], tuple[Criterion, ...]]:
    """Return the qualities of gauges that a soak is judged by.

    Args:
        gauges: of the run.
        watched: gauges that the user named. Hit rates are judged without being named.

    Returns:
        Qualities, and a criterion that could not be measured for each gauge that should be judged
        and cannot.
    """
    by_name = {g.name: Watch(-1, HITS_MARGIN) for g in gauges.by_name.values() if g.hits}
    for name, watch in watched.items():
        found = gauges.find(name)
        by_name[found.name if found else name] = watch
    qualities, missing = [], []
    for name, watch in by_name.items():
        gauge = gauges.by_name.get(name)
        if gauge is not None and gauge.judgeable:
            qualities.append(gauge_quality(gauge, watch.worse, watch.margin))
            continue
        missing.append(
            Criterion(
                name=f"{name}_drift",
                limit=watch.worse * watch.margin,
                value=None,
                met=None,
                comparison="<" if watch.worse > 0 else ">",
                is_change=True,
                reason=gauges.why_not(name),
            )
        )
    return tuple(qualities), tuple(missing)


def rows(
    gauges: Gauges,
    segments: Sequence[Segment],
    named: Sequence[str],
    stability: Sequence[Criterion],
) -> tuple[model.Gauge, ...]:
    """Return what the report shows of the gauges, the most important first.

    Args:
        gauges: of the run.
        segments: that their values belong to.
        named: names that the user gave.
        stability: criteria of a soak.
    """
    outcomes = {criterion.name: criterion.met for criterion in stability}
    mentioned = {found.name for name in named if (found := gauges.find(name))}

    def rank(gauge: Gauge) -> tuple[bool, bool, bool]:
        metric = gauge.name.rpartition("(")[2]
        return (
            f"{gauge.name}_drift" not in outcomes and gauge.name not in mentioned,
            metric.startswith(_OF_THE_RUNTIME),
            gauge.kind == "level",
        )

    shown = [
        gauge
        for gauge in gauges.by_name.values()
        # Of counters with labels the sum is shown, and the series that the user named.
        if gauge.name in mentioned or gauge.kind in ("share", "level") or "{" not in gauge.name
    ]
    return tuple(_row(gauge, segments, outcomes) for gauge in sorted(shown, key=rank)[:MOST_SHOWN])


def _row(
    gauge: Gauge, segments: Sequence[Segment], outcomes: Mapping[str, bool | None]
) -> model.Gauge:
    quality = gauge_quality(gauge, -1, 1.0)
    change = quality.drift(segments).change
    figures: dict[str, float | None] = {"change": None, "low": None, "high": None}
    if math.isfinite(change.low) and math.isfinite(change.high):
        for name in figures:
            amount = getattr(change, "value" if name == "change" else name)
            if gauge.kind == "share":
                start, end = quality.ends(amount)
                amount = end - start
            figures[name] = amount
    name = f"{gauge.name}_drift"
    known = [value for value in gauge.values if math.isfinite(value)]
    return model.Gauge(
        name=gauge.name,
        source=gauge.source,
        kind=gauge.kind,
        overall=gauge.overall,
        last=known[-1] if known else None,
        outcome=_OUTCOMES[outcomes[name]] if name in outcomes else "not judged",
        remark=gauge.remark,
        **figures,
    )
