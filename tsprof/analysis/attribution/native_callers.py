"""Which line of Python calls the native code that allocates, where only samples tell.

heaptrack tells which native functions allocate what stays, up to the one that the interpreter
called, and nothing of Python. Samples of both kinds of frames tell from where that one is called.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from tsprof.analysis.attribution.captures import CallFrame, CaptureDigest, StackSurvivors
from tsprof.stacks import Frame

OFTEN = 0.2
"""Blocks per request from which a stack is one of most requests, or of one worker's: what all
samples of its module share is then on its way, too. One of a rare request may come from elsewhere.
"""
Ways = Counter[tuple[Frame, ...]]
"""Samples by the Python frames on the way, outermost first."""
Samples = Mapping[tuple[Frame, ...], float]
"""Numbers of samples by call stack, outermost frame first."""


def with_python_callers(digest: CaptureDigest, samples: Samples) -> CaptureDigest:
    """Put the lines of Python above the native stacks that they call the most often.

    Args:
        digest: of a record of native code in a Python process.
        samples: of that process, with its native frames.
    """
    functions: dict[tuple[str, str], Ways] = defaultdict(Counter)
    modules: dict[str, Ways] = defaultdict(Counter)
    for stack, number in samples.items():
        way: tuple[Frame, ...] = ()
        for outer, frame in pairwise(stack):
            if _is_python(outer):
                way = (*way, outer)
                if not _is_python(frame):
                    functions[frame.function, frame.file][way] += round(number)
                    modules[frame.file][way] += round(number)

    def callers(stack: StackSurvivors) -> tuple[CallFrame, ...]:
        """Return the commonest way to a function; or else what all ways to its module share."""
        entry = stack.native[-1]
        files = (entry.module, entry.file)  # with debug information a sample names the source file
        known = [functions[entry.function, file] for file in files]
        way = next((ways.most_common(1)[0][0] for ways in known if ways), ())
        often = stack.early_blocks + stack.late_blocks >= OFTEN * digest.requests_total
        if not way and often:
            way = _shared(modules[entry.module] or modules[entry.file])
        return tuple((frame.function, frame.file, frame.line) for frame in reversed(way))

    return replace(
        digest,
        stacks=tuple(
            replace(stack, frames=callers(stack)) if stack.native and not stack.frames else stack
            for stack in digest.stacks
        ),
    )


def _shared(ways: Ways) -> tuple[Frame, ...]:
    """Return the outer frames that all ways have, if the application is among them.

    They serve where a function has no name, or was in no sample: a library of many small ones.
    """
    if not ways:
        return ()
    commonest = ways.most_common(1)[0][0]
    depth = min(_alike(commonest, way) for way in ways)
    shared = commonest[:depth]
    return shared if any(frame.origin == "application" for frame in shared) else ()


def _alike(one: Sequence[Frame], other: Sequence[Frame]) -> int:
    """Return how many outer frames of two ways are the same functions."""
    pairs = zip(one, other, strict=False)
    same = takewhile(lambda p: (p[0].function, p[0].file) == (p[1].function, p[1].file), pairs)
    return sum(1 for _ in same)


def _is_python(frame: Frame) -> bool:
    return frame.file.endswith(".py") or frame.file.startswith("<")
