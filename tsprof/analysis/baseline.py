"""What a baseline keeps of a run, and what of a later run is worse than it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tsprof.analysis.change import Change, Estimate, change
from tsprof.analysis.conditions import (
    Service,
    conditions,
    measure_change,
    obstacles,
)
from tsprof.analysis.keys import Places, finding_key, places
from tsprof.report import format as fmt
from tsprof.report.model import (
    Criterion,
    Finding,
    Growth,
    Kind,
    LedgerRow,
    Measure,
    Report,
    Resource,
    Verdict,
)

SCHEMA_VERSION: Literal[1] = 1
BYTES = ("memory", "garbage")
"""Resources whose growth is in bytes."""
PREFIX = "baseline_"
"""Before the name of a criterion that a baseline sets."""
QUALITIES: dict[str, tuple[Resource, str, int]] = {
    "p50_ms": ("latency", "p50 latency", 1),
    "p95_ms": ("latency", "p95 latency", 1),
    "p99_ms": ("latency", "p99 latency", 1),
    "requests_per_second": ("throughput", "throughput", -1),
    "cpu_ms": ("cpu", "CPU time per request", 1),
    "error_rate": ("errors", "error rate", 1),
}
"""What is compared, with the resource that it is about, its name in a sentence, and the direction
in which it gets worse."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KnownFinding(_Kept):
    """A finding of the baseline's run."""

    key: str
    resource: Resource
    kind: Kind
    per_request: float
    low: float
    high: float
    clock: str
    sites: tuple[str, ...] = ()
    """By their keys, see ``tsprof.analysis.keys``."""
    holders: tuple[str, ...] = ()


class Baseline(_Kept):
    """A run that later ones are compared with: its figures, without what it was made of."""

    schema_: Literal[1] = Field(default=SCHEMA_VERSION, alias="schema")
    tsprof_version: str
    scenario: str
    run: str
    started: str
    conditions: dict[str, str]
    """What latency and throughput depend on besides the target."""
    growth: Growth
    ledger: tuple[LedgerRow, ...]
    findings: tuple[KnownFinding, ...]
    performance: tuple[Measure, ...]

    @property
    def requests_per_second(self) -> float:
        """The throughput of its run; 0 when it was not measured."""
        return throughput(self.performance)

    @property
    def leaks(self) -> bool:
        """Whether its run had a leak."""
        return any(finding.kind == "leak" for finding in self.findings)


def make_baseline(report: Report) -> Baseline:
    """Keep what a later run is compared with."""
    folder = report.provenance.folder
    return Baseline(
        tsprof_version=report.provenance.tsprof_version,
        scenario=report.scenario,
        run=report.provenance.run,
        started=report.provenance.started,
        conditions=conditions(report.scenario, report.provenance),
        growth=report.growth,
        ledger=report.ledger,
        findings=tuple(_known(finding, folder) for finding in report.findings),
        performance=report.performance,
    )


def throughput(measures: Sequence[Measure]) -> float:
    """Return the requests per second among measures; 0 when they are not among them."""
    return next((m.value for m in measures if m.name == "requests_per_second"), 0.0)


def unfit(report: Report) -> str:
    """Say why a run is no measure for later ones; empty where it is one."""
    if not report.complete:
        return "it was cut short"
    if report.verdict is Verdict.INCONCLUSIVE:
        return "it is inconclusive"
    if report.growth.detectable_bytes_per_request is None:
        return "it could not judge memory"
    return ""


def _known(finding: Finding, folder: str) -> KnownFinding:
    where = places(finding.sites, finding.holders, folder)
    return KnownFinding(
        key=finding_key(finding, folder),
        resource=finding.resource,
        kind=finding.kind,
        per_request=finding.per_request,
        low=finding.low,
        high=finding.high,
        clock=finding.clock,
        sites=where.sites,
        holders=where.holders,
    )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A leak beside the baseline."""

    known: bool
    """It was there before, and grows no faster."""
    text: str
    """What the baseline says of it, to follow a comma or a semicolon."""
    noise: float = 0.0
    """How much faster it could have grown without being told from before, per request."""


def compare_leak(
    finding: Finding, baseline: Baseline, folder: str, requests_per_second: float
) -> Comparison:
    """Say whether a leak is the baseline's.

    Args:
        finding: of kind ``leak``.
        baseline: of an earlier run.
        folder: the target's working directory.
        requests_per_second: the throughput of this run.
    """
    before = next(
        (k for k in baseline.findings if (k.resource, k.kind) == (finding.resource, "leak")), None
    )
    if before is None:
        return Comparison(known=False, text="it is new since the baseline")
    was, now = (rate_text(finding.resource, f.per_request) for f in (before, finding))
    difference = leak_change(
        before, finding, faster=_times(requests_per_second, baseline.requests_per_second)
    )
    noise = difference.value - difference.low if difference.low is not None else 0.0
    if difference.beyond_noise > 0:
        text = (
            f"its rate rose from the baseline's {was} to {now}, by more than the noise of "
            f"{rate_text(finding.resource, noise)}"
        )
        return Comparison(known=False, text=text)
    where = places(finding.sites, finding.holders, folder)
    same = where.overlap(Places(sites=before.sites, holders=before.holders))
    if same is False:
        text = f"it is in another place than the baseline's, which was {before.key}"
        return Comparison(known=False, text=text)
    text = f"known, as in the baseline: {was} then, {now} now"
    if same is None and finding.resource == "memory":
        text += " (its place could not be compared)"
    return Comparison(known=True, text=text, noise=noise)


def _times(now: float, then: float) -> float:
    return now / then if now > 0 and then > 0 else 1.0


def leak_change(before: KnownFinding | Finding, after: Finding, *, faster: float) -> Change:
    """Return the change of a leak's rate per request.

    Args:
        before: the leak in the earlier run.
        after: the leak in the later run.
        faster: the later run's throughput by the earlier one's. What grows with time brings less
            per request when more requests come in a second.
    """
    figure = "growth" if after.resource in BYTES else "count"
    by_request = change(_rate(before), _rate(after), figure)
    if not any(finding.clock.startswith("second") for finding in (before, after)):
        return by_request
    # The clock is an inference: where it says time, either reading of the rate may be right.
    by_time = change(_rate(before), _rate(after, faster), figure)
    return min(by_request, by_time, key=lambda difference: abs(difference.value))


def _rate(finding: KnownFinding | Finding, times: float = 1.0) -> Estimate:
    return Estimate(
        value=finding.per_request * times, low=finding.low * times, high=finding.high * times
    )


def rate_text(resource: Resource, per_request: float) -> str:
    """A growth per request in words."""
    amount = fmt.size(per_request) if resource in BYTES else fmt.number(per_request)
    return f"{amount} per request"


@dataclass(frozen=True, kw_only=True)
class Regressions:
    """Latency, throughput, errors and CPU time beside the baseline."""

    criteria: tuple[Criterion, ...] = ()
    """Each figure with the limit that the baseline sets; none for what does not compare."""
    findings: tuple[Finding, ...] = ()
    """What got worse."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""


def find_regressions(service: Service, baseline: Baseline) -> Regressions:
    """Compare how the target served with the baseline."""
    earlier = Service(measures=baseline.performance, conditions=baseline.conditions)
    before, after = earlier.by_name, service.by_name
    reasons = obstacles(earlier, service)
    criteria, findings = [], []
    for name, (resource, words, worse) in QUALITIES.items():
        if name not in before or name not in after or name in reasons:
            continue
        difference = measure_change(before[name], after[name])
        reach = difference.low if worse > 0 else difference.high
        if reach is None:
            continue
        limit = after[name].value - reach
        regressed = difference.beyond_noise == worse
        criteria.append(
            Criterion(
                name=PREFIX + name,
                limit=limit,
                value=after[name].value,
                met=not regressed,
                comparison="<=" if worse > 0 else ">=",
            )
        )
        if regressed:
            findings.append(
                Finding(
                    resource=resource,
                    kind="regression",
                    title=f"{words} is {figure_text(name, after[name].value)}, worse than the "
                    f"baseline's {figure_text(name, before[name].value)} by more than noise, "
                    f"which reaches to {figure_text(name, limit)}",
                )
            )
    return Regressions(
        criteria=tuple(criteria), findings=tuple(findings), notes=tuple(not_compared(reasons))
    )


def not_compared(reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each reason for which measures do not compare."""
    for reason in dict.fromkeys(reasons.values()):
        words = [QUALITIES[name][1] for name in reasons if reasons[name] == reason]
        yield f"not compared: {', '.join(words)} ({reason})"


def figure_text(name: str, value: float) -> str:
    """A figure of performance with its unit."""
    if name.endswith("_ms"):
        return fmt.milliseconds(value)
    if name == "error_rate":
        return fmt.percentage(value)
    return fmt.rate(value)
