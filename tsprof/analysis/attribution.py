"""What attribution comes to: sites that make up the growth, holders, and whether they are bounded.

The agent's replies are facts about one process; here they become rates, and processes are merged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tsprof.analysis.assessments import Look
from tsprof.analysis.findings import Attribution
from tsprof.analysis.ledger import LARGE_BLOCK
from tsprof.analysis.reconcile import Reconciliation, reconcile
from tsprof.analysis.sites import LeakingSite
from tsprof.report.model import Holder, Site

LEAST_GAIN = 0.02
"""Part of the growth, in estimated bytes, from which a holder is worth a line."""
NAMED = 0.5
"""Part of the growth that sites must explain to be named as its cause."""
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
    requests: int
    """In the whole window."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Held:
    holder: Holder
    bytes_per_request: float
    table_bytes_per_request: float
    plateau: float | None
    eviction: str


def conclude(seen: Seen, final: Look) -> Attribution:
    """Put sites and holders beside the ledger's growth.

    Args:
        seen: in the window.
        final: the look with the growth that is to be explained.
    """
    growth = final.memory.rate.value if final.memory is not None else 0.0
    growth = max(growth, final.garbage_per_request)
    reconciled = reconcile(
        seen.sites, bytes_per_request=growth, blocks_per_request=_blocks_per_request(final)
    )
    held = sorted(_merged(seen), key=lambda one: -one.bytes_per_request)
    most = max((one.holder.entries_per_request for one in held), default=0.0)
    held = [
        one
        for one in held
        if one.bytes_per_request >= LEAST_GAIN * growth or one.holder.entries_per_request == most
    ][:SHOWN]
    bounded = [one for one in held if one.holder.bound is not None or one.eviction]
    whole = max(growth, sum(one.bytes_per_request for one in held))
    plateaus = [one.plateau for one in bounded if one.plateau is not None]
    return Attribution(
        sites=_trusted(reconciled, seen),
        holders=tuple(one.holder for one in held),
        evictions=tuple(one.eviction for one in held if one.eviction),
        bounded_share=sum(one.bytes_per_request for one in bounded) / whole if whole > 0 else 0.0,
        plateau=sum(plateaus) if plateaus else None,
        explained=reconciled.explained,
        notes=(*seen.notes, *reconciled.notes),
        container_bytes_per_request=sum(one.table_bytes_per_request for one in held),
    )


def _trusted(reconciled: Reconciliation, seen: Seen) -> tuple[Site, ...]:
    """Return the sites that can be named, those that insert into a growing container first.

    What a kept object drags along may be allocated elsewhere, and be larger: a traceback keeps its
    frames' buffers. The line to mend is where it is kept. Where the numbers do not agree with the
    ledger's, or explain little of it, these are only the sites in functions that insert into a
    container that grows.
    """
    writers = {
        (writer["file"], writer["function"])
        for found in seen.holders.values()
        for holder in found
        for writer in holder["writers"]
    }
    keeping = [site for site in reconciled.sites if (site.file, site.function) in writers]
    if not reconciled.agrees or reconciled.explained < NAMED:
        return tuple(keeping)
    return (*keeping, *(site for site in reconciled.sites if site not in keeping))


def _blocks_per_request(final: Look) -> float | None:
    judged, points = final.memory, final.view.checkpoints
    if judged is None or not points:
        return None
    first, last = points[judged.first], points[judged.last]
    gained = sum(
        after.blocks - before.blocks
        for after in final.view.readings(last)
        for before in first.processes
        if before.identity == after.identity
    )
    return gained / max(last.requests - first.requests, 1)


def _merged(seen: Seen) -> Iterable[_Held]:
    """Return the holders of all processes, those with the same path and type as one."""
    groups: dict[tuple[str, str], list[tuple[Mapping[str, Any], int]]] = {}
    for pid, found in seen.holders.items():
        gains = _gains(seen.after.get(pid))
        for holder in found:
            gain = gains.get(holder["id"], 0)
            if gain > 0:
                groups.setdefault((holder["path"], holder["type"]), []).append((holder, gain))
    for (path, kind), members in groups.items():
        yield _as_one(path, kind, members, max(seen.requests, 1))


def _gains(census: Any) -> dict[int, int]:
    """Return the entries gained in the window by the id of the container."""
    if not isinstance(census, Mapping):
        return {}
    # A container that is new tells nothing of its growth: modules are loaded in a window, too.
    return {
        entry["id"]: entry["length"] - entry["previous"]
        for entry in census["containers"]
        if entry["previous"] is not None
    }


def _as_one(
    path: str, kind: str, members: Sequence[tuple[Mapping[str, Any], int]], requests: int
) -> _Held:
    first = members[0][0]
    gain = sum(gained for _, gained in members)
    entries = sum(holder["entries"] or 0 for holder, _ in members)
    size = sum(holder["bytes"] for holder, _ in members)
    each = size / entries if entries else 0.0
    bound = first["bound"]
    eviction = first["eviction"]
    return _Held(
        Holder(
            path=path,
            type=kind,
            entries_per_request=gain / requests,
            entries=entries,
            bytes=size,
            bound=bound,
            sample=first["sample"],
        ),
        bytes_per_request=gain * each / requests,
        table_bytes_per_request=sum(
            gained * holder["table_bytes"] / holder["entries"]
            for holder, gained in members
            if holder["entries"] and holder["table_bytes"] > LARGE_BLOCK
        )
        / requests,
        plateau=bound * len(members) * each if bound is not None else None,
        eviction=_in_words(path, eviction) if eviction else "",
    )


def _in_words(path: str, eviction: Mapping[str, Any]) -> str:
    how = "by age" if eviction["kind"] == "time" else "by size"
    where = f"{eviction['function']} ({eviction['file']}:{eviction['line']})"
    return f"{path} is evicted {how} in {where}"
