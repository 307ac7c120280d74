"""Findings: one cause each, in a sentence with its numbers."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from tsprof.analysis.attribution.causes import Cause
from tsprof.analysis.attribution.culprits import Culprit
from tsprof.analysis.growth.assess import Assessment, Shape
from tsprof.analysis.run.assessments import LEAKS, Look, requests_between
from tsprof.analysis.run.confirmation import Attribution, Drain
from tsprof.report import format as fmt
from tsprof.report.model import Finding, Holder, Resource, Site
from tsprof.report.wording import place

BOUNDED = 0.4
"""Share of a growth, by the agent's estimate, that containers with a bound must take for the rest
to be in doubt. The estimate does not see what C code keeps beside an entry: an entry of 400 bytes
in a functools.lru_cache was taken for 203."""
KEEPS = 0.5
"""Part of what the largest site allocates below which the first one is named for what it keeps."""
UNSEEN_BOUND = (
    "what holds a native program's memory is not known, and a cache that is not full yet grows in "
    "the same way: to tell them apart, run on until it would be full (--keep-going, --max-time), "
    "or make it smaller for the check"
)
FRAGMENTATION_FLOOR = 8 << 20
"""Bytes of allocator slack that must have come before fragmentation is worth a line."""
RARE = 0.7
"""Counted things per request up to which it says more to tell in how many requests one comes."""
NOUNS: Mapping[Resource, str] = {
    "fd": "open file descriptors",
    "thread": "threads",
    "task": "asyncio tasks",
    "process": "processes",
    "temporary_file": "temporary files",
}


def memory_findings(
    look: Look, attribution: Attribution | None, drain: Drain | None
) -> tuple[Finding, ...]:
    """Return the findings on memory, one per cause; none where it does not grow.

    Their rates sum up to the ledger's.
    """
    if look.memory_leaks:
        assert look.memory is not None
        known = attribution or Attribution()
        finding = _exact_finding(look, look.memory, known, drain)
        if finding.kind == "leak" and known.causes:
            return tuple(_of_cause(finding, cause, known) for cause in known.causes)
        return (finding,)
    for assessment, what in (
        (look.outside if look.outside_leaks else None, "resident memory, seen from outside,"),
        (look.unowned if look.unowned_leaks else None, "memory that no known allocator holds"),
    ):
        if assessment is not None:
            let_go = _let_go(drain)
            known = attribution or Attribution()
            if let_go is None:
                title = f"{what} grows by {_bytes(assessment)} per request"
                title += _where(known.sites, ())
            else:
                title = f"{what} grew by {_bytes(assessment)} per request, {let_go}"
            return (
                Finding(
                    resource="memory",
                    kind="leak" if let_go is None else "released",
                    title=title,
                    confidence=assessment.probability,
                    sites=known.sites,
                    details=known.notes,
                    **_rate(assessment),
                ),
            )
    if look.memory is not None and look.memory.shape is Shape.FILLING and not look.memory_settled:
        return (
            Finding(
                resource="memory",
                kind="filling",
                title=f"memory still fills: {look.memory.reason}",
                plateau=look.memory.plateau,
                confidence=1 - look.memory.probability,
                holders=attribution.holders if attribution else (),
                sites=attribution.sites if attribution else (),
                **_rate(look.memory),
            ),
        )
    return ()


def _exact_finding(
    look: Look, memory: Assessment, attribution: Attribution, drain: Drain | None
) -> Finding:
    kind, title, details = "leak", f"the target leaks {_bytes(memory)} per request", []
    if memory.clock not in ("request", "requests"):
        title += f"; the growth follows {memory.clock} best"
    if attribution.bounded_share >= BOUNDED:
        kind = "filling"
        title = f"memory grows {_bytes(memory)} per request{_into(attribution.holders[0])}"
    elif (let_go := _let_go(drain)) is not None:
        kind, title = "released", f"memory grew {_bytes(memory)} per request under load, {let_go}"
    if kind == "leak":
        title += _where(attribution.sites, attribution.holders)
    if drain is not None and drain.grown > 0 and kind == "leak":
        details.append(
            f"drain test: {max(drain.released, 0) / drain.grown:.0%} of the growth let go "
            f"within {drain.seconds:.0f} s without load"
        )
    details += attribution.details
    details += attribution.evictions
    details += attribution.notes
    readings = look.view.readings(look.view.checkpoints[-1])
    if kind == "leak" and all(reading.source == "native" for reading in readings):
        details.append(UNSEEN_BOUND)
    details.append(
        f"measured over {requests_between(look.view, memory):,} requests after warm-up; "
        f"shape: {memory.shape.value}; {memory.reason}"
    )
    return Finding(
        resource="memory",
        kind=kind,  # type: ignore[arg-type]  # one of the words above
        title=title,
        clock=memory.clock,
        confidence=memory.probability,
        plateau=attribution.plateau if kind == "filling" else None,
        sites=attribution.sites,
        holders=attribution.holders,
        details=tuple(details),
        **_rate(memory),
    )


def _let_go(drain: Drain | None) -> str | None:
    """Say how growth turned out to be none for good; None where it did not."""
    if drain is None:
        return None
    if drain.let_go:
        share = min(drain.gone / drain.grown, 1.0)
        return f"and {share:.0%} of that let go within {drain.seconds:.0f} s of rest"
    if drain.stopped:
        return f"but no longer after a rest of {drain.seconds:.0f} s"
    return None


def _of_cause(whole: Finding, cause: Cause, known: Attribution) -> Finding:
    """Return the part of a finding that one cause makes up."""
    part, all_of_it = fmt.size(whole.per_request * cause.share), fmt.size(whole.per_request)
    title = f"{part} of the {all_of_it} per request that the target gains"
    first = cause is known.causes[0]
    general = [detail for detail in whole.details if detail not in known.details]
    return whole.model_copy(
        update={
            "kind": "filling" if cause.bounded else "leak",
            "title": f"{title} go{_into(cause.holders[0])}"
            if cause.bounded
            else f"{title} leak{_where(cause.sites, cause.holders)}",
            "per_request": whole.per_request * cause.share,
            "low": whole.low * cause.share,
            "high": whole.high * cause.share,
            "plateau": cause.plateau if cause.bounded else None,
            "sites": tuple(
                site.model_copy(update={"share": site.share / cause.share}) for site in cause.sites
            ),
            "holders": cause.holders,
            "details": (*cause.details, *(general if first else ())),
        }
    )


def _where(sites: Sequence[Site], holders: Sequence[Holder]) -> str:
    """Say where memory is allocated, or where what was allocated before is kept, and by what."""
    words = ""
    largest = max((site.bytes_per_request for site in sites), default=0.0)
    for site in sites[:1]:
        done = "allocated" if site.bytes_per_request > KEEPS * largest else "kept"
        words += f", {done} in {site.function} ({place(site)})"
        words += f" through {site.through}" if site.through else ""
    for holder in holders[:1]:
        words += f", held by {holder.path}"
    return words


def _into(holder: Holder) -> str:
    """Say that memory goes into a container with a bound, or one that loses entries again."""
    if holder.bound:
        several = (holder.entries or 0) > holder.bound  # one in each of some workers
        bound = f"{holder.bound:,} entries" + (" in each process" if several else "")
        now = f"{holder.entries:,}" + (" in all" if several else "")
        stops = f"which is bounded at {bound} (now {now})"
    elif holder.entries_per_request_overall is not None:
        stops = (
            f"which gains entries ever more rarely ({fmt.number(holder.entries_per_request)} per "
            f"request of late, {fmt.number(holder.entries_per_request_overall)} over the whole run)"
        )
    else:
        stops = "from which its own code takes entries out again"
    return (
        f" into {holder.path}, {stops}: a cache that still fills looks like a leak until it is full"
    )


def garbage_finding(look: Look, attribution: Attribution | None) -> Finding:
    """Return the finding on reference cycles that nothing collects."""
    rate = look.garbage_per_request
    title = (
        f"reference cycles of {fmt.size(rate)} per request pile up, because the garbage "
        "collector is switched off"
    )
    if attribution and attribution.sites:
        site = attribution.sites[0]
        title += f"; most of it is allocated in {site.function} ({site.file}:{site.line})"
    return Finding(
        resource="garbage",
        kind="leak",
        title=title,
        per_request=rate,
        low=rate,
        high=rate,
        confidence=1.0,
        sites=attribution.sites if attribution else (),
        holders=attribution.cycles if attribution else (),
        details=("only the forced collections of the checkpoints freed them",),
    )


def count_finding(
    resource: Resource,
    assessment: Assessment,
    culprits: Sequence[Culprit] = (),
    drain: Drain | None = None,
) -> Finding | None:
    """Return the finding on a counted resource (descriptors, threads, tasks, processes).

    Args:
        resource: which.
        assessment: of its growth.
        culprits: what of the leaking resources was named.
        drain: what became of the growth at rest.
    """
    if assessment.shape not in LEAKS or assessment.rate.low <= 0:
        return None
    rate = assessment.rate.value
    often = f" (one in {1 / rate:,.0f} requests)" if rate <= RARE else ""
    amount = f"{fmt.number(rate)} per request{often}"
    let_go = _let_go(drain)
    if let_go is None:
        title = f"{NOUNS[resource]} grow by {amount}"
    else:
        title = f"{NOUNS[resource]} grew by {amount} under load, {let_go}"
    named = next((culprit for culprit in culprits if culprit.resource == resource), None)
    kind: Literal["leak", "filling", "released"] = "leak" if let_go is None else "released"
    if kind == "leak" and named is not None and named.filling is not None:
        kind = "filling"
        title += _into(named.filling)
    elif named is not None and named.title:
        title += f": {named.title}"
    return Finding(
        resource=resource,
        kind=kind,
        title=title,
        clock=assessment.clock,
        confidence=assessment.probability,
        sites=named.sites if named else (),
        holders=named.holders if named else (),
        details=(*(named.details if named else ()), assessment.reason),
        **_rate(assessment),
    )


def fragmentation_finding(look: Look) -> Finding | None:
    """Return the finding on allocator slack that grows while live memory does not."""
    slack = look.slack
    if slack is None or slack.shape not in LEAKS or look.memory_leaks:
        return None
    grown = slack.rate.low * requests_between(look.view, slack)
    if grown < FRAGMENTATION_FLOOR:
        return None
    return Finding(
        resource="memory",
        kind="fragmentation",
        title=f"the allocators hold {_bytes(slack)} per request more than is in use: "
        "fragmentation, not a leak",
        confidence=slack.probability,
        details=("MALLOC_ARENA_MAX=2 or another allocator often helps",),
        **_rate(slack),
    )


class _Rate(TypedDict):
    per_request: float
    low: float
    high: float


def _rate(assessment: Assessment) -> _Rate:
    rate = assessment.rate
    return {"per_request": rate.value, "low": rate.low, "high": rate.high}


def _bytes(assessment: Assessment) -> str:
    rate = assessment.rate
    between = fmt.size_interval(rate.low, rate.high, beside=rate.value)
    return f"{fmt.size(rate.value)}{fmt.in_parentheses(between)}"
