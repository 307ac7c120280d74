"""The report as JUnit XML, for the test views of Jenkins, GitLab and the like.

One test suite per run with stable test names, so that CI can show their history: ``verdict``,
one per resource, one per criterion. What is proved bad is a failure, and once: ``verdict`` is
skipped where another test fails. What could not be judged is an error, so that CI turns red yet
tells the two apart. Jenkins reads ``message``, GitLab only the element's text: both are written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal
from xml.etree import ElementTree as ET

from tsprof.report import format as fmt
from tsprof.report import service_wording, wording
from tsprof.report.headline import headline
from tsprof.report.model import HARMLESS, Criterion, Finding, Report, Resource, Verdict
from tsprof.report.text import printable

_LONGEST_TEXT = 1_000
_ALWAYS: tuple[Resource, ...] = ("memory", "fd", "thread", "task", "garbage", "process")
"""Resources that every run watches: their test exists even when there is nothing to say."""

_Outcome = Literal["passed", "failure", "error", "skipped"]


@dataclass(frozen=True)
class _Case:
    group: str
    name: str
    outcome: _Outcome
    message: str = ""
    text: str = ""
    seconds: float = 0.0


def render(report: Report) -> str:
    """The report as one ``testsuite`` in ``testsuites``, with an XML declaration."""
    report = printable(report, limit=_LONGEST_TEXT)
    judged = [*_resources(report), *map(_criterion, report.criteria)]
    cases = [_verdict(report, [case.name for case in judged if case.outcome == "failure"]), *judged]
    totals = {
        "tests": str(len(cases)),
        "failures": str(sum(case.outcome == "failure" for case in cases)),
        "errors": str(sum(case.outcome == "error" for case in cases)),
        "time": _seconds(report.seconds),
    }
    root = ET.Element("testsuites", {"name": "tsprof", **totals})
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": f"tsprof.{report.scenario}",
            **totals,
            "skipped": str(sum(case.outcome == "skipped" for case in cases)),
        },
    )
    if report.provenance.started:
        suite.set("timestamp", report.provenance.started)
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report).items():
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for case in cases:
        _append(suite, f"tsprof.{report.scenario}.{case.group}", case)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _append(suite: ET.Element, class_name: str, case: _Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        {"classname": class_name, "name": case.name, "time": _seconds(case.seconds)},
    )
    if case.outcome in {"failure", "error"}:
        problem = ET.SubElement(
            element, case.outcome, {"type": case.outcome, "message": case.message}
        )
        problem.text = case.text or case.message
        return
    if case.outcome == "skipped":
        ET.SubElement(element, "skipped", {"message": case.message})
    if case.text:
        ET.SubElement(element, "system-out").text = case.text


def _seconds(seconds: float) -> str:
    # An infinite or undefined length is no decimal number, which strict readers insist on.
    return f"{seconds:.3f}" if isfinite(seconds) else "0.000"


def _properties(report: Report) -> dict[str, str]:
    growth = report.growth
    return {
        "verdict": report.verdict.value,
        "exit_code": str(report.exit_code),
        "requests": str(report.requests),
        "bytes_per_request": _figure(growth.bytes_per_request),
        "detectable_bytes_per_request": _figure(growth.detectable_bytes_per_request),
        "run": report.provenance.run,
        "tsprof": report.provenance.tsprof_version,
    }


def _figure(value: float | None) -> str:
    """A number for machines: neither separators nor units."""
    return f"{value:g}" if value is not None and isfinite(value) else fmt.UNKNOWN


def _verdict(report: Report, failed: Sequence[str]) -> _Case:
    """Return the verdict's own case, which fails where none of the others tells why.

    Args:
        report: of the run.
        failed: names of the cases that are failures.
    """
    answer = headline(report)
    outcomes: dict[Verdict, _Outcome] = {
        Verdict.PASS: "passed",
        Verdict.FAIL: "failure",
        Verdict.INCONCLUSIVE: "error",
    }
    lines = [
        f"{answer.word}  {answer.sentence}".strip(),
        answer.consequence,
        answer.culprit,
        *report.reasons,
        *(f"what to do: {advice}" for advice in report.advice),
    ]
    return _Case(
        group="run",
        name="verdict",
        outcome="skipped" if failed else outcomes[report.verdict],
        message=f"told by {', '.join(failed)}" if failed else answer.sentence,
        text="\n".join(dict.fromkeys(line for line in lines if line)),
        seconds=report.seconds,
    )


def _resources(report: Report) -> Iterator[_Case]:
    found = dict.fromkeys([*_ALWAYS, *(finding.resource for finding in report.findings)])
    for resource in found:
        findings = [finding for finding in report.findings if finding.resource == resource]
        suspects = [f for f in findings if f.kind not in HARMLESS and not f.excuse]
        outcome: _Outcome = "passed"
        message = "; ".join(finding.title for finding in suspects)
        if report.verdict is Verdict.FAIL and suspects:
            outcome = "failure"
        elif report.verdict is Verdict.INCONCLUSIVE and suspects:
            outcome = "error"
        elif not suspects and (reason := _not_judged(report)):
            outcome, message = "skipped", reason
        text = "\n\n".join(map(_finding_text, findings))
        yield _Case("resources", resource, outcome, message, text)


def _not_judged(report: Report) -> str:
    """Why silence about a resource does not mean that it is sound; empty when it does."""
    if report.verdict is Verdict.INCONCLUSIVE:
        return "the run was inconclusive"
    if report.growth.detectable_bytes_per_request is None:
        return "this run did not look for leaks"
    return ""


def _finding_text(finding: Finding) -> str:
    lines = [
        finding.title,
        finding.excuse,
        wording.finding_growth(finding),
        wording.finding_plateau(finding),
        *(f"at {wording.site_line(site)}" for site in finding.sites),
        *(f"held by {holder.path}: {wording.holder_state(holder)}" for holder in finding.holders),
        *finding.details,
    ]
    return "\n".join(line for line in lines if line)


def _criterion(criterion: Criterion) -> _Case:
    outcomes: dict[bool | None, _Outcome] = {True: "passed", False: "failure", None: "error"}
    measured = service_wording.criterion_unit(criterion, criterion.value)
    limit = service_wording.criterion_unit(criterion, criterion.limit)
    message = f"{criterion.name} is {measured}, its limit is {criterion.comparison} {limit}"
    if criterion.reason:
        message += f" ({criterion.reason})"
    return _Case("criteria", criterion.name, outcomes[criterion.met], message, message)
