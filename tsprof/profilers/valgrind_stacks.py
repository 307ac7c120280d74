"""Call stacks as valgrind's tools print them, and what stays of the blocks they allocate."""

import re
from collections.abc import Sequence
from dataclasses import replace

from tsprof.analysis.attribution.captures import (
    CallFrame,
    CaptureDigest,
    Method,
    PeakStack,
    StackSurvivors,
)
from tsprof.profilers.survivors import NOTHING, Survivors, of_malloc
from tsprof.profilers.symbols import demangled

FRAME = r"0x([0-9A-F]+): (.*)$"
"""A frame: its address, and what ``frame_of`` reads."""
_PLACE = re.compile(r"(.*) \((?:in (.*)|(/.*|[^ ()]+):(\d+))\)$")
_NAMELESS = "UnknownInlinedFun"

Stack = tuple[CallFrame, ...]
"""Innermost first."""
Blocks = dict[Stack, tuple[int, int]]
"""What is allocated at a moment: bytes, as malloc takes them, and blocks."""


def frame_of(address: str, text: str) -> CallFrame:
    """Return the frame that stands after an address."""
    place = _PLACE.match(text)
    if place is None:
        return text, "", 0
    function, module, file, line = place.groups()
    if function == "???":  # stripped
        function = f"{(module or '').rpartition('/')[2]}+0x{address.lower()}"
    return function, module or file, int(line or 0)


def named(frames: Sequence[tuple[str, CallFrame]]) -> Stack:
    """Name inlined functions of programs with nothing but line tables by what they are part of.

    Args:
        frames: with the address of each, innermost first; those at one address are one call.
    """
    around: dict[str, str] = {address: frame[0] for address, frame in frames}
    return tuple(
        (f"{around[address]} (inlined)" if name == _NAMELESS else name, file, line)
        for address, (name, file, line) in frames
    )


def taken(size: int, blocks: int) -> int:
    """Return the bytes that glibc's malloc takes for blocks of so many bytes together."""
    return round(blocks * of_malloc(size / blocks)) if blocks else 0


def digest_of(
    method: Method,
    moments: Sequence[Blocks],
    requests_early: int,
    requests_total: int,
    peak: Sequence[PeakStack] = (),
) -> CaptureDigest:
    """Return what came between three moments and stayed, as other profilers' windows tell it.

    Args:
        method: that told what was allocated at these moments.
        moments: before, between and after two segments.
        requests_early: of the first segment.
        requests_total: of both.
        peak: what was allocated when that was most.
    """
    stacks = []
    for stack in moments[-1]:
        sums = Survivors.between(*(moment.get(stack, NOTHING) for moment in moments))
        stacks.append(StackSurvivors(frames=stack, kind="native", **vars(sums)))
    of_all = [one.frames for one in stacks] + [one.frames for one in peak]
    names = demangled({frame[0] for frames in of_all for frame in frames})

    def as_written(frames: Stack) -> Stack:
        return tuple((names[name], file, line) for name, file, line in frames)

    return CaptureDigest(
        method=method,
        requests_early=requests_early,
        requests_total=requests_total,
        stacks=tuple(replace(one, frames=as_written(one.frames)) for one in stacks),
        peak=tuple(replace(one, frames=as_written(one.frames)) for one in peak),
    )
