"""Stability of a soak: did latency, throughput or errors drift from its start to its end?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tsprof.analysis.drift import Drift, DriftState, Transform, assess_drift
from tsprof.histogram import Histogram
from tsprof.records import Segment
from tsprof.report.model import Criterion, Finding, Resource

MARGIN = 0.10
"""Relative change over the run that matters. The study behind the test used 5 % on quiet machines;
with the load on the same machine p99 wanders by more than that between two idle runs."""
ERROR_MARGIN = 0.001
"""Change of the share of failed requests that matters: the 0.1 % of the usual criterion."""
VAGUE = 2.0
"""A drift that is not proven keeps a run from passing when it could be so many margins."""


@dataclass(frozen=True)
class _Quality:
    name: str
    resource: Resource
    of: Callable[[Segment], float]
    transform: Transform
    worse: int
    margin: float


def _percentile(percent: float) -> Callable[[Segment], float]:
    def of(segment: Segment) -> float:
        latency = Histogram(dict(segment.latency), segment.latency_max_ms)
        return latency.percentile(percent) or 0.0

    return of


def _throughput(segment: Segment) -> float:
    return segment.requests / segment.seconds if segment.seconds > 0 else 0.0


def _errors(segment: Segment) -> float:
    return segment.failures / segment.requests if segment.requests else 0.0


def _qualities() -> tuple[_Quality, ...]:
    return (
        _Quality("p50_drift", "latency", _percentile(50), "log", 1, MARGIN),
        _Quality("p99_drift", "latency", _percentile(99), "log", 1, MARGIN),
        _Quality("throughput_drift", "throughput", _throughput, "log", -1, MARGIN),
        _Quality("error_rate_drift", "errors", _errors, "identity", 1, ERROR_MARGIN),
    )


def judge_stability(
    segments: Sequence[Segment],
) -> tuple[tuple[Criterion, ...], tuple[Finding, ...]]:
    """Judge the drift of a soak over its segments.

    Returns:
        One criterion per quality, and a finding for each that got worse. A quality that could not
        be told has ``met`` None when it may have got worse by more than twice the margin.
    """
    ends = list(accumulate(segment.seconds for segment in segments))
    middles = [end - segment.seconds / 2 for end, segment in zip(ends, segments, strict=True)]
    criteria, findings = [], []
    for quality in _qualities():
        drift = assess_drift(
            middles,
            [quality.of(segment) for segment in segments],
            transform=quality.transform,
            worse=1 if quality.worse > 0 else -1,
            margin=quality.margin,
        )
        criteria.append(
            Criterion(
                name=quality.name,
                limit=quality.worse * quality.margin,
                value=drift.change.value if drift.change.low > float("-inf") else None,
                met=_met(drift, quality),
                comparison="<" if quality.worse > 0 else ">",
            )
        )
        if drift.state is DriftState.DEGRADED:
            findings.append(_finding(drift, quality))
    return tuple(criteria), tuple(findings)


def _met(drift: Drift, quality: _Quality) -> bool | None:
    if drift.state is DriftState.DEGRADED:
        return False
    worst = max(quality.worse * drift.change.low, quality.worse * drift.change.high)
    return True if worst < VAGUE * quality.margin else None


def _finding(drift: Drift, quality: _Quality) -> Finding:
    change = drift.change
    name = quality.name.removesuffix("_drift")
    return Finding(
        resource=quality.resource,
        kind="drift",
        key=f"{quality.resource}:drift:{name}",
        title=f"{name} drifted by {change.value:+.1%} over the run "
        f"({change.low:+.1%} to {change.high:+.1%})",
        clock="the whole run",
        confidence=0.95,
        details=(drift.reason,),
    )
