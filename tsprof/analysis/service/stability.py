"""Stability of a soak: did latency, throughput, errors or a gauge drift from start to end?"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from statistics import fmean, median
from typing import Literal

from tsprof.analysis.service.drift import Drift, DriftState, Transform, assess_drift, share_ends
from tsprof.analysis.service.gauges import Gauge
from tsprof.analysis.service.room import most_added_ms
from tsprof.analysis.service.varied_load import varied_load
from tsprof.records import Segment
from tsprof.report import format as fmt
from tsprof.report.model import Criterion, Finding, Resource

DRIFTS = ("p50_drift", "p99_drift", "throughput_drift", "error_rate_drift")
"""Criteria of a soak: each has for its limit the change over the run that matters. Of latency, 5 %
can be told on quiet machines; with the load on the same machine p99 wanders by more than that
between two idle runs."""
HITS_MARGIN = 0.20
"""Change of the hits per miss (the odds of a hit) that matters: a hit rate of 80 % that falls to
76 %, or one of 99 % that falls to 98.75 %, makes about a fourth more misses."""
SURELY = 0.5
"""A gauge must have got worse beyond doubt by so much of its margin: there are many of them. Of 400
stable hit rates over 20 segments with noise of 5 % and a correlation of 0.5, none was called
degraded, without this 7; of 100 look-ups per segment, 4 and 8. Of 400 that lost half of their hits
per miss, 400 and 336 were."""
VAGUE = 2.0
"""A drift that is not proven keeps a run from passing when it could be so many margins."""

LEAST_SECONDS = 240.0
"""Seconds of load over which a drift of speed is judged: what a soak of five minutes has beside its
checkpoints and its first segment. Within some seconds, what else the machine does looks like one:
of a clean service, p50 rose by 34 % in 15 s."""
OF_SPEED: tuple[Resource, ...] = ("latency", "throughput")
"""What depends on how fast the machine is, besides the target."""

Worse = Literal[1, -1]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Something that must not get worse over a run."""

    name: str
    """As criteria call it, without ``_drift``."""
    resource: Resource
    """What a finding is about."""
    values: Sequence[float]
    """One per segment."""
    transform: Transform
    """See ``assess_drift``."""
    worse: Worse
    """1 where more is worse, -1 where less is."""
    margin: float
    """The change that matters, in the unit of ``Drift.change``."""
    most_added: float = math.inf
    """The most that a machine without room can have added to a value, in its unit."""

    def drift(self, segments: Sequence[Segment]) -> Drift:
        """Return its change over the segments, at equal load where that varied."""
        ends = list(accumulate(segment.seconds for segment in segments))
        middles = [end - segment.seconds / 2 for end, segment in zip(ends, segments, strict=True)]
        return assess_drift(
            middles,
            self.values,
            transform=self.transform,
            worse=self.worse,
            margin=self.margin,
            load=varied_load(segments),
        )

    def is_beyond_the_machine(self, drift: Drift) -> bool:
        """Tell whether a change of what is positive is more than the machine can have made."""
        before = median(self.values) / (1 + drift.change.value)
        return self.transform == "log" and self.worse * drift.change.low * before > self.most_added

    def ends(self, change: float) -> tuple[float, float]:
        """Return the values of a share at the start and the end of a run that changed it so."""
        return share_ends(median(filter(math.isfinite, self.values)), change)


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How steady a soak was."""

    criteria: tuple[Criterion, ...] = ()
    """One per quality that was judged."""
    findings: tuple[Finding, ...] = ()
    """What got worse."""
    notes: tuple[str, ...] = ()
    """What was not judged, and why."""


def load_qualities(
    segments: Sequence[Segment], limits: Mapping[str, float], *, cpu_ms: float | None = None
) -> tuple[Quality, ...]:
    """Return what the load tells of a target: latency, throughput and errors.

    Args:
        segments: of the soak.
        limits: the change that matters by the names of ``DRIFTS``; what has none is not judged.
        cpu_ms: CPU time of the target per request; None where it is not known.
    """
    most_added = {f"p{percent}": most_added_ms(segments, percent, cpu_ms) for percent in (50, 99)}
    kinds: Mapping[str, tuple[Resource, Callable[[Segment], float], Transform, Worse]] = {
        "p50": ("latency", _percentile(50), "log", 1),
        "p99": ("latency", _percentile(99), "log", 1),
        "throughput": ("throughput", attrgetter("requests_per_second"), "log", -1),
        "error_rate": ("errors", _errors, "identity", 1),
    }
    return tuple(
        Quality(
            name=name,
            resource=resource,
            values=tuple(map(of, segments)),
            transform=transform,
            worse=worse,
            margin=limits[f"{name}_drift"],
            most_added=most_added.get(name, math.inf),
        )
        for name, (resource, of, transform, worse) in kinds.items()
        if f"{name}_drift" in limits
    )


def gauge_quality(gauge: Gauge, worse: Worse, margin: float) -> Quality:
    """Return a gauge as a quality; its margin is relative, a share's of its odds."""
    values: tuple[float, ...] = gauge.values
    transform: Transform = "logit"
    if gauge.kind != "share":
        known = [value for value in values if math.isfinite(value)]
        transform = "log" if all(value > 0 for value in known) else "identity"
        if transform == "identity":  # its unit becomes its own mean
            size = fmean(map(abs, known)) or 1.0
            values = tuple(value / size for value in values)
    return Quality(
        name=gauge.name,
        resource="gauge",
        values=values,
        transform=transform,
        worse=worse,
        margin=margin,
    )


def judge_stability(
    segments: Sequence[Segment], qualities: Sequence[Quality], *, no_room: str = ""
) -> Stability:
    """Judge the drift of a soak over its segments.

    Args:
        segments: of the soak; over too few seconds of load, speed is not judged.
        qualities: what must not get worse.
        no_room: why the machine was too busy to tell a drift of speed; empty where it was not.

    Returns:
        The criterion of a quality that could not be told has ``met`` None: it may have got worse
        by more than twice the margin, or seems to have got worse, by no more than a machine
        without room can have added.
    """
    load = sum(segment.seconds for segment in segments)
    asked = varied_load(segments)
    unjudged = OF_SPEED if load < LEAST_SECONDS else ("throughput",) if asked else ()
    judged = [quality for quality in qualities if quality.resource not in unjudged]
    criteria, findings = [], []
    for quality in judged:
        drift = quality.drift(segments)
        met = _met(drift, quality)
        is_measured = drift.change.low > float("-inf")
        certain = met is False and quality.is_beyond_the_machine(drift)
        doubted = no_room if quality.resource in OF_SPEED and not met and not certain else ""
        criteria.append(
            Criterion(
                name=f"{quality.name}_drift",
                limit=quality.worse * quality.margin,
                value=drift.change.value if is_measured else None,
                met=None if doubted else met,
                comparison="<" if quality.worse > 0 else ">",
                is_change=True,
                reason=doubted if is_measured else drift.reason,
            )
        )
        if met is False and not doubted:
            findings.append(_finding(drift, quality))
    return Stability(
        criteria=tuple(criteria),
        findings=tuple(findings),
        notes=(_unjudged(load, asked),) if len(judged) < len(qualities) else (),
    )


def _unjudged(load: float, asked: Sequence[float]) -> str:
    """Say what was not judged in a soak of so many seconds of load, and why."""
    if load < LEAST_SECONDS:
        return (
            "the drift of latency and throughput was not judged: that takes a soak of 5 minutes, "
            f"and the load of this one lasted {fmt.duration(load)}"
        )
    least, most = (fmt.number(round(rate)) for rate in (min(asked), max(asked)))
    return (
        f"the load itself varied between {least} and {most} requests/s: throughput was not judged, "
        "and the rest at equal load"
    )


def _percentile(percent: float) -> Callable[[Segment], float]:
    return lambda segment: segment.histogram.percentile(percent) or 0.0


def _errors(segment: Segment) -> float:
    return segment.failures / segment.requests if segment.requests else 0.0


def _degraded(drift: Drift, quality: Quality) -> bool:
    if drift.state is not DriftState.DEGRADED:
        return False
    least = min(quality.worse * drift.change.low, quality.worse * drift.change.high)
    return quality.resource != "gauge" or least > SURELY * quality.margin


def _met(drift: Drift, quality: Quality) -> bool | None:
    if _degraded(drift, quality):
        return False
    worst = max(quality.worse * drift.change.low, quality.worse * drift.change.high)
    kept = quality.worse * drift.change.value < quality.margin
    return True if kept and worst < VAGUE * quality.margin else None


def _finding(drift: Drift, quality: Quality) -> Finding:
    change = drift.change
    name = quality.name
    between = f"{change.value:+.1%} over the run ({change.low:+.1%} to {change.high:+.1%})"
    if quality.transform == "logit":
        start, end = quality.ends(change.value)
        title = (
            f"{name} drifted from about {start:.1%} to {end:.1%} over the run, its odds by "
            f"{change.value:+.1%} ({change.low:+.1%} to {change.high:+.1%})"
        )
    else:
        title = f"{name} drifted by {between}"
    return Finding(
        resource=quality.resource,
        kind="drift",
        key=f"{quality.resource}:drift:{name}",
        title=title,
        clock="the whole run",
        confidence=0.95,
        details=(drift.reason,),
    )
