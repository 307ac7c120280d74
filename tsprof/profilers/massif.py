"""Read what massif tells: a program's heap over time, at its peak, and by call stack.

Its files are text, one snapshot after the other. A line of a snapshot's tree tells how many bytes
the function before it allocated when it was called from here, so that the leaves are whole stacks.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from tsprof.analysis.attribution.captures import CallFrame, PeakStack
from tsprof.profilers.survivors import UnreadableError
from tsprof.profilers.valgrind_stacks import FRAME, Blocks, Stack, frame_of, named, taken
from tsprof.report.model import HeapPoint

LARGEST = 128 << 20
"""Characters of a file that are read; a Rust service's with 500 stacks has 1.6 million."""
PEAK_STACKS = 1000
"""Call stacks that are kept of a peak, those with the most."""
_NODE = re.compile(r"( *)n(\d+): (\d+) (.*)")
_FRAME = re.compile(FRAME)


@dataclass(frozen=True)
class Moment:
    """What was allocated at a moment."""

    seconds: float
    """Since the program's start."""
    sizes: dict[Stack, int]
    """Bytes that were asked for, by call stack."""
    counts: dict[Stack, int]
    """Blocks, likewise."""

    @property
    def heap_bytes(self) -> int:
        """Of all stacks."""
        return sum(self.sizes.values())

    @property
    def blocks(self) -> Blocks:
        """Bytes, as malloc takes them, and blocks."""
        return {
            stack: (taken(size, self.counts.get(stack, 0)), self.counts.get(stack, 0))
            for stack, size in self.sizes.items()
        }


@dataclass(frozen=True)
class History:
    """A program's heap over time."""

    points: tuple[HeapPoint, ...]
    peak_seconds: float = 0.0
    peak: tuple[PeakStack, ...] = ()
    """What was allocated when that was most."""


@dataclass
class _Snapshot:
    """One of a file."""

    figures: dict[str, int] = field(default_factory=dict)
    is_peak: bool = False
    leaves: dict[Stack, int] = field(default_factory=dict)
    """Numbers at the ends of its tree, by call stack."""
    path: list[tuple[str, CallFrame]] = field(default_factory=list)
    """Functions from the one that allocates to that of the last line."""

    @property
    def seconds(self) -> float:
        """Since the program's start."""
        return self.figures.get("time", 0) / 1000

    def read(self, line: str) -> None:
        """Take the next line in."""
        if node := _NODE.match(line):
            self._descend(*node.groups())
        else:
            name, _, value = line.partition("=")
            if value.isdecimal():
                self.figures[name] = int(value)
            self.is_peak |= line == "heap_tree=peak"

    def _descend(self, indent: str, callers: str, number: str, text: str) -> None:
        if not indent:
            return  # the root, which is no function
        frame = _FRAME.match(text)  # none for several that are too small to be told
        below = [(frame[1], frame_of(frame[1], frame[2]))] if frame is not None else []
        self.path[len(indent) - 1 :] = below
        if callers == "0" and int(number):
            stack = named(self.path)
            self.leaves[stack] = self.leaves.get(stack, 0) + int(number)


def read_moment(lines: Iterable[str], most: int = LARGEST) -> Moment:
    """Read the answer to ``xtmemory``: a snapshot of bytes, and one of blocks.

    Args:
        lines: of the file.
        most: characters that are read of it.

    Raises:
        UnreadableError: it is none, or longer.
    """
    match list(_snapshots(lines, most)):
        case [sizes, counts]:
            return Moment(sizes.seconds, sizes.leaves, counts.leaves)
    raise UnreadableError("no heap of massif")


def read_history(lines: Iterable[str], most: int = LARGEST) -> History:
    """Read the answer to ``all_snapshots``.

    Args:
        lines: of the file.
        most: characters that are read of it.

    Raises:
        UnreadableError: it is none, or longer.
    """
    history = History(())
    points = []
    for snapshot in _snapshots(lines, most):
        heap_bytes = snapshot.figures.get("mem_heap_B", 0)
        points.append(HeapPoint(seconds=snapshot.seconds, heap_bytes=heap_bytes))
        if snapshot.is_peak:
            history = History((), snapshot.seconds, _most(snapshot.leaves))
    if not points:
        raise UnreadableError("no snapshots of massif")
    return replace(history, points=tuple(points))


def with_moments(history: History, moments: Sequence[Moment]) -> History:
    """Add what was asked for at moments of rest, at which massif takes no snapshot by itself.

    It sees a peak where something is freed; one of a program that frees nothing is such a moment.

    Args:
        history: of the program.
        moments: of the same.
    """
    points = [HeapPoint(seconds=one.seconds, heap_bytes=one.heap_bytes) for one in moments]
    points += history.points
    history = replace(history, points=tuple(sorted(points, key=attrgetter("seconds"))))
    most = max(moments, key=attrgetter("heap_bytes"))
    if most.heap_bytes <= sum(stack.bytes for stack in history.peak):
        return history
    return replace(history, peak_seconds=most.seconds, peak=_most(most.sizes))


def _most(sizes: dict[Stack, int]) -> tuple[PeakStack, ...]:
    most = Counter(sizes).most_common(PEAK_STACKS)
    return tuple(PeakStack(frames=stack, bytes=size) for stack, size in most)


def _snapshots(lines: Iterable[str], most: int) -> Iterator[_Snapshot]:
    """Yield each snapshot of a file, which may end anywhere."""
    snapshot = None
    for line in _no_more_than(most, lines):
        if line.startswith("snapshot="):
            if snapshot is not None:
                yield snapshot
            snapshot = _Snapshot()
        elif snapshot is not None:
            snapshot.read(line)
    if snapshot is not None:
        yield snapshot


def _no_more_than(most: int, lines: Iterable[str]) -> Iterator[str]:
    length = 0
    for line in lines:
        length += len(line)
        if length > most:
            raise UnreadableError(f"larger than {most >> 20} MiB")
        yield line.rstrip("\n")
