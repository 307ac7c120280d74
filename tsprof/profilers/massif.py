"""Read what massif tells: a program's heap over time, at its peak, and by call stack.

Its files are text, one snapshot after the other. A line of a snapshot's tree tells how many bytes
the function before it allocated when it was called from here, so that the leaves are whole stacks.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

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
    """What was allocated, by call stack."""

    seconds: float
    """Since the program's start."""
    blocks: Blocks


@dataclass(frozen=True)
class History:
    """A program's heap over time."""

    points: tuple[HeapPoint, ...]
    peak_seconds: float = 0.0
    peak: tuple[PeakStack, ...] = ()
    """What was allocated when that was most; empty where it was never less than before."""


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
    snapshots = list(_snapshots(lines, most))
    if len(snapshots) != 2:  # noqa: PLR2004 - as above
        raise UnreadableError("no heap of massif")
    sizes, counts = (snapshot.leaves for snapshot in snapshots)
    blocks = {
        stack: (taken(size, counts.get(stack, 0)), counts.get(stack, 0))
        for stack, size in sizes.items()
    }
    return Moment(snapshots[0].seconds, blocks)


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
        figures = snapshot.figures
        points.append(
            HeapPoint(
                seconds=snapshot.seconds,
                heap_bytes=figures.get("mem_heap_B", 0),
                overhead_bytes=figures.get("mem_heap_extra_B", 0),
            )
        )
        if snapshot.is_peak:
            history = History(
                (),
                snapshot.seconds,
                tuple(
                    PeakStack(frames=stack, bytes=size)
                    for stack, size in Counter(snapshot.leaves).most_common(PEAK_STACKS)
                ),
            )
    if not points:
        raise UnreadableError("no snapshots of massif")
    return replace(history, points=tuple(points))


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
