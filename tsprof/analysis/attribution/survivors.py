"""What survived an attribution window, and what it had at most, by call stack, for pictures."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from heapq import nlargest
from operator import attrgetter
from pathlib import PurePath

from tsprof.analysis.attribution.captures import CaptureDigest, PeakStack, StackSurvivors
from tsprof.analysis.attribution.sites import Origin, marked_calls, marked_frames, shown_frame
from tsprof.analysis.hotspots.profiles import profile_of
from tsprof.report import model
from tsprof.stacks import Frame, StackProfile

PEAK_SITES = 10
"""Lines of a peak that are listed; its picture has all."""


def surviving_stacks(
    digests: Sequence[CaptureDigest], origin_of: Callable[[str], Origin]
) -> StackProfile | None:
    """Return the bytes that the early part of a window allocated and that its end still had.

    A leak is in it, and so is what the first requests of the window made once, and all of a
    container's table that grew then; what turns over is not.

    Args:
        digests: one per process of the target, all of the same window.
        origin_of: tells whose code a source file is.

    Returns:
        The profile, with the requests of the early part; None where there is no digest.
    """
    if not digests:
        return None
    weights: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    for digest in digests:
        for stack in digest.stacks:
            size = _survived(stack, digest.method)
            if size and (stack.frames or stack.native):
                frames = map(_frame, marked_frames(stack, origin_of))
                weights[tuple(reversed(list(frames)))] += size
    return profile_of(weights, unit="bytes", requests=digests[0].requests_early)


def peak_stacks(
    digests: Sequence[CaptureDigest], origin_of: Callable[[str], Origin]
) -> StackProfile | None:
    """Return the bytes that a window had allocated and not freed when these were most.

    Args:
        digests: one per process of the target, each with a peak of its own.
        origin_of: tells whose code a source file is.

    Returns:
        The profile; None where no digest tells a peak.
    """
    weights: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    for digest in digests:
        for stack in filter(attrgetter("frames"), digest.peak):
            frames = map(_frame, marked_calls(stack.frames, origin_of))
            weights[tuple(reversed(list(frames)))] += stack.bytes
    return profile_of(weights, unit="bytes") if weights else None


def peak_sites(
    stacks: Sequence[PeakStack], origin_of: Callable[[str], Origin]
) -> tuple[model.PeakSite, ...]:
    """Return the lines that had the most when a process had the most.

    Args:
        stacks: of that moment.
        origin_of: tells whose code a source file is.
    """
    by_line: defaultdict[tuple[str, str, int], Counter[tuple[model.Frame, ...]]]
    by_line = defaultdict(Counter)
    for stack in stacks:
        frames = tuple(marked_calls(stack.frames, origin_of))
        if frames:
            shown = frames[shown_frame(frames)]
            by_line[shown.function, shown.file, shown.line][frames] += stack.bytes
    whole = sum(stack.bytes for stack in stacks)
    sites = [
        model.PeakSite(
            function=function,
            file=file,
            line=line,
            bytes=sizes.total(),
            share=sizes.total() / whole,
            stack=sizes.most_common(1)[0][0],
        )
        for (function, file, line), sizes in by_line.items()
    ]
    return tuple(nlargest(PEAK_SITES, sites, key=lambda site: site.bytes))


def _survived(stack: StackSurvivors, method: str) -> int:
    """Bytes of the early part that are alive; with tracemalloc, at most so many are."""
    if method == "tracemalloc":
        return min(stack.mark_bytes, stack.late_bytes)
    return stack.early_bytes


def _frame(frame: model.Frame) -> Frame:
    return Frame(
        function=frame.function,
        file=frame.file,
        line=frame.line,
        origin=frame.origin,
        package=frame.package or PurePath(frame.module).name,
    )
