"""What survived an attribution window, and what it had at most, by call stack, for pictures."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import PurePath

from tsprof.analysis.attribution.captures import CaptureDigest, StackSurvivors
from tsprof.analysis.attribution.sites import STACK_FRAMES, Origin, marked_frames
from tsprof.analysis.hotspots.profiles import frame_of, profile_of
from tsprof.report import model
from tsprof.stacks import Frame, StackProfile


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
            if size := _survived(stack, digest.method):
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
        for stack in digest.peak:
            frames = [frame_of(*frame, origin_of) for frame in stack.frames[:STACK_FRAMES]]
            weights[tuple(reversed(frames))] += stack.bytes
    return profile_of(weights, unit="bytes") if weights else None


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
