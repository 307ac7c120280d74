"""Looks at the heaps of Python processes, before and after counted load: what holds what grew?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tsprof.analysis.attribution.holders import gaining_types, growing_types
from tsprof.supervisor.agents import Agents, Reply

PATIENCE = 20.0
"""Seconds for an answer."""
CENSUS_CALLS = 5
"""Calls of some 2 s each that a census may take: five million objects took two."""


@dataclass(frozen=True, kw_only=True)
class HeapLook:
    """What agents answered, by pid; text where one could not."""

    before: Mapping[int, Reply] = field(default_factory=dict)
    """``census.take`` before the load."""
    after: Mapping[int, Reply] = field(default_factory=dict)
    """And after it."""
    holders: Mapping[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """What holds the containers that grew."""
    sized: Mapping[int, Reply] = field(default_factory=dict)
    """Lengths of collections written in C."""
    garbage: Mapping[int, Reply] = field(default_factory=dict)
    """Cycles that nobody collects, where these leak."""
    notes: tuple[str, ...] = ()


def look_before(agents: Agents, pids: Collection[int]) -> HeapLook:
    """Have processes count their objects, and the lengths of collections written in C."""
    return HeapLook(
        before=_census(agents, pids),
        sized=agents.ask("sized.take", pids=pids, timeout=PATIENCE),
    )


def look_after(
    agents: Agents, pids: Collection[int], first: HeapLook, requests: int, *, garbage: bool
) -> HeapLook:
    """Have the processes count again, and find what holds the containers that grew.

    Args:
        agents: in the processes.
        pids: of the processes.
        first: the look before the load.
        requests: that they have served since.
        garbage: whether to look for cycles that nobody collects, too.
    """
    after = _census(agents, pids)
    sized = _sized_again(agents, first.sized)
    # The look for holders collects garbage, so it comes last.
    cycles = agents.ask("garbage.take", pids=pids, timeout=PATIENCE) if garbage else {}
    holders: dict[int, Sequence[Mapping[str, Any]]] = {}
    notes = []
    for pid, census in after.items():
        if isinstance(census, str):
            notes.append(f"process {pid}: containers could not be counted: {census}")
            continue
        before = first.before.get(pid)
        reply = _holders(agents, pid, before, census, requests)
        if isinstance(reply, str):
            notes.append(f"process {pid}: holders could not be found: {reply}")
            continue
        holders[pid] = reply["holders"]
        counted = isinstance(before, Mapping) and before["complete"] and census["complete"]
        if not (counted and reply["complete"]):
            notes.append(
                f"process {pid}: the look for holders was incomplete, because there are too many "
                "objects"
            )
    return HeapLook(
        before=first.before,
        after=after,
        holders=holders,
        sized=sized,
        garbage=cycles,
        notes=tuple(notes),
    )


def _census(agents: Agents, pids: Collection[int]) -> dict[int, Reply]:
    """Have the processes count their objects, in several calls where there are many."""
    replies = agents.ask("census.take", pids=pids, timeout=PATIENCE)
    for _ in range(CENSUS_CALLS - 1):
        unfinished = [
            pid
            for pid, reply in replies.items()
            if isinstance(reply, Mapping) and reply["scanned"] < reply["objects"]
        ]
        if not unfinished:
            break
        replies |= agents.ask("census.go_on", pids=unfinished, timeout=PATIENCE)
    return replies


def _sized_again(agents: Agents, before: Mapping[int, Reply]) -> dict[int, Reply]:
    """Have the processes tell which of the collections that they had told of grew."""
    found: dict[int, Reply] = {}
    for pid, reply in before.items():
        if isinstance(reply, Mapping) and reply["collections"]:
            known = {"before": reply["collections"]}
            found |= agents.ask("sized.take", known, pids=[pid], timeout=PATIENCE)
    return found


def _holders(
    agents: Agents, pid: int, before: Reply | None, after: Mapping[str, Any], requests: int
) -> Reply:
    gaining = gaining_types(before, after, requests=requests) if isinstance(before, Mapping) else {}
    wanted = {
        "containers": after["containers"],
        "ids": after["spread"].get("ids", []),
        "types": list(growing_types(gaining)),
        "between": list(gaining),
    }
    return agents.ask("holders.find", wanted, pids=[pid], timeout=PATIENCE).get(
        pid, "it did not answer"
    )
