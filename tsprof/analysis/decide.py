"""The verdict: what all the evidence of a run comes to, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tsprof.analysis.allowances import Allowances, Weighed, remarks, weigh
from tsprof.analysis.assessments import (
    DETECTABLE_LIMIT,
    LEAK_FLOOR,
    LEAKS,
    SETTLED,
    Look,
)
from tsprof.analysis.confirmation import Attribution, Drain
from tsprof.analysis.culprits import Culprit
from tsprof.analysis.findings import (
    count_finding,
    fragmentation_finding,
    garbage_finding,
    memory_findings,
)
from tsprof.analysis.known_leaks import rate_text
from tsprof.records import Event, Segment
from tsprof.report.model import Criterion, Finding, Resource, Verdict

FAILED_LOAD = 0.5
"""Share of failed requests from which the load no longer tells anything about the target."""
SERVES_NO_MORE = 0.9
"""Share of failed requests in each of the last segments of a target that served before."""
LEAST_SEGMENTS = 4
USUAL_SEGMENTS = 12
"""Segments after which most runs are sure."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a verdict rests on."""

    look: Look
    segments: Sequence[Segment]
    """Those that no profiler slowed down."""
    events: Sequence[Event]
    criteria: Sequence[Criterion] = ()
    worse: Sequence[Finding] = ()
    """What drifted over the run, or got worse since the baseline."""
    told: Sequence[Criterion] = ()
    """Criteria whose failure is told by a finding in ``worse``."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Addresses of gauges of which a judgement was asked for in vain, and why."""
    allowances: Allowances | None = None
    folder: str = ""
    """The target's working directory."""
    attribution: Attribution | None = None
    drain: Drain | None = None
    """Of memory."""
    count_drains: Mapping[Resource, Drain] = field(default_factory=dict)
    culprits: Sequence[Culprit] = ()
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The verdict with its reasons."""

    verdict: Verdict
    reasons: tuple[str, ...]
    advice: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()
    """What a reader should know besides: leaks that have gone, acknowledgements without use."""
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

    Fail: a leak that is neither the baseline's nor acknowledged, a criterion missed, a target that
    died or hung under load. Inconclusive: whatever kept the run from seeing a leak. Pass: only
    what is left.
    """
    grounds = _Grounds()
    found = [*_findings(evidence.look, evidence), *evidence.worse]
    rate = _requests_per_second(evidence.segments)
    weighed = weigh(found, evidence.allowances, evidence.folder, rate)
    findings = [each.finding for each in weighed]
    _weigh_findings(weighed, grounds)
    _weigh_target(evidence.events, grounds)
    _weigh_criteria(evidence.criteria, grounds)
    _doubt_unmeasured(evidence.told, grounds)
    for source, reason in evidence.unread.items():
        grounds.doubt(f"the gauges at {source} could not be judged: {reason}")
    _weigh_load(evidence, grounds)
    if not any(f.resource == "memory" and f.kind != "fragmentation" for f in findings):
        _weigh_memory_sight(evidence, grounds)
    if not grounds.doubts:  # or they would be in doubt for the same reason: a short run
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
        verdict, reasons = Verdict.PASS, [(_pass_reason(evidence.look, weighed), "")]
    return Decision(
        verdict=verdict,
        reasons=tuple(dict.fromkeys(reason for reason, _ in reasons)),
        advice=tuple(dict.fromkeys(advice for _, advice in reasons if advice)),
        findings=tuple(findings),
        remarks=tuple(
            remarks(
                findings,
                evidence.allowances,
                evidence.folder,
                rate,
                conclusive=verdict is not Verdict.INCONCLUSIVE,
            )
        ),
        interrupted=interrupted,
    )


def _cut_off(events: Sequence[Event]) -> tuple[str, str]:
    for event in events:
        if event.kind == "store_failed":
            return event.text, "make room on the disk, or let TSPROF_HOME name another place"
    return "the run was cut off before it could tell", ""


def _pass_reason(look: Look, weighed: Sequence[Weighed]) -> str:
    seen = look.detectable or 0.0
    excused = [each for each in weighed if each.finding.excuse]
    if not excused:
        return f"no leak found; anything above {seen:.2g} B per request would have shown"
    names = ", ".join(each.finding.key for each in excused)
    reason = f"nothing found but what is known or acknowledged ({names})"
    memory = [each.room for each in excused if each.finding.resource == "memory"]
    if not memory:
        return f"{reason}; a leak of memory above {seen:.2g} B per request would have shown"
    if all(memory):
        beside = rate_text("memory", max(*memory, seen))
        return f"{reason}; a further leak of memory above {beside} would have shown"
    return f"{reason}; a further leak of memory would have shown by its own site or holder only"


def _findings(look: Look, evidence: Evidence) -> list[Finding]:
    """Return what grows, the memory first."""
    found = [
        *memory_findings(look, evidence.attribution, evidence.drain),
        garbage_finding(look, evidence.attribution) if "garbage" in look.leaking else None,
        *(
            count_finding(
                resource, assessment, evidence.culprits, evidence.count_drains.get(resource)
            )
            for resource, assessment in look.counts.items()
        ),
        fragmentation_finding(look),
    ]
    return [finding for finding in found if finding is not None]


def _weigh_findings(weighed: Sequence[Weighed], grounds: _Grounds) -> None:
    for each in weighed:
        if each.failure:
            grounds.fail(each.failure)
        elif each.finding.kind == "filling":
            grounds.doubt(
                each.finding.title,
                "run longer (--max-time), or with a smaller cache, to see past the filling",
            )
        elif each.finding.kind == "released":
            grounds.doubt(
                each.finding.title, "run longer than what was released lives (tsprof endurance)"
            )


def _weigh_target(events: Sequence[Event], grounds: _Grounds) -> None:
    for event in events:
        if event.kind in ("target_ended", "target_hung", "out_of_memory"):
            grounds.fail(event.text, "the end of the target's output is in the report")
        elif event.kind in ("load_lost", "agent_lost", "control_failed"):
            grounds.doubt(event.text)


def _weigh_criteria(criteria: Sequence[Criterion], grounds: _Grounds) -> None:
    _doubt_unmeasured(criteria, grounds)
    for criterion in criteria:
        if criterion.met is False:
            grounds.fail(
                f"{criterion.name} is {criterion.value:.4g}, "
                f"not {criterion.comparison} {criterion.limit:g}"
            )


def _doubt_unmeasured(criteria: Sequence[Criterion], grounds: _Grounds) -> None:
    for criterion in criteria:
        if criterion.met is None and criterion.value is not None:
            grounds.doubt(
                f"{criterion.name} is {criterion.value:+.2g}, too uncertain to tell",
                "run it for longer, on a machine that does nothing else",
            )
        elif criterion.met is None:
            why = f": {criterion.reason}" if criterion.reason else ""
            grounds.doubt(f"{criterion.name} could not be measured{why}")


def _requests_per_second(segments: Sequence[Segment]) -> float:
    seconds = sum(segment.seconds for segment in segments)
    return sum(segment.requests for segment in segments) / seconds if seconds > 0 else 0.0


def _weigh_load(evidence: Evidence, grounds: _Grounds) -> None:
    requests = sum(segment.requests for segment in evidence.segments)
    failures = sum(segment.failures for segment in evidence.segments)
    interrupted = any(event.kind == "interrupted" for event in evidence.events)
    if requests == 0 and (interrupted or not evidence.complete):
        return  # before a first segment was counted, which says nothing of the load
    if requests == 0:
        grounds.doubt(
            "no request was completed, so nothing was tested",
            "check --url or the Locust file, and the end of the target's output",
        )
    elif failures >= FAILED_LOAD * requests:
        share = f"{failures / requests:.0%} of the {requests:,} requests failed"
        served = _served_at_first(evidence.segments)
        if served:
            grounds.doubt(
                f"{share}, after {served:,} had been answered well: the target stopped serving",
                "the failures are listed in the report; a limit may have been reached, of open "
                "files, of connections, or of the requests that one client may send",
            )
        else:
            grounds.doubt(
                f"{share}, so the load did not exercise the target",
                "the failures are listed in the report; check --url or --locustfile",
            )


def _served_at_first(segments: Sequence[Segment]) -> int:
    """Return the requests that were answered well before a target failed all the rest; else 0."""
    failing = next(
        (n for n, s in enumerate(segments) if s.failures >= SERVES_NO_MORE * s.requests > 0), 0
    )
    rest = segments[failing:]
    if not all(s.failures >= SERVES_NO_MORE * s.requests for s in rest):
        return 0
    return sum(s.requests - s.failures for s in segments[:failing])


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
                _more_time(look, USUAL_SEGMENTS),
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
