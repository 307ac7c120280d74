"""Sites: the lines that allocate what stays, from the captures of an attribution window.

A site leaks when what it allocated early in the window still lives at the end, and what it
allocated late lives in the same proportion to requests. By that measure caches that turn over
within the window, per-connection buffers and logging drop out by themselves (the early part has
died), and so does what is made once (nothing late).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import PurePath
from typing import Literal

from tsprof.analysis.attribution.captures import (
    BlockKind,
    CallFrame,
    CaptureDigest,
    StackSurvivors,
)
from tsprof.report.model import Frame, Site

PROPORTIONAL = 1.6
"""Early and late rates whose ratio is within this factor are one steady growth, and are averaged;
beyond it only the lower one is taken for growth."""
NOISE = 3.0
"""Standard deviations of a Poisson count that early and late blocks may be apart by chance."""
TABLE_BLOCKS = 3
"""A site with at most so many large blocks per process, all early or all late, is the table of a
container that was reallocated as it grew."""
TABLE_SHARE = 1 / 9
"""What a list's table has gained since its last reallocation, where only that one was seen: CPython
over-allocates by one eighth (Objects/listobject.c, ``list_resize``)."""
LISTED = 0.97
"""Sites are listed, the largest first, up to this part of all growth that was found."""
STACK_FRAMES = 60
"""Frames of a stack that are kept, the innermost ones."""

NATIVE_FRAMES = 30
"""Native frames of a stack that are kept, the innermost ones."""

LOOPS = (
    ("asyncio/base_events.py", frozenset({"run_forever", "run_until_complete", "_run_once"})),
    ("asyncio/runners.py", frozenset({"run"})),
    ("asyncio/events.py", frozenset({"_run"})),
    ("threading.py", frozenset({"run", "_bootstrap", "_bootstrap_inner"})),
    ("concurrent/futures/thread.py", frozenset({"run", "_worker"})),
    ("socketserver.py", frozenset({"serve_forever", "process_request_thread"})),
)
"""Functions that serve: what called them, such as the script that starts the server, is on every
stack and allocates nothing of the request."""
COMPREHENSIONS = frozenset({"<dictcomp>", "<listcomp>", "<setcomp>"})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whose code a file is."""

    kind: Literal["application", "dependency", "interpreter", "native"]
    package: str = ""
    """Name and version of the distribution of a dependency."""


@dataclass(frozen=True, kw_only=True)
class LeakingSite:
    """One function that allocates what stays, all threads and processes together."""

    site: Site
    """Its ``share`` is 0 until the site is reconciled with the ledger."""
    python_blocks_per_request: float
    """The part of its blocks that Python's allocator hands out."""
    python_bytes_per_request: float = 0.0
    """Their bytes."""
    table_bytes_per_request: float = 0.0
    """The part of its bytes that is an estimate, from a container's reallocated table."""
    mapped_bytes_per_request: float = 0.0
    """The part of its bytes that is mappings, by their size."""
    lines: tuple[Site, ...] = ()
    """The site's parts by line, which sum up to it but for the table."""


_Key = tuple[str, str]
"""File and function."""


@dataclass
class _Tally:
    """Survivors of one site, of one kind of block."""

    early_bytes: float = 0
    early_blocks: float = 0
    late_bytes: float = 0
    late_blocks: float = 0
    mark_bytes: float = 0
    mark_blocks: float = 0

    def add(self, other: "StackSurvivors | _Tally") -> None:
        self.early_bytes += other.early_bytes
        self.early_blocks += other.early_blocks
        self.late_bytes += other.late_bytes
        self.late_blocks += other.late_blocks
        self.mark_bytes += other.mark_bytes
        self.mark_blocks += other.mark_blocks


@dataclass
class _Group:
    """All that is known of one site."""

    python: _Tally = field(default_factory=_Tally)
    other: _Tally = field(default_factory=_Tally)
    mapped: _Tally = field(default_factory=_Tally)
    tables: _Tally = field(default_factory=_Tally)
    lines: dict[int, _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    """Survivors of all kinds by line."""
    stacks: Counter[tuple[Frame, ...]] = field(default_factory=Counter)
    """Bytes alive at the end by stack."""


@dataclass(frozen=True)
class _Growth:
    """Bytes and blocks per request that stay, and bytes that were replaced."""

    size: float
    blocks: float


def leaking_sites(
    digests: Sequence[CaptureDigest], origin_of: Callable[[str], Origin]
) -> tuple[LeakingSite, ...]:
    """Return the sites of one window that leak, those with the largest blocks first.

    Args:
        digests: One per process of the target, all of the same window.
        origin_of: Tells whose code a source file is.
    """
    if not digests:
        return ()
    early, total = digests[0].requests_early, digests[0].requests_total
    if not 0 < early < total:
        return ()
    groups: dict[_Key, _Group] = defaultdict(_Group)
    for digest in digests:
        _collect(groups, digest, origin_of)
    found = [_leak(group, early, total) for group in groups.values()]
    # Mappings count by their size, most of which may never be touched: they come last.
    found.sort(key=lambda leak: leak.mapped_bytes_per_request - leak.site.bytes_per_request)
    sizes = [leak.site.bytes_per_request - leak.mapped_bytes_per_request for leak in found]
    before = accumulate(sizes, initial=0.0)
    listed = zip(found, sizes, before, strict=False)
    return tuple(
        leak
        for leak, size, sofar in listed
        if (size > 0 and sofar < LISTED * sum(sizes)) or leak.mapped_bytes_per_request
    )


def _collect(
    groups: dict[_Key, _Group], digest: CaptureDigest, origin_of: Callable[[str], Origin]
) -> None:
    """Add one process's stacks to the sites; a container's table is told from payload here.

    That is done line by line: a function may fill several containers.
    """
    tallies: dict[tuple[_Key, int, BlockKind], _Tally] = defaultdict(_Tally)
    for stack in digest.stacks:
        if stack.frames or stack.native:
            frames = tuple(marked_frames(stack, origin_of))
            shown = frames[shown_frame(frames)]
            key = (shown.file, shown.function)
            groups[key].stacks[frames] += stack.early_bytes + stack.late_bytes
            tallies[key, shown.line, stack.kind].add(stack)
    for (key, line, kind), tally in tallies.items():
        if digest.method == "tracemalloc":
            _part(tally, digest)
        group = groups[key]
        one_age = not tally.early_blocks or not tally.late_blocks
        few = tally.early_blocks + tally.late_blocks <= TABLE_BLOCKS
        if kind == "large" and one_age and few:
            group.tables.add(tally)
            continue
        group.lines[line].add(tally)
        if kind in ("small", "large"):
            group.python.add(tally)
        elif kind == "mapping":
            group.mapped.add(tally)
        else:
            group.other.add(tally)


def _part(tally: _Tally, digest: CaptureDigest) -> None:
    """Part tracemalloc's survivors, whose age is not known, into early and late ones.

    What the site gained after the mark is late; at the same rate, at most, the rest is early.
    """
    ratio = digest.requests_early / digest.requests_late
    late_bytes = max(tally.late_bytes - tally.mark_bytes, 0)
    late_blocks = max(tally.late_blocks - tally.mark_blocks, 0)
    if tally.late_blocks > TABLE_BLOCKS:  # a table keeps its figures: it is one block, late
        tally.early_bytes = min(tally.mark_bytes, late_bytes * ratio)
        tally.early_blocks = min(tally.mark_blocks, late_blocks * ratio)
        tally.late_bytes, tally.late_blocks = late_bytes, late_blocks


def marked_frames(stack: StackSurvivors, origin_of: Callable[[str], Origin]) -> Iterable[Frame]:
    """Yield the frames of a stack, innermost first, with whose code they are."""
    for native in stack.native[:NATIVE_FRAMES]:
        origin = origin_of(native.module)
        kind: Literal["interpreter", "native"] = (
            "interpreter" if origin.kind == "interpreter" else "native"
        )
        yield Frame(**vars(native), origin=kind, package=origin.package)
    yield from marked_calls(stack.frames, origin_of)


def marked_calls(
    frames: Sequence[CallFrame], origin_of: Callable[[str], Origin]
) -> Iterable[Frame]:
    """Yield the innermost of some frames, likewise."""
    for function, file, line in frames[:STACK_FRAMES]:
        origin = origin_of(file)
        yield Frame(
            function=function, file=file, line=line, origin=origin.kind, package=origin.package
        )


def shown_frame(frames: Sequence[Frame]) -> int:
    """Return the index of the frame that a developer should look at first.

    That is the innermost one of the application; of a dependency where the application is not on
    the stack; of native code where that is not either; else the innermost of all. What lies outside
    a serving loop does not count.
    """
    within = next((i for i, frame in enumerate(frames) if _is_loop(frame)), len(frames))
    for wanted in ("application", "dependency", "native"):
        for index, frame in enumerate(frames[:within]):
            if frame.origin == wanted and not _is_comprehension(frame):
                return index
    return 0


def _is_comprehension(frame: Frame) -> bool:
    """Tell a comprehension, which up to Python 3.11 is a function, and called by the one around."""
    return frame.function.rpartition(".")[2] in COMPREHENSIONS


def _is_loop(frame: Frame) -> bool:
    return frame.origin == "interpreter" and any(
        frame.file.endswith(file) and frame.function in functions for file, functions in LOOPS
    )


def _leak(group: _Group, early: int, total: int) -> LeakingSite:
    python = _growth(group.python, early, total)
    other = _growth(group.other, early, total)
    mapped = _growth(group.mapped, early, total)
    payload = python.size + other.size + mapped.size
    table = _table_growth(group.tables, early, total)
    frames = max(group.stacks, key=lambda stack: group.stacks[stack])
    shown = frames[shown_frame(frames)]
    site = Site(
        function=shown.function,
        file=shown.file,
        line=_line(group),
        bytes_per_request=payload + table,
        blocks_per_request=python.blocks + other.blocks + mapped.blocks,
        share=0.0,
        origin=shown.origin,
        package=shown.package,
        through=_through(frames),
        stack=frames,
    )
    return LeakingSite(
        site=site,
        python_blocks_per_request=python.blocks,
        python_bytes_per_request=python.size,
        table_bytes_per_request=table,
        mapped_bytes_per_request=mapped.size,
        lines=tuple(_by_line(group, site, payload, early, total)),
    )


def _by_line(group: _Group, site: Site, payload: float, early: int, total: int) -> Iterable[Site]:
    """Part a site in proportion to what grows by line; each line with its largest stack."""
    growths = {line: _growth(tally, early, total) for line, tally in group.lines.items()}
    whole = sum(growth.size for growth in growths.values())
    for line, growth in sorted(growths.items(), key=lambda entry: -entry[1].size):
        if growth.size > 0:
            stacks = [one for one in group.stacks if one[shown_frame(one)].line == line]
            stack = max(stacks, key=lambda stack: group.stacks[stack])
            part = growth.size / whole
            yield site.model_copy(
                update={
                    "line": line,
                    "bytes_per_request": payload * part,
                    "blocks_per_request": site.blocks_per_request * part,
                    "through": _through(stack),
                    "stack": stack,
                }
            )


def _through(frames: Sequence[Frame]) -> str:
    """Return the native code that reached the allocator, the C library and the like left out."""
    native = [frame for frame in frames if frame.module]
    if not native:
        return ""
    frame = next((frame for frame in native if frame.origin == "native"), native[-1])
    module = PurePath(frame.module).name
    if frame.function.startswith(module):  # stripped: an offset into it
        return "" if frame is frames[shown_frame(frames)] else frame.function
    return f"{module}: {frame.function}" + ("" if "(" in frame.function else "()")


def _line(group: _Group) -> int:
    """Return the line that holds the most; Python 3.9 gives a frame's first allocations line 0."""
    lines: Counter[int] = Counter()
    for frames, size in group.stacks.items():
        lines[frames[shown_frame(frames)].line] += size
    return max(lines, key=lambda line: (line > 0, lines[line]))


def _growth(tally: _Tally, early: int, total: int) -> _Growth:
    """Return what grows in proportion to requests in both parts of the window."""
    late = total - early
    early_rate, late_rate = tally.early_blocks / early, tally.late_blocks / late
    if not min(early_rate, late_rate):
        return _Growth(0.0, 0.0)
    ratio = late / early
    spread = math.sqrt(tally.late_blocks + tally.early_blocks * ratio**2)
    by_chance = abs(tally.late_blocks - tally.early_blocks * ratio) <= NOISE * spread
    apart = max(early_rate, late_rate) / min(early_rate, late_rate)
    if by_chance or apart <= PROPORTIONAL:
        blocks, size = tally.early_blocks + tally.late_blocks, tally.early_bytes + tally.late_bytes
        return _Growth(size / total, blocks / total)
    size = min(tally.early_bytes / early, tally.late_bytes / late)
    return _Growth(size, min(early_rate, late_rate))


def _table_growth(tally: _Tally, early: int, total: int) -> float:
    """Estimate how fast a container's table grows, which is seen only when it is reallocated."""
    size = tally.early_bytes + tally.late_bytes
    if tally.late_bytes > tally.mark_bytes > 0:
        return (tally.late_bytes - tally.mark_bytes) / (total - early)
    return size * TABLE_SHARE / total
