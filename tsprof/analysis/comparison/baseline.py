"""What a baseline keeps of a run."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tsprof.analysis.comparison.keys import Places, finding_key, places
from tsprof.analysis.service.conditions import conditions
from tsprof.report.model import (
    Finding,
    Growth,
    HotPaths,
    Kind,
    LedgerRow,
    Measure,
    Report,
    Resource,
    Verdict,
)

SCHEMA_VERSION: Literal[1] = 1


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
    """By their keys, see ``tsprof.analysis.comparison.keys``."""
    holders: tuple[str, ...] = ()

    @property
    def where(self) -> Places:
        """Its places."""
        return Places(sites=self.sites, holders=self.holders)


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
    folder: str = ""
    """The target's working directory."""
    hot_paths: HotPaths | None = None
    """Where its CPU time went; None in one from before that was sampled."""

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
        conditions=conditions(report.scenario, report.provenance, report.delivery),
        growth=report.growth,
        ledger=report.ledger,
        findings=known_findings(report.findings, folder),
        performance=report.performance,
        folder=folder,
        hot_paths=report.hot_paths,
    )


def known_findings(findings: Sequence[Finding], folder: str) -> tuple[KnownFinding, ...]:
    """Keep of findings what others are compared with.

    Args:
        findings: of one run.
        folder: the target's working directory.
    """
    located = [(f, places(f.sites, f.holders, folder)) for f in findings]
    return tuple(
        KnownFinding(
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
        for finding, where in located
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
