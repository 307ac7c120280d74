"""What the readers of captures share: the sums of a call stack, and what a block takes."""

import math
from dataclasses import dataclass
from typing import Self

from tsprof.analysis.attribution.captures import BlockKind, CallFrame, NativeFrame

Key = tuple[tuple[CallFrame, ...], BlockKind, tuple[NativeFrame, ...]]
"""A call stack: its frames (of Python, or of a native program), the kind of its blocks, and the
native frames that a frame of Python called."""

Live = tuple[float, float]
"""Bytes and blocks of a stack that are alive at a moment."""
NOTHING: Live = (0, 0)

_HEADER = 8
_SMALLEST = 32


class UnreadableError(Exception):
    """A capture that cannot be read; the message says why."""


@dataclass
class Survivors:
    """Sums of one stack: bytes and blocks."""

    early_bytes: int = 0
    early_blocks: int = 0
    late_bytes: int = 0
    late_blocks: int = 0
    mark_bytes: int = 0
    mark_blocks: int = 0

    @classmethod
    def between(cls, first: Live, middle: Live, last: Live) -> Self:
        """Return what came between three moments and stayed, by what was alive at each."""
        early_bytes, early_blocks = (
            max(round(b - a), 0) for a, b in zip(first, middle, strict=True)
        )
        late_bytes, late_blocks = (max(round(b - a), 0) for a, b in zip(middle, last, strict=True))
        return cls(early_bytes, early_blocks, late_bytes, late_blocks, early_bytes, early_blocks)

    def add(self, other: "Survivors") -> None:
        """Add the sums of another stack to these."""
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)


def to_sixteen(size: float) -> int:
    """Round a size up to a multiple of 16 bytes."""
    return math.ceil(size / 16) * 16


def of_malloc(size: float) -> int:
    """Return what glibc's malloc takes for a block: a header more, rounded up."""
    return max(_SMALLEST, to_sixteen(size + _HEADER))
