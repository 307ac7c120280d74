"""What got worse since a baseline of how the target served: speed, errors, CPU time."""

from dataclasses import dataclass

from tsprof.analysis.comparison.baseline import Baseline
from tsprof.analysis.service.conditions import MACHINE_BOUND, Service, measure_change, obstacle
from tsprof.report import format as fmt
from tsprof.report.model import Criterion, Finding, Measure, Resource

_PREFIX = "baseline_"
"""Before the name of a criterion that a baseline sets."""


@dataclass(frozen=True)
class Quality:
    """A measure that is compared."""

    resource: Resource
    words: str
    """What it is called in a sentence."""
    worse: int
    """1 where more is worse, -1 where less is."""


QUALITIES = {
    "p50_ms": Quality("latency", "p50 latency", 1),
    "p95_ms": Quality("latency", "p95 latency", 1),
    "p99_ms": Quality("latency", "p99 latency", 1),
    "requests_per_second": Quality("throughput", "throughput", -1),
    "cpu_ms": Quality("cpu", "CPU time per request", 1),
    "error_rate": Quality("errors", "error rate", 1),
}
"""By the name of the measure."""


@dataclass(frozen=True, kw_only=True)
class Regressions:
    """Latency, throughput, errors and CPU time beside the baseline."""

    criteria: tuple[Criterion, ...] = ()
    """Each figure with the limit that the baseline sets; none for what does not compare."""
    findings: tuple[Finding, ...] = ()
    """What got worse."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""

    def and_also(self, other: "Regressions") -> "Regressions":
        """Return these and others together."""
        return Regressions(
            criteria=self.criteria + other.criteria,
            findings=self.findings + other.findings,
            notes=self.notes + other.notes,
        )


def find_regressions(service: Service, baseline: Baseline, undelivered: str = "") -> Regressions:
    """Compare how the target served with the baseline.

    Args:
        service: how it served now.
        baseline: how it served then.
        undelivered: why the load was not what was asked for; empty where it was.
    """
    earlier = Service(measures=baseline.performance, conditions=baseline.conditions)
    before, after = earlier.by_name, service.by_name
    reason = undelivered or obstacle(earlier, service)
    criteria, findings = [], []
    for name, quality in QUALITIES.items():
        if name not in before or name not in after or (reason and name in MACHINE_BOUND):
            continue
        difference = measure_change(before[name], after[name])
        reach = difference.low if quality.worse > 0 else difference.high
        if reach is None:
            continue
        criterion = Criterion(
            name=_PREFIX + name,
            limit=after[name].value - reach,
            value=after[name].value,
            met=difference.beyond_noise != quality.worse,
            comparison="<=" if quality.worse > 0 else ">=",
        )
        criteria.append(criterion)
        if not criterion.met:
            findings.append(_finding(before[name], after[name], criterion.limit))
    notes = (not_compared(reason),) if reason else ()
    return Regressions(criteria=tuple(criteria), findings=tuple(findings), notes=notes)


def _finding(before: Measure, after: Measure, limit: float) -> Finding:
    quality = QUALITIES[after.name]
    was, now, most = (figure_text(after.name, v) for v in (before.value, after.value, limit))
    return Finding(
        resource=quality.resource,
        kind="regression",
        key=f"{quality.resource}:regression:{after.name}",
        title=f"{quality.words} is {now}, worse than the baseline's {was} by more than noise, "
        f"which reaches to {most}",
    )


def not_compared(reason: str) -> str:
    """Say that speed does not compare, and why."""
    words = ", ".join(QUALITIES[name].words for name in MACHINE_BOUND)
    return f"not compared: {words} ({reason})"


def figure_text(name: str, value: float) -> str:
    """A figure of performance with its unit."""
    if name.endswith("_ms"):
        return fmt.milliseconds(value)
    if name == "error_rate":
        return fmt.percentage(value)
    return fmt.rate(value)
