"""Holders: how fast the containers grow that the agent found, and which of them are one cause.

The agent's replies are facts about one process at one moment. Two censuses around counted load
make them rates; processes are merged by the way that leads to the container.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tsprof.analysis.run.ledger import LARGE_BLOCK
from tsprof.report.model import Holder

LEAST_TYPE_GAIN = 50
"""Instances that a type must have gained to be looked for."""
LEAST_TYPE_RATE = 0.005
"""Instances per request, likewise."""
TYPES_WANTED = 6
"""Types that holders are looked for in one search."""
LEAST_BROUGHT = 0.1
"""Instances per entry from which a type is said to come with the entries."""
_WEAK = frozenset({"weakref", "weakref.ReferenceType", "weakref.KeyedRef"})
_SIMPLE = frozenset({"NoneType", "bool", "float"})
"""Types of entries that are no handles of what C code allocated, as numbers and texts may be."""
_ROWS = frozenset({"list", "set", "collections.deque"})
"""Containers whose elements are all that they hold; a dict has keys as well."""
_NO_HOLDERS = _WEAK | {
    "builtin_function_or_method", "cell", "frozenset", "function", "method", "tuple",
}  # fmt: skip
"""Types of which every program has thousands, and whose gains lead anywhere: argparse's functions
were named for a leak in C."""


@dataclass(frozen=True, kw_only=True)
class Replies:
    """What the agent of one process answered."""

    before: Mapping[str, Any]
    """``census.take`` before the counted load."""
    after: Mapping[str, Any]
    """``census.take`` after it."""
    holders: Sequence[Mapping[str, Any]]
    """The ``holders`` of ``holders.find`` after it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of the target's code."""

    function: str
    """Qualified name."""
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Eviction:
    """The target's own code that takes entries out again."""

    function: str
    file: str
    line: int
    kind: str
    """``size`` or ``time``."""


@dataclass(frozen=True, kw_only=True)
class HeldGrowth:
    """One cause: a container that grows, with the growing containers within its entries."""

    holder: Holder
    bytes_per_request: float
    """Estimated from the newest entries and what they refer to."""
    table_bytes_per_request: float = 0.0
    """The part of it by which the container's own table grows, where that is a large block."""
    eviction: Eviction | None = None
    handed_over: int = 0
    """Entries of the containers beside it to which one with a bound may hand over its own."""
    weak: bool = False
    """Whether it refers to its entries weakly: it grows along with what holds them."""
    file: str = ""
    line: int = 0
    writers: tuple[Place, ...] = ()
    """Where entries are added."""
    callers: tuple[Place, ...] = ()
    """Where the functions that add entries are mentioned."""
    is_measured: bool = False
    """Whether its entries hold nothing, not even something in C that was not counted."""
    keeps_frames: bool = False
    """Whether its entries are exceptions or the like, which keep what their frames allocated."""
    brings: Mapping[str, float] = field(default_factory=dict)
    """Instances per entry of the growing types from which the search came to it."""
    notes: tuple[str, ...] = ()
    parts: tuple[Holder, ...] = ()
    """Growing containers and objects that its entries hold."""
    plateau_bytes: float | None = None
    """Bytes at which it stops, where its bound is known."""

    @property
    def is_bounded(self) -> bool:
        """Whether it will stop growing by itself."""
        known = self.holder.bound is not None or self.eviction is not None
        return known or self.holder.entries_per_request_overall is not None


def gaining_types(
    before: Mapping[str, Any], after: Mapping[str, Any], *, requests: int
) -> dict[str, int]:
    """Return all types that gained instances with the requests, and how many.

    Args:
        before: The census before counted load.
        after: The census after it.
        requests: Requests in between.
    """
    least = max(LEAST_TYPE_GAIN, LEAST_TYPE_RATE * requests)
    gained = {kind: _type_gain(kind, before, after) for kind in after["types"]}
    return {kind: gain for kind, gain in gained.items() if gain >= least}


def growing_types(gaining: Mapping[str, int]) -> dict[str, int]:
    """Return the types to look for with ``holders.find``, of those that ``gaining_types`` told."""
    wanted = [kind for kind in gaining if kind not in _NO_HOLDERS]
    # A class of the program tells more than the dicts and tuples that its instances have.
    wanted.sort(key=lambda kind: ("." not in kind, -gaining[kind]))
    return {kind: gaining[kind] for kind in wanted[:TYPES_WANTED]}


def held_growth(replies: Sequence[Replies], *, requests: int) -> tuple[HeldGrowth, ...]:
    """Return the causes, the container that holds the most first; weak holders last.

    Args:
        replies: One entry per process.
        requests: Requests to the whole target between the two censuses.
    """
    groups: dict[tuple[str, str], list[_Grown]] = defaultdict(list)
    for process in replies:
        for grown in _without_nested([_grown(found, process) for found in process.holders]):
            groups[grown.found["path"], grown.found["type"]].append(grown)
    causes = [_cause(members, max(requests, 1)) for members in groups.values()]
    # The estimate for an object that is no container counts what it shares with others.
    return tuple(sorted(causes, key=lambda c: (c.weak, not c.holder.entries, -c.bytes_per_request)))


@dataclass(frozen=True)
class _Grown:
    found: Mapping[str, Any]
    gain: float
    brings: Mapping[str, int] = field(default_factory=dict)
    """Instances that the types gained from which the search came here."""
    parts: tuple[Mapping[str, Any], ...] = ()


def _grown(found: Mapping[str, Any], process: Replies) -> _Grown:
    """Give a holder the entries that it gained between the two censuses."""
    kinds = dict.fromkeys(found["found_by"])
    if found["entries"] is None:
        kinds = {found["type"]: None, **kinds}
    brings = {kind: _type_gain(kind, process.before, process.after) for kind in kinds}
    for entry in process.after["containers"]:
        if entry["id"] == found["id"] and entry["type"] == _held_type(found):
            new = entry["previous"] is None
            if new and not _is_complete(process.before):
                return _Grown(found, 0, brings)  # not new perhaps, but not seen before
            return _Grown(found, entry["length"] - (entry["previous"] or 0), brings)
    if found.get("nodes") is not None:
        return _Grown(found, brings.get(found["nodes"], 0), brings)
    spread = process.after["spread"]
    if found["id"] in spread["ids"]:
        return _Grown(found, spread["entries"] / len(spread["ids"]), brings)
    return _Grown(found, max(brings.values(), default=0), brings)


def _table_gain(one: _Grown) -> float:
    """Return the bytes that a container's table gained, on average between its reallocations."""
    table, entries = one.found["table_bytes"], one.found["entries"]
    return one.gain * table / entries if entries and table > LARGE_BLOCK else 0.0


def _brings(members: Sequence[_Grown]) -> dict[str, float]:
    """Return the instances per entry, the most numerous type first."""
    gain = sum(one.gain for one in members)
    gained: Counter[str] = Counter()
    for one in members:
        gained.update(one.brings)
    return {
        kind: number / gain
        for kind, number in gained.most_common()
        if gain > 0 and number >= LEAST_BROUGHT * gain
    }


def _held_type(found: Mapping[str, Any]) -> str:
    return "dict" if found["type"] == "functools.lru_cache" else str(found["type"])


def _type_gain(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    if not (_is_complete(before) and _is_complete(after)):
        return 0  # the two were of different parts of the heap
    return int(after["types"].get(kind, 0) - before["types"].get(kind, 0))


def _is_complete(census: Mapping[str, Any]) -> bool:
    """Tell whether a census reached all objects: five million take longer than it has."""
    return bool(census.get("complete", True))


def _without_nested(grown: Sequence[_Grown]) -> list[_Grown]:
    """Make what lies within another growing container's entries a part of that one."""
    outermost: dict[int, _Grown] = {}
    inner: list[tuple[int, _Grown]] = []
    containers = [one for one in grown if one.gain > 0 and one.found["entries"]]
    growing = {one.found["id"] for one in containers}
    explained = {kind for one in containers for kind in one.found["found_by"]}
    for one in grown:
        stray = one.found["entries"] is None and one.found["type"] in explained
        above = [identity for identity, _ in one.found["parents"] if identity in growing]
        if above:
            inner.append((above[-1], one))
        elif one.gain > 0 and not stray:  # others of its kind are in a container
            outermost[one.found["id"]] = one
    for identity, one in inner:
        outer = outermost.get(identity)
        if outer is not None:
            outermost[identity] = replace(outer, parts=(*outer.parts, one.found))
    return list(outermost.values())


def _cause(members: Sequence[_Grown], requests: int) -> HeldGrowth:
    """Make one cause of a holder's growth in all processes."""
    first = max(members, key=lambda one: one.gain).found
    gain = sum(one.gain for one in members)
    entries = sum(one.found["entries"] or 0 for one in members)
    size = sum(one.found["bytes"] for one in members)
    each = size / entries if entries else size / len(members)
    bound = first["bound"]
    rate = gain / requests
    eviction = Eviction(**first["eviction"]) if first["eviction"] else None
    return HeldGrowth(
        holder=_holder(first, rate=rate, entries=entries, size=size),
        bytes_per_request=rate * each,
        table_bytes_per_request=sum(map(_table_gain, members)) / requests,
        eviction=eviction,
        handed_over=sum(one.found.get("handed_over", 0) for one in members),
        weak=set(first["element_types"]) <= _WEAK and bool(first["element_types"]),
        file=first["file"],
        line=first["line"],
        writers=tuple(Place(**place) for place in first["writers"]),
        callers=tuple(Place(**place) for place in first["callers"]),
        is_measured=_is_measured(first),
        keeps_frames=first["keeps_frames"],
        brings=_brings(members),
        notes=tuple(first["notes"]),
        parts=tuple(
            _holder(part, rate=0.0, entries=part["entries"] or 0, size=part["bytes"])
            for one in members
            for part in one.parts
        ),
        plateau_bytes=bound * len(members) * each if bound is not None else None,
    )


def _is_measured(found: Mapping[str, Any]) -> bool:
    kinds = found["element_types"]
    return found["type"] in _ROWS and bool(kinds) and _SIMPLE.issuperset(kinds)


def _holder(found: Mapping[str, Any], *, rate: float, entries: int, size: int) -> Holder:
    return Holder(
        path=found["path"],
        type=found["type"],
        entries_per_request=rate,
        entries=entries,
        bytes=size,
        bound=found["bound"],
        sample=found["sample"],
    )
