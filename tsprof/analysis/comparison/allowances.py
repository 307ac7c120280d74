"""What a run may show without failing: what its baseline showed, and what was acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tsprof.analysis.comparison.acknowledgements import Acknowledgement, acknowledged, unused
from tsprof.analysis.comparison.baseline import Baseline
from tsprof.analysis.comparison.keys import finding_key
from tsprof.analysis.comparison.known_leaks import Comparison, compare_leaks, rate_text
from tsprof.report.model import Finding

FAILING = ("leak", "drift", "regression", "invalid")
"""Kinds of findings that fail a run."""


@dataclass(frozen=True, kw_only=True)
class Allowances:
    """What was given to a run to be judged by, stored with it."""

    today: date
    """The day of the run."""
    baseline: Baseline | None = None
    acknowledgements: tuple[Acknowledgement, ...] = ()

    @property
    def expect_a_leak(self) -> bool:
        """Whether a leak need not fail, so that a run has to go on and look for others."""
        in_force = any(self.today <= entry.expires for entry in self.acknowledgements)
        return in_force or (self.baseline is not None and self.baseline.leaks)


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A finding with what it comes to."""

    finding: Finding
    failure: str = ""
    """The reason for which it fails the run; empty where it does not."""
    room: float = 0.0
    """Growth per request that could hide beside it where the baseline excuses it."""


def weigh(
    findings: Sequence[Finding],
    allowances: Allowances | None,
    folder: str,
    requests_per_second: float,
) -> list[Weighed]:
    """Say which findings fail a run; an unexpected leak, drift or regression does.

    Args:
        findings: all those of the run, of any kind.
        allowances: None where there are none.
        folder: the target's working directory, from which files are named.
        requests_per_second: the throughput of the run.
    """
    named = [f.model_copy(update={"key": finding_key(f, folder)}) for f in findings]
    if allowances is None:
        return [Weighed(finding=f, failure=f.title if f.kind in FAILING else "") for f in named]
    beside: Sequence[Comparison | None] = [None] * len(named)
    if allowances.baseline is not None:
        beside = compare_leaks(named, allowances.baseline, folder, requests_per_second).by_finding
    return [
        _weigh_one(finding, comparison, allowances, folder)
        for finding, comparison in zip(named, beside, strict=True)
    ]


def _weigh_one(
    finding: Finding, comparison: Comparison | None, allowances: Allowances, folder: str
) -> Weighed:
    if finding.kind not in FAILING:
        return Weighed(finding=finding)
    said = []
    if comparison is not None:
        if comparison.outcome == "known":
            excused = finding.model_copy(update={"excuse": comparison.text})
            return Weighed(finding=excused, room=comparison.room)
        said.append(comparison.text)
        if comparison.outcome == "faster":  # who acknowledged it did not see that
            return Weighed(finding=finding, failure="; ".join([finding.title, *said]))
    answer = acknowledged(finding, allowances.acknowledgements, allowances.today, folder)
    if answer.excuse:
        return Weighed(finding=finding.model_copy(update={"excuse": answer.excuse}))
    if answer.objection:
        said.append(answer.objection)
    return Weighed(finding=finding, failure="; ".join([finding.title, *said]))


def remarks(
    findings: Sequence[Finding],
    allowances: Allowances | None,
    folder: str,
    requests_per_second: float,
    *,
    conclusive: bool,
) -> list[str]:
    """Return what the user should know: leaks that have gone, and entries without use.

    Args:
        findings: of the run.
        allowances: None where there are none.
        folder: the target's working directory.
        requests_per_second: the throughput of the run.
        conclusive: the run could tell; one that could not does not say what has gone.
    """
    if allowances is None:
        return []
    compared = allowances.baseline if conclusive else None
    gone = compare_leaks(findings, compared, folder, requests_per_second).gone if compared else ()
    return [
        *(
            f"gone since the baseline: {before.key} "
            f"({rate_text(before.resource, before.per_request)} then)"
            for before in gone
        ),
        *(
            f"the acknowledgement of {entry.subject} by {entry.owner} matches nothing in this run"
            for entry in unused(findings, allowances.acknowledgements, folder)
        ),
    ]
