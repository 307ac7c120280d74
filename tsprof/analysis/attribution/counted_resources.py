"""What a process holds open and runs at a moment, and which kinds of it grew between two."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from tsprof.analysis.attribution.captures import CallFrame
from tsprof.analysis.attribution.patterns import pattern, skeleton

FROM_A_CLIENT = "TCP from a client to"
"""The kind of a connection that a client of the target has opened."""
CountedResource = Literal["fd", "thread", "task", "process", "temporary_file"]
COUNTED: tuple[CountedResource, ...] = get_args(CountedResource)
LEAST_RENEWED = 5
"""New ones of a line from which it tells that none is left from the first half of the load: of a
leak that is so by chance once in 2^5 windows."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """One descriptor, thread, asyncio task, child process or temporary file."""

    resource: CountedResource
    pid: int
    """The process that holds it; of a child, its parent; 0 for a file, which none may hold."""
    identity: str
    """Tells it from others of its resource in the process, and from a later one of its number."""
    kind: str
    """Such as ``regular file``, ``TCP to``, ``pipe``, ``thread``."""
    name: str = ""
    """What tells those of a kind apart, and may hold numbers: a path, a peer, a thread's name."""
    runs: str = ""
    """What a thread or task runs, such as ``poll (app.py:12)``."""
    object_id: int | None = None
    """Of the Python object that owns it, where there is one."""
    origin: tuple[CallFrame, ...] = ()
    """Where it was opened or started, innermost first; empty where that is not known."""
    now: tuple[CallFrame, ...] = ()
    """Where it waits or runs, innermost first."""
    stands_for: int = 1
    """How many there are of it, where only one in so many was listed."""


@dataclass(frozen=True, kw_only=True)
class Grown:
    """Descriptors, threads, tasks or children of one kind that became more."""

    resource: CountedResource
    kind: str
    what: str
    """Such as ``regular file /tmp/export-*.csv``."""
    gained: int
    new: tuple[Held, ...]
    """Those that were not there before; more than were gained where others went."""


def grown(before: Sequence[Held], after: Sequence[Held]) -> tuple[Grown, ...]:
    """Return the kinds that became more, all processes together, the largest gain first."""
    known = {(held.resource, held.pid, held.identity) for held in before}
    had: Counter[tuple[str, ...]] = Counter()
    for held in before:
        had[_key(held)] += held.stands_for
    groups: dict[tuple[str, ...], list[Held]] = defaultdict(list)
    for held in after:
        groups[_key(held)].append(held)
    found = []
    for key, members in groups.items():
        new = [h for h in members if (h.resource, h.pid, h.identity) not in known]
        gained = sum(held.stands_for for held in members) - had[key]
        if gained > 0 and new:
            found.append(
                Grown(
                    resource=members[0].resource,
                    kind=members[0].kind,
                    what=_what(new),
                    gained=gained,
                    new=tuple(new),
                )
            )
    return tuple(sorted(found, key=lambda group: -group.gained))


def lasting(groups: Sequence[Grown], middle: Collection[Held]) -> tuple[Grown, ...]:
    """Leave out of the new ones what is only replaced: a pool's connections, say.

    Where a line has made some that were there in the middle of the load, those of other lines that
    have none left from then do not count among what leaks.

    Args:
        groups: kinds that grew.
        middle: what was there in the middle.
    """
    there = {(held.resource, held.pid, held.identity) for held in middle}
    found = []
    for group in groups:
        early = {h.origin for h in group.new if (h.resource, h.pid, h.identity) in there}
        numbers = Counter(held.origin for held in group.new)
        kept = early | {origin for origin, number in numbers.items() if number < LEAST_RENEWED}
        new = tuple(held for held in group.new if held.origin in kept)
        found.append(replace(group, new=new) if any(early) else group)
    return tuple(found)


def _key(held: Held) -> tuple[str, ...]:
    name = held.name if held.kind.endswith(" to") else skeleton(held.name)  # a peer's port matters
    return (held.resource, held.kind, name, held.runs)


def _what(members: Sequence[Held]) -> str:
    first = members[0]
    name = pattern([held.name for held in members])
    if first.resource == "task":
        return first.runs
    if name and first.resource in ("thread", "process"):
        name = f'"{name}"'
    return f"{first.kind} {name}".strip() + (f" running {first.runs}" if first.runs else "")
