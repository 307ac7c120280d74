"""The end of a report: results against targets, findings, and what to mend or optimise first."""

from collections import Counter
from collections.abc import Iterator
from math import inf

from tsprof.report import format as fmt
from tsprof.report.model import HARMLESS, Criterion, Report

TITLE = "After the run"
LEAST_TOLD = 0.005
"""Part of a limit from which it is said by how much it was missed."""


def closing(report: Report) -> list[str]:
    """What a tester ticks off after a run, in up to three lines; none where there is nothing."""
    return [*_targets(report), *_findings(report), *_first(report)]


def _targets(report: Report) -> Iterator[str]:
    if not report.criteria:
        return
    met = sum(criterion.met is True for criterion in report.criteria)
    told = [f"{met} of {fmt.count(len(report.criteria), 'target')} met"]
    for word, outcome in (("missed", False), ("not told", None)):
        names = [criterion.name for criterion in report.criteria if criterion.met is outcome]
        if names:
            told.append(f"{word}: {', '.join(names)}")
    yield "; ".join(told)


def _findings(report: Report) -> Iterator[str]:
    bad = [f for f in report.findings if not f.excuse and f.kind not in HARMLESS]
    kinds = Counter(f"{finding.resource} {finding.kind}" for finding in bad)
    if not kinds:
        return
    each = (kind if times == 1 else f"{kind} ({times})" for kind, times in kinds.items())
    leaks = any(kind.endswith(" leak") for kind in kinds)
    tickets = "; tsprof report --format ticket writes up each leak" if leaks else ""
    yield f"found: {', '.join(each)}{tickets}"


def _first(report: Report) -> Iterator[str]:
    """Name one thing: a leak gets worse by itself, a drift likewise, then what misses the most."""
    for kind in ("leak", "drift", "regression"):
        for number, finding in enumerate(report.findings, start=1):
            if finding.kind == kind and not finding.excuse:
                yield f"first: finding {number}, the {finding.resource} {kind}"
                return
    missed = [criterion for criterion in report.criteria if criterion.met is False]
    if not missed:
        return
    worst = max(missed, key=_missed_by)
    share = _missed_by(worst)
    told = LEAST_TOLD <= share < inf
    by = f", which misses its limit by {fmt.percentage(share)}" if told else ""
    cause = f"; gave way first: {report.gave_way}" if report.gave_way else ""
    yield f"first: {worst.name}{by}{cause}"


def _missed_by(criterion: Criterion) -> float:
    if criterion.value is None or not criterion.limit:
        return inf
    return abs(criterion.value / criterion.limit - 1)
