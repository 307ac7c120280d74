"""Criteria: limits by name, and whether a run kept them."""

import operator
from collections.abc import Callable, Mapping, Sequence

from tsprof.analysis.service.gauges import Gauges
from tsprof.analysis.service.performance import PERCENTILES
from tsprof.analysis.service.segments import latency_of, steady
from tsprof.config.criteria import CRITERIA, Comparison, comparison
from tsprof.records import Checkpoint, Segment
from tsprof.report.model import Criterion

_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def judge_criteria(
    limits: Mapping[str, float],
    values: Mapping[str, float | None],
    untold: Mapping[str, str] | None = None,
) -> tuple[Criterion, ...]:
    """Compare what was measured with the limits.

    Args:
        limits: by the names of ``CRITERIA``, in the units that these have.
        values: as ``criteria_values`` gives them, and what a scenario measures besides.
        untold: why a value is not known, by name, where there is more to say than that.

    Returns:
        One criterion per limit; one that could not be measured has ``met`` None.
    """
    criteria = []
    for name, limit in limits.items():
        value, sign = values.get(name), CRITERIA[name].sign
        met = None if value is None else _COMPARE[sign](value, limit)
        why = (untold or {}).get(name, "") if value is None else ""
        criteria.append(
            Criterion(name=name, limit=limit, value=value, met=met, comparison=sign, reason=why)
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


def criteria_values(
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
    cpu_percent: float | None,
    processors: int | None,
) -> dict[str, float | None]:
    """Return what every scenario measures for its criteria, by name; None where it could not.

    Args:
        segments: of the whole run, or those that are to be judged.
        checkpoints: of the whole run.
        cpu_percent: mean over the run, of one processor; None where it is not known.
        processors: of the machine; None where it is not known.
    """
    requests = sum(segment.requests for segment in segments)
    failures = sum(segment.failures for segment in segments)
    busy = sum(segment.seconds for segment in segments)
    measured: dict[str, float | None] = {
        name: percentile_of(segments, percent) for name, percent in PERCENTILES.items()
    }
    measured["error_rate"] = failures / requests if requests else None
    measured["requests_per_second"] = requests / busy if busy > 0 else None
    measured["cpu_percent"] = cpu_percent
    if cpu_percent is not None and processors:
        measured["machine_cpu_percent"] = cpu_percent / processors
    measured["memory"] = max(
        (float(sum(r.rss for r in c.processes)) for c in checkpoints if c.processes), default=None
    )
    return measured


def percentile_of(segments: Sequence[Segment], percent: float) -> float | None:
    """Return a percentile of latency over the segments after the one that calibrates."""
    return latency_of(steady(segments)).percentile(percent)
