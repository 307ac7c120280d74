"""What attribution comes to: the sites of a growth, its holders, and whether they are bounded."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tsprof.analysis.attribution.causes import (
    Cause,
    entry_in_words,
    filling,
    holders_of,
    is_in,
    key_of,
    separate,
    site_at,
)
from tsprof.analysis.attribution.holders import HeldGrowth, Replies, held_growth
from tsprof.analysis.attribution.native import beside_tables
from tsprof.analysis.attribution.rarer import with_rarer
from tsprof.analysis.attribution.reconcile import EXPLAINED, Reconciliation, reconcile
from tsprof.analysis.attribution.sites import LeakingSite, Origin
from tsprof.analysis.attribution.sized import caches_in_c
from tsprof.analysis.attribution.tables import with_tables
from tsprof.analysis.run.assessments import Look, requests_between, seconds_between
from tsprof.analysis.run.confirmation import Attribution
from tsprof.analysis.run.ledger import LARGE_BLOCK
from tsprof.analysis.run.mappings import as_resident
from tsprof.report.model import Holder, Site

LEAST_GAIN = 0.02
"""Part of the growth, in estimated bytes, from which a holder is worth a line."""
NAMED = 0.5
"""Part of the growth that sites must explain, or a holder keep, to be named as its cause."""
LEAST_ENTRIES = 64
"""Entries from which a container may be what accumulates."""
LEAST_GAINED = 20
"""Entries that it must have gained in the window. The dicts and lists of new connections came to
24 within 2,700 requests."""
ABOUT_AS_MUCH = 0.5
"""Part of the largest site's bytes from which a line of the application goes before it: of a kept
exception, a line of the server's allocated 2,073 B and the application's 1,975 B."""
KEEPS_PACE = 0.1
"""Entries per block of the largest site from which a container may hold it, however small. A leak
in C, of a block per request, was said to be held by connections' timers, one in 160 requests."""
YOUNG = 2.0
"""Multiple of the ledger's growth that a fresh process may gain. A table that doubles is more of
its growth than of that of an old one: 425 B per request were seen, of 335."""
GATHERED = 0.5
"""Part of the entries that a container with a bound must have gained over the run at the pace of
the window. An event loop's list of timers, compacted at 100 cancelled ones, had 78 of 3,100."""
ALL = 0.95
"""Part of the entries that came over the run from which a container is said to have lost none."""
SHOWN = 5
"""Holders in a report, those that gained the most."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One window's evidence, by pid where it is one process's."""

    sites: Sequence[LeakingSite]
    before: Mapping[int, Any]
    """Replies of ``census.take`` before the window; text where there was none."""
    after: Mapping[int, Any]
    holders: Mapping[int, Sequence[Mapping[str, Any]]]
    """Replies of ``holders.find``."""
    requests: int
    """In the whole window."""
    seconds: float = 0.0
    """That it was open; 0 where that is not known."""
    requests_overall: int | None = None
    """Since the processes began; None where that is not known."""
    garbage: Mapping[int, Any] = field(default_factory=dict)
    """Replies of ``garbage.take`` at its end."""
    sized: Sequence[Mapping[str, Any]] = ()
    """Replies of ``sized.take`` at its end."""
    native: bool = False
    """Of a program without an interpreter: no holders tell which sites are one mistake."""
    whole_heap: bool = False
    """Told by what the whole heap of a fresh process gained: nothing in it replaces old entries."""
    notes: tuple[str, ...] = ()


def conclude(seen: Seen, final: Look, origin_of: Callable[[str], Origin]) -> Attribution:
    """Put sites and holders beside the ledger's growth.

    Args:
        seen: in the window.
        final: the look with the growth that is to be explained.
        origin_of: tells whose code a source file is.
    """
    growth = final.memory.rate.value if final.memory is not None else 0.0
    unowned = final.unowned is not None and final.unowned_leaks and not final.memory_leaks
    if final.unowned is not None and unowned:
        growth = final.unowned.rate.value
    blocks = blocks_per_request(final)
    if final.garbage_per_request > growth:
        growth = final.garbage_per_request
        blocks = None  # the checkpoints that counted them collected the garbage first
    held = [one for one in _worth_a_line(seen, growth) if _has_gathered(one, seen, final)]
    if seen.requests_overall is not None and not final.view.restarts:
        held = with_rarer(
            held,
            requests=seen.requests,
            requests_overall=seen.requests_overall,
            gained=_gained(final) + growth * seen.requests,
        )
    held += _in_c(seen, growth - sum(cause.bytes_per_request for cause in held if not cause.weak))
    sites = as_resident(seen.sites, mapped_bytes=growth if unowned else None)
    sites = with_tables(sites, held, bytes_per_request=growth)
    leaking = [cause for cause in held if not cause.is_bounded]
    kept = [leak for leak in sites if holders_of(leak.site, leaking)]
    reconciled = reconcile(sites, bytes_per_request=growth, blocks_per_request=blocks, kept=kept)
    found = sum(leak.site.bytes_per_request for leak in sites)
    if seen.whole_heap and not reconciled.agrees and found <= YOUNG * growth:
        reconciled = reconcile(sites, bytes_per_request=found)
    if seen.native and final.memory is not None:
        reconciled = beside_tables(reconciled, final.memory.rate)
    bounded = [cause for cause in held if cause.is_bounded]
    whole = max(growth, sum(cause.bytes_per_request for cause in held))
    plateaus = [cause.plateau_bytes for cause in bounded if cause.plateau_bytes is not None]
    named = tuple(_with_origin(one, origin_of) for one in _trusted(reconciled, held, growth))
    return Attribution(
        sites=named,
        causes=_causes(reconciled, named, held, sites) if growth > 0 and not seen.native else (),
        details=(
            *_fillings(held, named),
            *(words for cause in held if (words := entry_in_words(cause))),
        ),
        holders=tuple(cause.holder for cause in held),
        cycles=_cycles(seen),
        evictions=tuple(
            _in_words(cause, seen.requests_overall) for cause in held if cause.eviction is not None
        ),
        bounded_share=sum(c.bytes_per_request for c in bounded) / whole if whole > 0 else 0.0,
        plateau=sum(plateaus) if plateaus else None,
        explained=reconciled.explained,
        notes=(*seen.notes, *reconciled.notes, *(note for c in held for note in c.notes)),
        container_bytes_per_request=_table_growth(seen),
    )


def _has_gathered(one: HeldGrowth, seen: Seen, final: Look) -> bool:
    """Tell whether a container with a bound has as many entries as the run must have given it.

    One that only comes and goes may gain in the window, too. A cache of two generations has handed
    some over to the old one. What follows the clock gains more per request in a window, which slows
    the target down: samples of a time, kept for ten minutes, came eight times as often.
    """
    if not one.is_bounded or final.memory is None:
        return True
    came = one.holder.entries_per_request * requests_between(final.view, final.memory)
    if seen.seconds > 0:  # where the load is steady, both clocks fit the growth
        a_second = one.holder.entries_per_request * seen.requests / seen.seconds
        came = min(came, a_second * seconds_between(final.view, final.memory))
    return one.holder.entries + one.handed_over >= GATHERED * came


def _gained(final: Look) -> float:
    """Return the bytes of live memory that came between the first and the last checkpoint."""
    first, last = final.view.checkpoints[0], final.view.checkpoints[-1]
    before = {reading.identity: reading.live or 0 for reading in first.processes}
    judged = final.view.readings(last)
    return float(sum((after.live or 0) - before.get(after.identity, 0) for after in judged))


def _worth_a_line(seen: Seen, growth: float) -> list[HeldGrowth]:
    """Return what holds a good part of the growth, and the container that gains the fastest.

    An object that is no container may be one of many of its type, and not of those that are new.
    """
    replies = [
        Replies(before=seen.before[pid], after=seen.after[pid], holders=found)
        for pid, found in seen.holders.items()
        if isinstance(seen.before.get(pid), Mapping) and isinstance(seen.after.get(pid), Mapping)
    ]
    causes = [
        cause
        for cause in held_growth(replies, requests=seen.requests)
        if _is_sizeable(cause, seen.requests)
    ]
    containers = [cause for cause in causes if cause.holder.entries]
    most = max((cause.holder.entries_per_request for cause in containers), default=0.0)
    leaking = seen.sites[0].site.blocks_per_request if seen.sites else 0.0
    keeps_pace = most >= KEEPS_PACE * leaking
    return [
        cause
        for cause in causes
        if cause.bytes_per_request >= (LEAST_GAIN if cause.holder.entries else NAMED) * growth
        or (keeps_pace and cause.holder.entries_per_request == most and not cause.is_measured)
    ][:SHOWN]


def _in_c(seen: Seen, left: float) -> Sequence[HeldGrowth]:
    """Return the caches written in C that still fill, with the growth that is left for them."""
    leaking = seen.sites[0].site.blocks_per_request if seen.sites else 0.0
    least = max(KEEPS_PACE * leaking, LEAST_GAINED / max(seen.requests, 1))
    return caches_in_c(seen.sized, requests=seen.requests, growth=left, least=least)


def _trusted(
    reconciled: Reconciliation, held: Sequence[HeldGrowth], growth: float
) -> tuple[Site, ...]:
    """Return the sites that can be named: those that insert into a growing container come first.

    What a kept object drags along may be allocated elsewhere, and be larger: a traceback keeps its
    frames' buffers. The line to mend is where it is kept. What lies on no way to a container comes
    last: CPython reuses objects, so that a block may come from where another use of it began.
    Where the numbers do not agree with the ledger's, or explain little of it, these are only the
    sites in functions that insert into a container that grows.
    """
    writers = [place for cause in held for place in cause.writers]
    keeping = [site for site in reconciled.sites if any(is_in(site, one) for one in writers)]
    rest = [site for site in reconciled.sites if site not in keeping]
    linked = [site for site in rest if holders_of(site, held)]
    unlinked = [site for site in rest if site not in linked]
    others = [*_own_first(linked), *_own_first(unlinked)]
    for largest in held[:1]:
        most = largest.bytes_per_request >= NAMED * growth
        if most and _only_keeps(largest, held, [*keeping, *others]):
            keeping.insert(0, site_at(filling(largest, reconciled.sites), 0.0))
    if not reconciled.agrees or reconciled.explained < NAMED:
        return tuple(keeping)
    return (*keeping, *others)


def _fillings(held: Sequence[HeldGrowth], named: Sequence[Site]) -> list[str]:
    """Say where the holders are filled, unless that is a line that is named anyway."""
    places = [(cause, filling(cause, named)) for cause in held if cause.writers]
    return [
        f"{cause.holder.path} is filled in {place.function} ({place.file}:{place.line})"
        for cause, place in places
        if not any(is_in(site, place) for site in named)
    ]


def _with_origin(site: Site, origin_of: Callable[[str], Origin]) -> Site:
    """Say whose code a line of Python is to which no allocation led."""
    if not site.file.endswith(".py"):
        return site
    origin = origin_of(site.file)
    return site.model_copy(update={"origin": origin.kind, "package": origin.package})


def _own_first(sites: Sequence[Site]) -> list[Site]:
    """Put the application's own lines first, where they are about as much of the growth."""
    most = max((site.bytes_per_request for site in sites), default=0.0)
    own = [
        site
        for site in sites
        if site.origin == "application" and site.bytes_per_request >= ABOUT_AS_MUCH * most
    ]
    return [*own, *(site for site in sites if site not in own)]


def _only_keeps(largest: HeldGrowth, held: Sequence[HeldGrowth], sites: Sequence[Site]) -> bool:
    """Tell whether the line that fills the largest holder is to be named for what others allocate.

    That is so where exceptions keep what their frames allocated, and where most of the growth was
    allocated on no way to a holder.
    """
    if not largest.writers or largest.is_bounded or not sites:
        return False
    if any(is_in(sites[0], place) for place in largest.writers):
        return False
    linked = sum(site.bytes_per_request for site in sites if holders_of(site, held))
    whole = sum(site.bytes_per_request for site in sites)
    return largest.keeps_frames or linked < NAMED * whole


def _causes(
    reconciled: Reconciliation,
    named: Sequence[Site],
    held: Sequence[HeldGrowth],
    sites: Sequence[LeakingSite],
) -> tuple[Cause, ...]:
    """Return the mistakes behind the growth, if the sites tell of all of it and of several."""
    if not reconciled.agrees or reconciled.explained < EXPLAINED:
        return ()
    return separate(
        named,
        held,
        lines={key_of(leak.site): leak.lines for leak in sites},
        native={
            key_of(leak.site)
            for leak in sites
            if leak.site.blocks_per_request > 0 and not leak.python_blocks_per_request
        },
    )


def _cycles(seen: Seen) -> tuple[Holder, ...]:
    """Return the kinds of cycles that made up the garbage, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for reply in seen.garbage.values():
        for entry in reply["cycles"] if isinstance(reply, Mapping) else ():
            counts[entry["cycle"], entry["type"]] += entry["count"]
    return tuple(
        Holder(
            path=f"a cycle in garbage: {cycle}",
            type=kind,
            entries_per_request=count / seen.requests,
            entries=count,
        )
        for (cycle, kind), count in counts.most_common(SHOWN)
    )


def blocks_per_request(final: Look) -> float | None:
    """Return how many blocks of Python's a request leaves; None where that is not known."""
    judged, points = final.memory, final.view.checkpoints
    if judged is None or not points:
        return None
    first, last = points[judged.first], points[judged.last]
    if not any(reading.source == "agent" for reading in last.processes):
        return None  # native programs do not count their blocks
    gained = sum(
        after.blocks - before.blocks
        for after in final.view.readings(last)
        for before in first.processes
        if before.identity == after.identity
    )
    return gained / max(last.requests - first.requests, 1)


def _is_sizeable(cause: HeldGrowth, requests: int) -> bool:
    """Tell a container that accumulates from one that is new: a connection's, an import's."""
    holder = cause.holder
    accumulates = holder.entries >= LEAST_ENTRIES or not holder.entries
    gained = holder.entries_per_request * requests
    ours = holder.path.startswith("tsprof/agent/")
    return accumulates and gained >= LEAST_GAINED and not cause.weak and not ours


def _table_growth(seen: Seen) -> float:
    """Return bytes per request by which the tables of the growing containers grew."""
    gained = 0.0
    for pid, found in seen.holders.items():
        tables = {
            holder["id"]: holder["table_bytes"] / holder["entries"]
            for holder in found
            if holder["entries"] and holder["table_bytes"] > LARGE_BLOCK
        }
        census = seen.after.get(pid)
        for entry in census["containers"] if isinstance(census, Mapping) else ():
            if entry["previous"] is not None:
                each = tables.get(entry["id"], 0.0)
                gained += (entry["length"] - entry["previous"]) * each
    return gained / max(seen.requests, 1)


def _in_words(cause: HeldGrowth, requests: int | None) -> str:
    """Say where the program's own code takes entries out, and whether it has done so yet.

    An expiry that never works looks like one whose time has not come: the reader must judge.
    """
    eviction = cause.eviction
    assert eviction is not None
    how = "by age" if eviction.kind == "time" else "by size"
    where = f"{eviction.function} ({eviction.file}:{eviction.line})"
    text = f"{cause.holder.path} is evicted {how} in {where}"
    came = cause.holder.entries_per_request * (requests or 0)
    if eviction.kind == "time" and came > 0 and cause.holder.entries >= ALL * came:
        text += (
            f", which has taken out none of its {cause.holder.entries:,} entries so far: if they "
            "should have gone by now, it does not work, and this is a leak"
        )
    return text
