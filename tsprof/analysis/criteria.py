"""Criteria: limits by name, and whether a run kept them."""

import operator
from collections.abc import Callable, Mapping, Sequence

from tsprof.analysis.gauges import Gauges
from tsprof.analysis.performance import PERCENTILES, steady
from tsprof.config.values import Comparison, comparison
from tsprof.histogram import Histogram
from tsprof.records import Checkpoint, Segment
from tsprof.report.model import Criterion

AT_LEAST = ("requests_per_second",)
"""Criteria whose value must be above the limit; all others must stay below."""
_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def judge_criteria(
    limits: Mapping[str, float],
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
    cpu_percent: float | None,
) -> tuple[Criterion, ...]:
    """Compare what was measured with the limits.

    Args:
        limits: by name: p50_ms, p95_ms, p99_ms (milliseconds), error_rate (0 to 1),
            requests_per_second, cpu_percent (of one core), memory (bytes of resident memory).
        segments: of the whole run.
        checkpoints: of the whole run.
        cpu_percent: mean over the run, or None.

    Returns:
        One criterion per limit; one that could not be measured has ``met`` None.
    """
    values = _measure(segments, checkpoints, cpu_percent)
    criteria = []
    for name, limit in limits.items():
        value = values.get(name)
        more = name in AT_LEAST
        met = None if value is None else (value > limit if more else value < limit)
        criteria.append(
            Criterion(name=name, limit=limit, value=value, met=met, comparison=">" if more else "<")
        )
    return tuple(criteria)


def judge_gauges(limits: Mapping[str, str], gauges: Gauges) -> tuple[Criterion, ...]:
    """Compare the target's own gauges with limits.

    Args:
        limits: a comparison, such as ``> 0.8``, by the name of a gauge.
        gauges: of the run.

    Returns:
        One criterion per limit; a gauge that was not seen, or too seldom, has ``met`` None.
    """
    criteria = []
    for name, text in limits.items():
        sign, limit = comparison(text)
        gauge = gauges.find(name)
        value = gauge.overall if gauge is not None and gauge.judgeable else None
        criteria.append(
            Criterion(
                name=name,
                limit=limit,
                value=value,
                met=None if value is None else _COMPARE[sign](value, limit),
                comparison=sign,
                reason=gauges.why_not(name) if value is None else "",
            )
        )
    return tuple(criteria)


def _measure(
    segments: Sequence[Segment], checkpoints: Sequence[Checkpoint], cpu_percent: float | None
) -> dict[str, float | None]:
    requests = sum(segment.requests for segment in segments)
    failures = sum(segment.failures for segment in segments)
    busy = sum(segment.seconds for segment in segments)
    measured: dict[str, float | None] = {
        name: percentile_of(segments, percent) for name, percent in PERCENTILES.items()
    }
    measured["error_rate"] = failures / requests if requests else None
    measured["requests_per_second"] = requests / busy if busy > 0 else None
    measured["cpu_percent"] = cpu_percent
    measured["memory"] = max(
        (float(sum(r.rss for r in c.processes)) for c in checkpoints if c.processes), default=None
    )
    return measured


def percentile_of(segments: Sequence[Segment], percent: float) -> float | None:
    """Return a percentile of latency over the segments after the one that calibrates."""
    latency = Histogram()
    for segment in steady(segments):
        latency.merge(Histogram(dict(segment.latency), segment.latency_max_ms))
    return latency.percentile(percent)
