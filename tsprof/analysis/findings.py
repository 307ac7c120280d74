"""Findings: one cause each, in a sentence with its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from tsprof.analysis.assessments import LEAKS, Look, requests_between
from tsprof.analysis.culprits import Culprit
from tsprof.analysis.growth import Assessment, Shape
from tsprof.report.model import Finding, Holder, Resource, Site

BOUNDED = 0.4
"""Share of a growth, by the agent's estimate, that containers with a bound must take for the rest
to be in doubt. The estimate does not see what C code keeps beside an entry: an entry of 400 bytes
in a functools.lru_cache was taken for 203."""
RELEASED = 0.5
"""Share of a growth that must let go by itself for it not to be called a leak."""
FRAGMENTATION_FLOOR = 8 << 20
"""Bytes of allocator slack that must have come before fragmentation is worth a line."""
COUNTED = {
    "fd": "open file descriptors",
    "thread": "threads",
    "task": "asyncio tasks",
    "process": "processes",
}


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What the attribution windows and the walk of holders found."""

    sites: tuple[Site, ...] = ()
    holders: tuple[Holder, ...] = ()
    evictions: tuple[str, ...] = ()
    """Where the holders' own code takes entries out again, in words."""
    bounded_share: float = 0.0
    """Part of the growth, 0 to 1, that is held by containers with a bound or an expiry."""
    plateau: float | None = None
    """Bytes at which the bounded containers will stop."""
    explained: float = 0.0
    """Part of the ledger's growth that the sites explain."""
    notes: tuple[str, ...] = ()
    container_bytes_per_request: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Drain:
    """The drain test: what let go by itself while the gate stayed closed."""

    seconds: float
    grown: float
    """Bytes that had come within the settled window."""
    released: float
    """Bytes of them that went while nothing was asked of the target."""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What was done to make sure of a leak, and to name it."""

    attribution: Attribution | None = None
    drain: Drain | None = None
    culprits: tuple[Culprit, ...] = ()
    """What the leaking descriptors, threads, tasks and processes are."""
    last_judged: int | None = None
    """Number of the last checkpoint that the verdict rests on; None for all."""
    seconds: float = 0.0
    """Time that it took."""


def memory_finding(
    look: Look, attribution: Attribution | None, drain: Drain | None
) -> Finding | None:
    """Return the finding on memory, or None where it does not grow."""
    if look.memory_leaks:
        assert look.memory is not None
        return _exact_finding(look, look.memory, attribution or Attribution(), drain)
    for assessment, what in (
        (look.outside if look.outside_leaks else None, "resident memory, seen from outside,"),
        (look.unowned if look.unowned_leaks else None, "memory outside of Python and malloc"),
    ):
        if assessment is not None:
            return Finding(
                resource="memory",
                kind="leak",
                title=f"{what} grows by {_bytes(assessment)} per request",
                confidence=assessment.probability,
                **_rate(assessment),
            )
    if look.memory is not None and look.memory.shape is Shape.FILLING:
        return Finding(
            resource="memory",
            kind="filling",
            title=f"memory still fills: {look.memory.reason}",
            plateau=look.memory.plateau,
            confidence=1 - look.memory.probability,
            holders=attribution.holders if attribution else (),
            sites=attribution.sites if attribution else (),
            **_rate(look.memory),
        )
    return None


def _exact_finding(
    look: Look, memory: Assessment, attribution: Attribution, drain: Drain | None
) -> Finding:
    kind, title, details = "leak", f"the target leaks {_bytes(memory)} per request", []
    if memory.clock not in ("request", "requests"):
        title += f"; the growth follows {memory.clock} best"
    if attribution.bounded_share >= BOUNDED:
        held = attribution.holders[0]
        kind = "filling"
        title = (
            f"memory grows {_bytes(memory)} per request into {held.path}, which is bounded"
            + (f" at {held.bound:,} entries (now {held.entries:,})" if held.bound else "")
            + ": a cache that still fills looks like a leak until it is full"
        )
    elif drain is not None and drain.released >= RELEASED * drain.grown > 0:
        kind = "released"
        title = (
            f"memory grew {_bytes(memory)} per request under load and "
            f"{drain.released / drain.grown:.0%} of it let go within {drain.seconds:.0f} s of rest"
        )
    elif attribution.sites:
        site = attribution.sites[0]
        title += f", allocated in {site.function} ({site.file}:{site.line})"
    if kind == "leak" and attribution.holders:
        title += f", held by {attribution.holders[0].path}"
    if drain is not None and drain.grown > 0 and kind == "leak":
        details.append(
            f"drain test: {max(drain.released, 0) / drain.grown:.0%} of the growth let go "
            f"within {drain.seconds:.0f} s without load"
        )
    details += attribution.evictions
    details += attribution.notes
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


def garbage_finding(look: Look, attribution: Attribution | None) -> Finding:
    """Return the finding on reference cycles that nothing collects."""
    rate = look.garbage_per_request
    return Finding(
        resource="garbage",
        kind="leak",
        title=f"reference cycles of {rate:.4g} B per request pile up, because the garbage "
        "collector is switched off",
        per_request=rate,
        low=rate,
        high=rate,
        confidence=1.0,
        sites=attribution.sites if attribution else (),
        holders=attribution.holders if attribution else (),
        details=("only the forced collections of the checkpoints freed them",),
    )


def count_finding(
    resource: Resource, assessment: Assessment, culprits: Sequence[Culprit] = ()
) -> Finding | None:
    """Return the finding on a counted resource (descriptors, threads, tasks, processes).

    Args:
        resource: which.
        assessment: of its growth.
        culprits: what of the leaking resources was named.
    """
    if assessment.shape not in LEAKS or assessment.rate.low <= 0:
        return None
    rate = assessment.rate.value
    title = f"{COUNTED[resource]} grow by {rate:.4g} per request (one in {1 / rate:,.0f} requests)"
    named = next((culprit for culprit in culprits if culprit.resource == resource), None)
    if named is not None and named.title:
        title += f": {named.title}"
    return Finding(
        resource=resource,
        kind="leak",
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
    return f"{rate.value:.4g} B ({rate.low:.4g} to {rate.high:.4g})"
