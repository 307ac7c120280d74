"""The verdict: what all the evidence of a run comes to, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tsprof.analysis.assessments import (
    DETECTABLE_LIMIT,
    LEAK_FLOOR,
    LEAKS,
    SETTLED,
    Look,
)
from tsprof.analysis.culprits import Culprit
from tsprof.analysis.findings import (
    Attribution,
    Drain,
    count_finding,
    fragmentation_finding,
    garbage_finding,
    memory_finding,
)
from tsprof.records import Event, Segment
from tsprof.report.model import Criterion, Finding, Verdict

FAILED_LOAD = 0.5
"""Share of failed requests from which the load no longer tells anything about the target."""
LEAST_SEGMENTS = 4


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a verdict rests on."""

    look: Look
    segments: Sequence[Segment]
    events: Sequence[Event]
    criteria: Sequence[Criterion] = ()
    drift: Sequence[Finding] = ()
    attribution: Attribution | None = None
    drain: Drain | None = None
    culprits: Sequence[Culprit] = ()
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The verdict with its reasons."""

    verdict: Verdict
    reasons: tuple[str, ...]
    advice: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    interrupted: bool = False


@dataclass
class _Grounds:
    """Reasons, each with the advice that goes with it; the gravest verdict that has any wins."""

    failures: list[tuple[str, str]] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, reason: str, advice: str = "") -> None:
        self.failures.append((reason, advice))

    def doubt(self, reason: str, advice: str = "") -> None:
        self.doubts.append((reason, advice))


def decide(evidence: Evidence) -> Decision:
    """Weigh the evidence of a finished, or cut short, run.

    Fail: a leak of any resource, a criterion missed, a target that died or hung under load.
    Inconclusive: whatever kept the run from seeing a leak. Pass: only what is left.
    """
    grounds = _Grounds()
    findings = _leak_findings(evidence, grounds)
    _weigh_target(evidence.events, grounds)
    _weigh_criteria(evidence.criteria, grounds)
    for finding in evidence.drift:
        findings.append(finding)
        if finding.kind == "drift":
            grounds.fail(finding.title)
    _weigh_load(evidence, grounds)
    if not any(f.resource == "memory" and f.kind != "fragmentation" for f in findings):
        _weigh_memory_sight(evidence, grounds)
    _weigh_counts_sight(evidence, grounds)
    interrupted = any(event.kind == "interrupted" for event in evidence.events)
    if interrupted:
        grounds.doubts.insert(0, ("the run was interrupted before it could tell", ""))
    elif not evidence.complete:
        grounds.doubts.insert(0, _cut_off(evidence.events))
    if grounds.failures:
        verdict, reasons = Verdict.FAIL, grounds.failures
    elif grounds.doubts:
        verdict, reasons = Verdict.INCONCLUSIVE, grounds.doubts
    else:
        verdict, reasons = Verdict.PASS, [(_pass_reason(evidence.look), "")]
    return Decision(
        verdict=verdict,
        reasons=tuple(dict.fromkeys(reason for reason, _ in reasons)),
        advice=tuple(dict.fromkeys(advice for _, advice in reasons if advice)),
        findings=tuple(findings),
        interrupted=interrupted,
    )


def _cut_off(events: Sequence[Event]) -> tuple[str, str]:
    for event in events:
        if event.kind == "store_failed":
            return event.text, "make room on the disk, or let TSPROF_HOME name another place"
    return "the run was cut off before it could tell", ""


def _pass_reason(look: Look) -> str:
    return f"no leak found; anything above {look.detectable:.2g} B per request would have shown"


def _leak_findings(evidence: Evidence, grounds: _Grounds) -> list[Finding]:
    look = evidence.look
    findings = []
    memory = memory_finding(look, evidence.attribution, evidence.drain)
    if memory is not None:
        findings.append(memory)
        if memory.kind == "leak":
            grounds.fail(memory.title)
        elif memory.kind == "filling":
            grounds.doubt(
                memory.title,
                "run longer (--max-time), or with a smaller cache, to see past the filling",
            )
        elif memory.kind == "released":
            grounds.doubt(memory.title, "run longer than the memory's lifetime (tsprof endurance)")
    if "garbage" in look.leaking:
        finding = garbage_finding(look, evidence.attribution)
        findings.append(finding)
        grounds.fail(finding.title)
    for resource, assessment in look.counts.items():
        finding_or_none = count_finding(resource, assessment, evidence.culprits)
        if finding_or_none is not None:
            findings.append(finding_or_none)
            if finding_or_none.kind == "leak":
                grounds.fail(finding_or_none.title)
    fragmentation = fragmentation_finding(look)
    if fragmentation is not None:
        findings.append(fragmentation)
    return findings


def _weigh_target(events: Sequence[Event], grounds: _Grounds) -> None:
    for event in events:
        if event.kind in ("target_ended", "target_hung", "out_of_memory"):
            grounds.fail(event.text, "the end of the target's output is in the report")
        elif event.kind in ("load_lost", "agent_lost", "control_failed"):
            grounds.doubt(event.text)


def _weigh_criteria(criteria: Sequence[Criterion], grounds: _Grounds) -> None:
    for criterion in criteria:
        if criterion.met is None and criterion.value is not None:
            grounds.doubt(
                f"{criterion.name} is {criterion.value:+.2g}, too uncertain to tell",
                "run it for longer, on a machine that does nothing else",
            )
        elif criterion.met is None:
            grounds.doubt(f"{criterion.name} could not be measured")
        elif not criterion.met and not criterion.name.endswith("_drift"):  # a finding tells it
            grounds.fail(
                f"{criterion.name} is {criterion.value:.4g}, "
                f"not {criterion.comparison} {criterion.limit:g}"
            )


def _weigh_load(evidence: Evidence, grounds: _Grounds) -> None:
    requests = sum(segment.requests for segment in evidence.segments)
    failures = sum(segment.failures for segment in evidence.segments)
    if requests == 0:
        grounds.doubt(
            "no request was completed, so nothing was tested",
            "check --url or the Locust file, and the end of the target's output",
        )
    elif failures >= FAILED_LOAD * requests:
        grounds.doubt(
            f"{failures / requests:.0%} of the {requests:,} requests failed, "
            "so the load did not exercise the target",
            "the failures are listed in the report; check --url or --locustfile",
        )


def _weigh_memory_sight(evidence: Evidence, grounds: _Grounds) -> None:
    """Doubt what could not be seen of memory."""
    look = evidence.look
    if look.memory is None and look.outside is None:
        grounds.doubt("no checkpoint was taken, so memory could not be judged")
        return
    if len(look.view.checkpoints) <= LEAST_SEGMENTS:
        if look.view.restarts:
            grounds.doubt(
                f"processes of the target came or went at {look.view.restarts} checkpoints, "
                "so no stretch was long enough to judge",
                "switch off worker recycling for the check (max_requests = 0)",
            )
        else:
            grounds.doubt(
                f"only {max(0, len(look.view.checkpoints) - 1)} segments were measured",
                "allow more time: --max-time 90s",
            )
        return
    judged = look.memory if look.memory is not None else look.outside
    assert judged is not None
    tiny = judged.shape in LEAKS and judged.rate.value < LEAK_FLOOR
    if not look.memory_settled and not tiny:
        grounds.doubt(f"memory: {judged.reason}", _more_time(look, judged.more_segments))
    elif look.detectable is None or look.detectable > DETECTABLE_LIMIT:
        seen = "nothing" if look.detectable is None else f"{look.detectable:.3g} B per request"
        grounds.doubt(
            f"the smallest leak that this run could have seen is {seen}, "
            f"above the limit of {DETECTABLE_LIMIT:g} B per request",
            "allow more time (--max-time) or more load (--users); without the agent, a leak "
            "shows only after megabytes",
        )


def _weigh_counts_sight(evidence: Evidence, grounds: _Grounds) -> None:
    """Doubt what could not be seen of descriptors, threads, tasks and processes."""
    look = evidence.look
    if not look.view.checkpoints:
        return  # that nothing was seen is said already
    for resource, assessment in look.counts.items():
        if assessment.shape not in SETTLED and count_finding(resource, assessment) is None:
            grounds.doubt(
                f"{resource}: {assessment.reason}", _more_time(look, assessment.more_segments)
            )


def _more_time(look: Look, segments: int | None) -> str:
    if segments is None:
        return "run it for longer: tsprof endurance"
    points = look.view.checkpoints
    lengths = [after.seconds - before.seconds for before, after in pairwise(points)]
    each = sum(lengths) / len(lengths) if lengths else 1.0
    total = points[-1].seconds + segments * each
    return f"about {segments * each:.0f} s more would tell: --max-time {total * 1.1:.0f}s"
