"""The verdict: what all the evidence of a run comes to, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tsprof.analysis.attribution.memory_access import invalid_findings
from tsprof.analysis.comparison.allowances import Allowances, Weighed, remarks, weigh
from tsprof.analysis.comparison.known_leaks import rate_text
from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.analysis.service.delivery import ADVICE
from tsprof.analysis.service.segments import requests_per_second
from tsprof.analysis.verdict.blind_spots import (
    unread_memory,
    weigh_counts_sight,
    weigh_memory_sight,
)
from tsprof.analysis.verdict.ending import piled_up
from tsprof.analysis.verdict.findings import (
    count_finding,
    fragmentation_finding,
    garbage_finding,
    memory_findings,
)
from tsprof.analysis.verdict.grounds import Grounds
from tsprof.analysis.verdict.more_time import TimeAllowed, more_time
from tsprof.analysis.verdict.unserved_load import failed_share, weigh_load
from tsprof.records import Event, Segment
from tsprof.report.model import Criterion, Delivery, Finding, Verdict
from tsprof.report.service_wording import criterion_unit


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a verdict rests on."""

    look: Look
    segments: Sequence[Segment]
    """Those that no profiler slowed down."""
    failures: Sequence[str] = ()
    """The messages of failed requests, such as ``GET /a: HTTP 404 (974 times)``."""
    events: Sequence[Event]
    criteria: Sequence[Criterion] = ()
    worse: Sequence[Finding] = ()
    """What drifted over the run, or got worse since the baseline."""
    delivery: Delivery = field(default_factory=Delivery)
    """Whether the load was what was asked for."""
    told: Sequence[Criterion] = ()
    """Criteria whose failure is told by a finding in ``worse``."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Addresses of gauges of which a judgement was asked for in vain, and why."""
    incomparable: str = ""
    """Why nothing can be said of the target beside a reference; empty where it can, or none is."""
    allowances: Allowances | None = None
    folder: str = ""
    """The target's working directory."""
    confirmation: Confirmation = field(default_factory=Confirmation)
    complete: bool = True
    so_far: str = ""
    """How far a run is that is under way; empty for one that is not."""
    allowed: TimeAllowed = field(default_factory=TimeAllowed)


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


def decide(evidence: Evidence) -> Decision:
    """Weigh the evidence of a finished, or cut short, run.

    Fail: a leak that is neither the baseline's nor acknowledged, a criterion missed, a target that
    died or hung under load. Inconclusive: whatever kept the run from seeing a leak. Pass: only
    what is left.
    """
    grounds = Grounds()
    found = [*_findings(evidence.look, evidence), *evidence.worse]
    rate = requests_per_second(evidence.segments)
    weighed = weigh(found, evidence.allowances, evidence.folder, rate)
    findings = [each.finding for each in weighed]
    _weigh_findings(weighed, evidence, grounds)
    _weigh_target(evidence, grounds)
    _weigh_criteria(evidence.criteria, grounds)
    _doubt_unmeasured((*evidence.criteria, *evidence.told), evidence.delivery, grounds)
    interrupted = any(event.kind == "interrupted" for event in evidence.events)
    cut_short = interrupted or not evidence.complete
    _doubt_unseen(evidence, grounds, cut_short=cut_short)
    ended_early = cut_short or any(event.kind == "load_lost" for event in evidence.events)
    if not ended_early or any(segment.requests for segment in evidence.segments):
        # Else it ended before anything was counted.
        weigh_load(evidence.segments, evidence.failures, grounds)
    allowed = replace(evidence.allowed, cut_short=cut_short)
    if not any(f.resource == "memory" and f.kind != "fragmentation" for f in findings):
        weigh_memory_sight(evidence.look, allowed, grounds)
    if not grounds.doubts:  # or they would be in doubt for the same reason: a short run
        weigh_counts_sight(evidence.look, allowed, grounds)
    if interrupted:
        grounds.doubts.insert(0, ("the run was interrupted before it could tell", ""))
    elif not evidence.complete:
        grounds.doubts.insert(0, _cut_off(evidence.events, evidence.so_far))
    if grounds.failures:
        verdict, reasons = Verdict.FAIL, grounds.failures
    elif grounds.doubts:
        verdict, reasons = Verdict.INCONCLUSIVE, grounds.doubts
    else:
        verdict, reasons = Verdict.PASS, [(_pass_reason(evidence.look, weighed), "")]
    if evidence.so_far and verdict is Verdict.FAIL:
        reasons.append((evidence.so_far, ""))
    if (failed := failed_share(evidence.segments)) and not any(failed in r for r, _ in reasons):
        reasons.append((failed, ""))
    return Decision(
        verdict=verdict,
        reasons=tuple(dict.fromkeys(reason for reason, _ in reasons)),
        advice=tuple(dict.fromkeys(advice for _, advice in reasons if advice)),
        findings=tuple(findings),
        remarks=(
            *unread_memory(evidence.look),
            *remarks(
                findings,
                evidence.allowances,
                evidence.folder,
                rate,
                conclusive=verdict is not Verdict.INCONCLUSIVE,
            ),
        ),
        interrupted=interrupted,
    )


def _cut_off(events: Sequence[Event], so_far: str) -> tuple[str, str]:
    for event in events:
        if event.kind == "store_failed":
            return event.text, "make room on the disk, or let TSPROF_HOME name another place"
    if so_far:
        return so_far, "wait for its end"
    return "the run was cut off before it could tell", ""


def _pass_reason(look: Look, weighed: Sequence[Weighed]) -> str:
    smallest = look.detectable or 0.0
    seen = rate_text("memory", smallest)
    excused = [each for each in weighed if each.finding.excuse]
    if not excused:
        return f"no leak found; anything above {seen} would have shown"
    names = ", ".join(each.finding.key for each in excused)
    reason = f"nothing found but what is known or acknowledged ({names})"
    memory = [each.room for each in excused if each.finding.resource == "memory"]
    if not memory:
        return f"{reason}; a leak of memory above {seen} would have shown"
    if all(memory):
        beside = rate_text("memory", max(*memory, smallest))
        return f"{reason}; a further leak of memory above {beside} would have shown"
    return f"{reason}; a further leak of memory would have shown by its own site or holder only"


def _findings(look: Look, evidence: Evidence) -> list[Finding]:
    """Return what grows, the cause first, and what a memory checker saw."""
    confirmed = evidence.confirmation
    memory = memory_findings(look, confirmed.attribution, confirmed.drain)
    counted = [
        count_finding(
            resource, assessment, confirmed.culprits, confirmed.count_drains.get(resource)
        )
        for resource, assessment in look.counts.items()
    ]
    causes = [each for each in counted if each is not None and _costs(each, memory)]
    found = [
        *causes,
        *memory,
        garbage_finding(look, confirmed.attribution) if "garbage" in look.leaking else None,
        *(each for each in counted if each not in causes),
        fragmentation_finding(look),
        *invalid_findings(confirmed.invalid),
    ]
    return [finding for finding in found if finding is not None]


def _costs(counted: Finding, memory: Sequence[Finding]) -> bool:
    """Tell whether memory grows because something that is counted does.

    Both are from the same line then, or no line that tells as much is known to allocate: what a
    thread that never ends keeps is allocated in the interpreter's own threading.py, and what an
    open socket keeps in its selectors.py.
    """
    if counted.kind != "leak" or not counted.sites:
        return False
    line = counted.sites[0]
    allocating = [finding.sites[0] for finding in memory if finding.sites][:1]
    telling = ("application", "dependency")
    return line.origin in telling and all(
        site.origin not in telling[: telling.index(line.origin) + 1]
        or (site.file, site.function) == (line.file, line.function)
        for site in allocating
    )


def _weigh_findings(weighed: Sequence[Weighed], evidence: Evidence, grounds: Grounds) -> None:
    for each in weighed:
        if each.failure:
            grounds.fail(each.failure)
        elif each.finding.kind == "filling":
            grounds.doubt(each.finding.title, _past_the_filling(evidence))
        elif each.finding.kind == "released":
            grounds.doubt(
                each.finding.title, "run longer than what was released lives (tsprof endurance)"
            )


def _past_the_filling(evidence: Evidence) -> str:
    memory = evidence.look.memory
    if memory is None or memory.more_segments is None:
        option = evidence.allowed.option
        return f"run longer ({option}), or with a smaller cache, to see past the filling"
    time = more_time(evidence.look, memory.more_segments, evidence.allowed)
    return f"{time}; or check with a smaller cache, to see past the filling"


def _weigh_target(evidence: Evidence, grounds: Grounds) -> None:
    for event in evidence.events:
        if event.kind in ("target_ended", "target_hung", "out_of_memory"):
            piled = piled_up(evidence.look.view)
            grounds.fail(f"{event.text}, when {piled}" if piled else event.text)
        elif event.kind in ("load_lost", "agent_lost", "control_failed", "profiler_failed"):
            grounds.doubt(event.text)


def _weigh_criteria(criteria: Sequence[Criterion], grounds: Grounds) -> None:
    for criterion in criteria:
        if criterion.met is False:
            grounds.fail(
                f"{criterion.name} is {criterion.value:.4g}, "
                f"not {criterion.comparison} {criterion.limit:g}"
            )


def _doubt_unmeasured(criteria: Sequence[Criterion], delivery: Delivery, grounds: Grounds) -> None:
    untold = [criterion for criterion in criteria if criterion.met is None]
    for_load = [c.name for c in untold if delivery.reason and c.reason == delivery.reason]
    if for_load:
        names = ", ".join(for_load)
        grounds.doubt(f"{names} cannot be told: {delivery.reason}", ADVICE[delivery.limited_by])
    for criterion in untold:
        why = f": {criterion.reason}" if criterion.reason else ""
        if criterion.name in for_load:
            continue
        if criterion.value is None:
            grounds.doubt(f"{criterion.name} could not be measured{why}")
        else:
            grounds.doubt(
                f"{criterion.name} is {criterion_unit(criterion, criterion.value)}, "
                f"too uncertain to tell{why}",
                "run it for longer, on a machine that does nothing else",
            )


def _doubt_unseen(evidence: Evidence, grounds: Grounds, *, cut_short: bool) -> None:
    for source, reason in evidence.unread.items():
        grounds.doubt(f"the gauges at {source} could not be judged: {reason}")
    if evidence.incomparable:
        grounds.doubt(
            f"the two targets could not be compared: {evidence.incomparable}",
            "let it run to its end"
            if cut_short
            else "see what reference/target.log of the run says, or give it more --duration",
        )
