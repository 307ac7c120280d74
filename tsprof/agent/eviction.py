"""Tell a cache that still fills from a leak: does the target's own code evict, and from when on?

A container is bounded where code removes from it under a comparison of its length with a number,
and that code adds to it as well or is called by something. A ``remove()`` without a comparison, or
one that nothing calls, bounds nothing.
"""

from __future__ import annotations

import collections
import gc
import math
import types

from . import heap, meaning, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_NONE = objects.MISSING
_OVERSHOOT = 1.1  # a cache may hold a little more than its bound before it evicts
_ALONG = 0.05  # difference in length of two containers that are filled and emptied together
_SHOWN = 3
_MOST_PLACES = 12  # of the lines that insert or remove
_EXCEEDED = "%%(function)s would evict beyond %d entries, but did not (%%(place)s)"
_LAZY = "%(function)s drops an expired entry only when it is asked for (%(place)s)"
_UNUSED = "%(function)s would evict, but nothing calls it (%(place)s)"
_PASSES = 3  # what a method returns, then what calls it, then what calls that

Subject = collections.namedtuple("Subject", "pattern own others owner")  # noqa: PYI024 - no typing
"""A container under one of its names: the routines of its owner (class or module), further ones
that mention the name, and the object whose attributes may be bounds."""
Verdict = collections.namedtuple("Verdict", "kind bound note")  # noqa: PYI024 - no typing
Read = collections.namedtuple("Read", "routine reader")  # noqa: PYI024 - no typing


def judge(
    subject: Subject, length: int, mentions: Mapping[str, Sequence[objects.Routine]]
) -> dict[str, Any]:
    """Read the routines and tell what bounds the container.

    Args:
        subject: The container.
        length: Its present number of entries.
        mentions: The program's functions, by the names that they mention.

    Returns:
        ``bound`` (entries, or None), ``eviction`` (function, file, line and ``kind``: ``size`` or
        ``time``; or None), ``writers`` and ``removers`` (function, file, line), ``notes``.
    """
    reads = _read_all(subject)
    removing, inserting = _names_with(reads, "remove"), _names_with(reads, "insert")
    found: dict[str, Any] = {
        "bound": None,
        "eviction": None,
        "writers": _places(reads, "insert"),
        "removers": _places(reads, "remove"),
        "notes": [],
    }
    for read in reads:
        for effect in read.reader.effects:
            if effect.kind != "remove" and effect.kind[5:] not in removing:
                continue
            verdict = _judge_removal(read, effect, subject.owner, length)
            if verdict.kind and not _is_used(read, reads, inserting, mentions):
                verdict = Verdict("", None, _UNUSED)
            place = _place(read.routine, effect.line)
            if verdict.note:
                shown = "%s:%d" % (objects.shown_file(place["file"]), place["line"])
                values = {"function": place["function"], "place": shown}
                found["notes"].append(verdict.note % values)
            if verdict.kind and found["bound"] is None:
                found["eviction"] = dict(place, kind=verdict.kind)
                found["bound"] = verdict.bound
    if found["eviction"] is None:
        _judge_refusal(reads, subject.owner, length, found)
    found["notes"] = list(dict.fromkeys(found["notes"]))[:_SHOWN]
    return found


def _read_all(subject: Subject) -> list[Read]:
    """Read every routine, some times over: each pass knows what calls returned in the last."""
    methods = frozenset(routine.code.co_name for routine in subject.own)
    summaries: dict[str, Any] = {"counters of self": frozenset(), "methods of self": methods}
    decoded: dict[types.CodeType, Any] = {}
    reads: list[Read] = []
    for _ in range(_PASSES):
        reads = [
            Read(
                routine,
                meaning.Reader(
                    subject.pattern,
                    method=subject.pattern.start == ("self",),
                    foreign=objects.is_a(subject.owner, type),
                    summaries=summaries,
                    decoded=decoded,
                ).read(routine.code),
            )
            for routine in subject.own
        ]
        learned = {
            **_telling_results(reads),
            "counters of self": frozenset().union(*(read.reader.counters for read in reads)),
            "methods of self": methods,
        }
        if learned == summaries:
            break
        summaries = learned
    for routine in subject.others:
        stranger = meaning.Reader(
            subject.pattern, method=False, foreign=True, summaries={}, decoded=decoded
        )
        reads.append(Read(routine, stranger.read(routine.code)))
    return reads


def _telling_results(reads: Iterable[Read]) -> dict[str, Any]:
    """Return, by name, what those return that tell the container's length or compare it."""
    return {
        read.routine.code.co_name: symbol
        for read in reads
        for symbol in read.reader.results
        if symbol == ("length",) or (symbol and symbol[0] == "compared")
    }


def _judge_removal(read: Read, effect: meaning.Effect, owner: Any, length: int) -> Verdict:
    """Tell what a removal evicts, from the conditions under which it runs."""
    limits = [region.limit for region in read.reader.regions if _governs(region, effect)]
    if effect.limit:
        limits.append(effect.limit)
    judged = [_judge_limit(limit, read.routine, owner, length) for limit in limits]
    for verdict in judged:
        if verdict.kind:
            return verdict
    timed = any(unit == "time" for unit, _ in limits)
    if timed or (read.reader.compares_time and _is_picked(read, effect)):
        if effect.keyed and effect.limit is None:
            return Verdict("", None, _LAZY)
        return Verdict("time", None, "")
    return next((verdict for verdict in judged if verdict.note), Verdict("", None, ""))


def _is_picked(read: Read, effect: meaning.Effect) -> bool:
    """Tell whether what goes, or stays, may have been picked in a loop over the container.

    Where all go before the first loop, and none is put back, nothing was picked.
    """
    loops = [other.at for other in read.reader.effects if other.kind == "iterate"]
    put_back = any(other.kind == "insert" for other in read.reader.effects)
    return bool(loops) and (put_back or not effect.all or effect.at > min(loops))


def _governs(region: meaning.Region, effect: meaning.Effect) -> bool:
    inside: bool = region.start < effect.at < region.end
    return inside and (region.large or region.limit[0] == "time")


def _judge_limit(
    limit: tuple[str, Any], routine: objects.Routine, owner: Any, length: int
) -> Verdict:
    """Tell whether a removal under one comparison keeps the container at some number."""
    unit, symbol = limit
    if unit == "length of another":
        other, symbol = symbol
        if not _is_as_long(_value(other, routine, owner), length):
            return Verdict("", None, "")
    if unit == "time":
        return Verdict("", None, "")
    bound = _number(symbol, routine, owner) if unit != "counter" else None
    if bound is None:
        return Verdict("size", None, "")
    if bound <= 0:  # asks only whether there is anything to remove
        return Verdict("", None, "")
    if bound * _OVERSHOOT < length:
        return Verdict("", None, _EXCEEDED % bound)
    return Verdict("size", bound, "")


def _is_as_long(other: Any, length: int) -> bool:
    """Tell whether another container grows along: the keys of this one in order, say."""
    base = heap.container_base(type(other))
    return base is not None and abs(heap.LENGTHS[base](other) - length) <= _ALONG * length


def _judge_refusal(reads: list[Read], owner: Any, length: int, found: dict[str, Any]) -> None:
    """Find a bound where all code that adds does so only while the container is small."""
    bounds = []
    for read in reads:
        for effect in read.reader.effects:
            if effect.kind != "insert" or read.routine.code.co_name == "__init__":
                continue
            limits = [
                _number(region.limit[1], read.routine, owner)
                for region in read.reader.regions
                if region.start < effect.at < region.end
                and not region.large
                and region.limit[0] == "length"
            ]
            known = [limit for limit in limits if limit is not None]
            if not known:
                return
            bounds.append((max(known), read.routine, effect.line))
    if bounds:
        bound, routine, line = max(bounds, key=lambda entry: entry[0])
        if bound * _OVERSHOOT >= length:
            found["bound"] = bound
            found["eviction"] = dict(_place(routine, line), kind="size")


def _is_used(
    read: Read,
    reads: list[Read],
    inserting: set[str],
    mentions: Mapping[str, Sequence[objects.Routine]],
) -> bool:
    """Tell whether a routine that evicts ever runs, as far as can be seen."""
    name = read.routine.code.co_name
    if name in inserting or (name.startswith("__") and name.endswith("__")) or name[:1] == "<":
        return True
    if any(other.code is not read.routine.code for other in mentions.get(name, ())):
        return True
    if any(effect.kind == "call:" + name for other in reads for effect in other.reader.effects):
        return True
    return _is_registered(read.routine)


def _is_registered(routine: objects.Routine) -> bool:
    """Tell whether anything but its own namespace refers to a function: a scheduler, say."""
    functions = [
        item for item in gc.get_referrers(routine.code) if type(item) is types.FunctionType
    ]
    for function in functions:
        for item in gc.get_referrers(function):
            namespace = type(item) is dict and routine.code.co_name in item
            if item is not functions and not namespace and type(item) is not types.FrameType:
                return True
    return False


def _number(symbol: Any, routine: objects.Routine, owner: Any) -> int | None:
    value = _value(symbol, routine, owner)
    if type(value) is float and math.isfinite(value):
        return int(value)
    return value if type(value) is int else None


def _value(symbol: Any, routine: objects.Routine, owner: Any) -> Any:
    """Return what a symbol stands for now, without running any code, or ``MISSING``."""
    kind = symbol[0] if isinstance(symbol, tuple) and symbol else ""
    if kind == "arithmetic":
        left, right = (_value(part, routine, owner) for part in symbol[2:])
        numbers = type(left) in (int, float) and type(right) in (int, float)
        return (
            _OPERATIONS[symbol[1]](left, right) if numbers and symbol[1] in _OPERATIONS else _NONE
        )
    if kind == "attribute":
        base = _value(symbol[1], routine, owner)
        return _NONE if base is _NONE else objects.static_attribute(base, symbol[2])
    if kind == "constant":
        return symbol[1]
    if kind == "param":
        return routine.defaults.get(symbol[1], _NONE)
    if kind == "global":
        return routine.globals.get(symbol[1], _NONE)
    return owner if kind == "self" else _NONE


_OPERATIONS: dict[str, Any] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "//": lambda left, right: left // right if right else 0,
}


def _names_with(reads: Iterable[Read], kind: str) -> set[str]:
    """Return the names of routines with an effect, those included that call one of them."""
    names: set[str] = set()
    for _ in range(_PASSES):
        for read in reads:
            effects = read.reader.effects
            if any(effect.kind == kind or effect.kind[5:] in names for effect in effects):
                names.add(read.routine.code.co_name)
    return names


def _places(reads: Iterable[Read], kind: str) -> list[dict[str, Any]]:
    found = [
        _place(read.routine, effect.line)
        for read in reads
        if read.routine.code.co_name != "__init__"
        for effect in read.reader.effects
        if effect.kind == kind
    ]
    return [place for at, place in enumerate(found) if place not in found[:at]][:_MOST_PLACES]


def _place(routine: objects.Routine, line: int) -> dict[str, Any]:
    file = routine.code.co_filename
    return {"function": routine.name, "file": file, "line": line or routine.code.co_firstlineno}
