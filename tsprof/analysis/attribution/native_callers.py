"""Which line of Python calls the native code that allocates, where only samples tell.

heaptrack tells which native functions allocate what stays, up to the one that the interpreter
called, and nothing of Python. Samples of both kinds of frames tell from where that one is called.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath

from tsprof.analysis.attribution.captures import CallFrame, CaptureDigest, NativeFrame
from tsprof.stacks import Frame

Ways = Counter[tuple[CallFrame, ...]]
"""Samples by the Python frames on the way, innermost first."""
Samples = Mapping[tuple[Frame, ...], float]
"""Numbers of samples by call stack, outermost frame first."""


def with_callers(digest: CaptureDigest, samples: Samples) -> CaptureDigest:
    """Put the lines of Python above the native stacks that they call the most often.

    Args:
        digest: of a record of native code in a Python process.
        samples: of that process, with its native frames.
    """
    functions: dict[tuple[str, str], Ways] = defaultdict(Counter)
    modules: dict[str, Ways] = defaultdict(Counter)
    for stack, number in samples.items():
        callers: tuple[CallFrame, ...] = ()
        for outer, frame in pairwise(stack):
            if _is_python(outer):
                callers = ((outer.function, outer.file, outer.line), *callers)
                if not _is_python(frame):
                    functions[frame.function, frame.file][callers] += round(number)
                    modules[frame.file][callers] += round(number)
    return replace(
        digest,
        stacks=tuple(
            replace(stack, frames=_callers(stack.native[-1], functions, modules))
            if stack.native and not stack.frames
            else stack
            for stack in digest.stacks
        ),
    )


def _callers(
    entry: NativeFrame, functions: Mapping[tuple[str, str], Ways], modules: Mapping[str, Ways]
) -> tuple[CallFrame, ...]:
    """Return the commonest way to a function, or to its module where that is stripped of names."""
    # With debug information a sample names the source file, and not the module.
    ways = [functions.get((entry.function, file)) for file in (entry.module, entry.file)]
    if entry.function.startswith(f"{PurePath(entry.module).name}+"):
        ways.append(modules.get(entry.module))
    found = next(filter(None, ways), None)
    return found.most_common(1)[0][0] if found else ()


def _is_python(frame: Frame) -> bool:
    return frame.file.endswith(".py") or frame.file.startswith("<")
