"""Culprits: which kind of a counted resource grows, which line opens it, and who holds it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from tsprof.analysis.attribution.captures import CallFrame
from tsprof.analysis.attribution.counted_resources import (
    FROM_A_CLIENT,
    CountedResource,
    Grown,
    Held,
)
from tsprof.analysis.attribution.sites import STACK_FRAMES, Origin, shown_frame
from tsprof.report.model import Frame, Holder, Site

Recorder = Literal["Python", "native"]
"""Which agent notes what a process opens and starts."""

LEAST_GAINED = 2
"""A kind that gained less than this in the window may have done so once."""
LEAST_SHARE = 0.15
"""Part of the growth that was expected in the window from which a kind is named. A pool that opens
one more connection, or a client that connects anew, stays below it."""
SLOWER = 0.5
"""Part of the expected growth below which it is said that it went on more slowly, as that of idle
connections does which are closed after some seconds."""
MOST = 0.5
"""Part of the growth that one container must hold for its bound to matter."""
LEAST_BLOCKS = 0.8
"""Native blocks that leak with each descriptor from which one line is taken for both."""
SHOWN = 5
"""Kinds and lines in a finding, those that gained the most."""
_OPENED = {
    "fd": "opened",
    "thread": "started",
    "task": "created",
    "process": "started",
    "temporary_file": "made",
}
_NOT_SEEN: Mapping[Recorder, Mapping[CountedResource, str]] = {
    "Python": {
        "fd": (
            "Python was not told of their opening, as with the descriptors of event loops and "
            "those that C code opens"
        ),
        "thread": "they were not started by threading.Thread, as with those of C code",
        "task": "their start was not seen",
        "process": "their start was not seen",
        "temporary_file": (
            "Python was not told of their making: C code or another program made them"
        ),
    },
    "native": {
        "fd": (
            "they were opened by system calls of the program's own, by io_uring or within the C "
            "library, or came from another process"
        ),
        "thread": "they were started by system calls of the program's own or within the C library",
        "process": "in native programs it is noted of descriptors and threads only",
        "temporary_file": "in native programs it is noted of descriptors and threads only",
    },
}
"""Why a line is not known, by the agent that should have noted it."""


@dataclass(frozen=True, kw_only=True)
class Culprit:
    """What a count leak consists of."""

    resource: CountedResource
    title: str
    """Such as ``regular file /tmp/x-*.csv, opened in export (app.py:31)``; empty where nothing
    could be told."""
    sites: tuple[Site, ...] = ()
    holders: tuple[Holder, ...] = ()
    details: tuple[str, ...] = ()
    filling: Holder | None = None
    """What holds most of the new ones, where that is a container with a bound that has room."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of one resource in a counted segment."""

    resource: CountedResource
    groups: Sequence[Grown]
    """Its kinds that are worth naming, see ``worth_naming``."""
    holders: Mapping[str, Holder]
    """Who holds them, by the ``what`` of a kind."""
    requests: int
    expected: float
    """The number by which it should have grown, at the rate of the run."""
    recorders: Mapping[int, Recorder]
    """By pid, which agent noted the lines that opened and started things."""


def worth_naming(
    groups: Sequence[Grown], resource: CountedResource, *, expected: float, clients: int
) -> tuple[Grown, ...]:
    """Return the kinds of a resource that make up its growth, the largest first.

    Args:
        groups: all kinds that grew.
        resource: the one that leaks.
        expected: the number by which it should have grown, at the rate of the run.
        clients: of the load, each of which may have opened a connection anew.
    """
    least = max(LEAST_GAINED, LEAST_SHARE * expected)
    ours = (
        group
        for group in groups
        if group.resource == resource
        and group.gained >= (max(least, clients + 1) if group.kind == FROM_A_CLIENT else least)
    )
    return tuple(islice(ours, SHOWN))


def culprit(seen: Seen, origin_of: Callable[[str], Origin]) -> Culprit:
    """Say what grows, where it comes from, and who holds it.

    Args:
        seen: in the counted segment.
        origin_of: tells whose code a source file is.
    """
    if not seen.groups:
        text = f"no kind of them grew within {seen.requests:,} further requests"
        return Culprit(resource=seen.resource, title="", details=(text,))
    first = seen.groups[0]
    title, opened = first.what, _OPENED[seen.resource]
    own = _sites(first.new, origin_of)
    if own:
        title += f", {opened} in {_place(own[0])}"
    if first.what in seen.holders:
        title += f", held by {seen.holders[first.what].path}"
    new = [held for group in seen.groups for held in group.new]
    came = f"more came in {seen.requests:,} further requests"
    details = [f"{first.gained:,} {came}"]
    if len(seen.groups) > 1:
        details = [f"{group.gained:,} {came}: {group.what}" for group in seen.groups]
    gained = sum(group.gained for group in seen.groups)
    if gained < SLOWER * seen.expected:
        details.append(
            f"{seen.expected:.0f} were to be expected: they may go by themselves after a while"
        )
    details += _doing(seen.groups, origin_of)
    unknown = [held for held in new if not held.origin]
    if unknown:
        text = f"the line is not known of {len(unknown):,} of {len(new):,}"
        details.append(f"{text}: {_why_unknown(seen, unknown)}")
    return Culprit(
        resource=seen.resource,
        title=title,
        sites=_sites(new, origin_of),
        holders=tuple(dict.fromkeys(seen.holders.values())),
        details=tuple(details),
        filling=_filling(seen, gained),
    )


def _filling(seen: Seen, gained: int) -> Holder | None:
    """Return the holder of most of the new ones, if it has a bound, and room for more."""
    first = seen.groups[0]
    holder = seen.holders.get(first.what)
    if holder is None or holder.bound is None or first.gained < MOST * gained:
        return None
    return holder if MOST * first.gained <= holder.entries < holder.bound else None


def beside_memory(found: Culprit, sites: Sequence[Site], per_request: float) -> Culprit:
    """Give descriptors that C code opens to the line by which its memory leaks along with them.

    Args:
        found: what grows.
        sites: where the memory comes from that leaks besides, the largest first.
        per_request: descriptors that a request leaves open.
    """
    at = next((site for site in sites if site.through), None)
    if found.resource != "fd" or found.sites or at is None or not per_request:
        return found
    each = at.blocks_per_request / per_request
    if each < LEAST_BLOCKS:
        return found
    text = (
        f"with each of them native memory leaks, {each:.3g} blocks on average, allocated in "
        f"{at.function} ({at.file}:{at.line}) through {at.through}: that may well open them"
    )
    site = at.model_copy(update={"bytes_per_request": 0.0, "blocks_per_request": 0.0, "share": 0.0})
    return replace(found, sites=(site,), details=(*found.details, text))


def _sites(new: Sequence[Held], origin_of: Callable[[str], Origin]) -> tuple[Site, ...]:
    """Return the lines that opened what is new, with their parts of all of it."""
    stacks: dict[tuple[str, str, int], Counter[tuple[Frame, ...]]] = defaultdict(Counter)
    for origin, count in Counter(held.origin for held in new if held.origin).items():
        frames = _frames(origin, origin_of)
        shown = frames[shown_frame(frames)]
        stacks[shown.function, shown.file, shown.line][frames] += count
    largest = sorted(stacks.items(), key=lambda item: -item[1].total())[:SHOWN]
    sites = []
    for (function, file, line), counts in largest:
        frames = counts.most_common(1)[0][0]
        shown = frames[shown_frame(frames)]
        sites.append(
            Site(
                function=function,
                file=file,
                line=line,
                bytes_per_request=0.0,
                share=counts.total() / len(new),
                origin=shown.origin,
                package=shown.package,
                stack=frames,
            )
        )
    return tuple(sites)


def _frames(stack: Sequence[CallFrame], origin_of: Callable[[str], Origin]) -> tuple[Frame, ...]:
    frames = []
    for function, file, line in stack[:STACK_FRAMES]:
        origin = origin_of(file)
        frames.append(
            Frame(
                function=function, file=file, line=line, origin=origin.kind, package=origin.package
            )
        )
    return tuple(frames)


def _doing(groups: Sequence[Grown], origin_of: Callable[[str], Origin]) -> list[str]:
    """Say where the new threads or tasks are now, by their innermost frame of the application."""
    places: Counter[str] = Counter()
    numbers: Counter[tuple[CallFrame, ...]] = Counter()
    for held in (held for group in groups for held in group.new if held.now):
        numbers[held.now] += held.stands_for
    for now, count in numbers.items():
        frames = _frames(now, origin_of)
        at = frames[shown_frame(frames)]
        places[f"{at.function} ({at.file}:{at.line})"] += count
    return [f"{count:,} of them are now in {place}" for place, count in places.most_common(SHOWN)]


def _why_unknown(seen: Seen, unknown: Sequence[Held]) -> str:
    recorders = [seen.recorders.get(held.pid) for held in unknown]
    recorder = Counter(recorders).most_common(1)[0][0]
    if recorder is None:
        return (
            "no agent in the process noted it, as with --no-agent, in native programs without "
            "heaptrack, and in those that are linked statically or to musl, or written in Go"
        )
    return _NOT_SEEN[recorder].get(seen.resource, "their start was not seen")


def _place(site: Site) -> str:
    """Say where a site is; a native program may have no line."""
    return f"{site.function} ({site.file}{f':{site.line}' if site.line else ''})"
