"""jemalloc's sampling heap profiler: how a program is started with it, and what it dumps.

It notes the call stack of one block in every so many bytes that are allocated, and tells those that
are alive. A program runs about as fast with it as without.
"""

import ctypes.util
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from tsprof.analysis.attribution.captures import CaptureDigest, StackSurvivors
from tsprof.errors import UsageError
from tsprof.profilers import heaptrack
from tsprof.profilers.return_addresses import Addresses, Mapped, frames_returned_to, mapped
from tsprof.profilers.survivors import NOTHING, Live, Survivors, UnreadableError

SAMPLES = 400
"""Blocks of the leak that are to be sampled in each part of a window: its rate to within 5 %."""
FINEST, COARSEST = 9, 19
"""Least and most bytes between two samples, as powers of two; 19 is jemalloc's own."""
LARGEST_DUMP = 64 << 20
"""Characters of a dump that are read; a Rust service's with 1,000 stacks has 500,000."""
_VERSION = re.compile(r"heap_v2/(\d+)$")
_COUNTS = re.compile(r"t\*: (\d+): (\d+) ")


def find() -> str | None:
    """Return the file name of jemalloc's library; None where it is not installed."""
    return ctypes.util.find_library("jemalloc")


def is_usable() -> bool:
    """Tell whether jemalloc is there, and heaptrack, whose interpreter names the functions."""
    return find() is not None and heaptrack.find() is not None


def require() -> None:
    """Make sure that jemalloc is there, and heaptrack, whose interpreter names the functions.

    Raises:
        UsageError: one of them is not installed.
    """
    if find() is None:
        raise UsageError(
            "jemalloc is not installed",
            hint="apt install libjemalloc2, or leave --profiler out",
        )
    heaptrack.require()


def sample_bits(expected: float) -> int:
    """Return the power of two of bytes between samples that makes a leak show well.

    Args:
        expected: bytes that it will leave in a part of the window.
    """
    return max(FINEST, min(COARSEST, int(math.log2(max(expected / SAMPLES, 1)))))


def configuration(bits: int) -> Mapping[str, str]:
    """Return the environment variables that switch the profiler on."""
    return {"MALLOC_CONF": f"prof:true,prof_active:true,lg_prof_sample:{bits}"}


@dataclass(frozen=True)
class Dump:
    """The sampled blocks that were alive at a moment."""

    blocks: Mapping[Addresses, Live]
    """By stack, scaled up to all."""
    samples: Mapping[Addresses, int]
    modules: Sequence[Mapped] = field(repr=False, default=())


def read_dump(text: IO[str], most: int = LARGEST_DUMP) -> Dump:
    """Read a dump of jemalloc 5.

    Args:
        text: of the dump.
        most: characters that are read of it.

    Raises:
        UnreadableError: it is none, or longer.
    """
    content = text.read(most + 1)
    if len(content) > most:
        raise UnreadableError(f"larger than {most >> 20} MiB")
    blocks: dict[Addresses, Live] = {}
    samples: dict[Addresses, int] = {}
    modules = []
    period = 0
    stack: Addresses = ()
    try:
        for line in map(str.rstrip, content.splitlines()):
            if version := _VERSION.match(line):
                period = int(version[1])
            elif line.startswith("@"):
                stack = tuple(int(address, 16) for address in line.split()[1:])
            elif stack and (counts := _COUNTS.match(line.strip())):
                number, size = int(counts[1]), int(counts[2])
                scale = _scale(size / number, period) if number else 0.0
                blocks[stack], samples[stack] = (size * scale, number * scale), number
            elif module := mapped(line):
                modules.append(module)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise UnreadableError(f"damaged: {error}") from error
    if not period:
        raise UnreadableError("no heap profile of jemalloc 5")
    return Dump(blocks, samples, modules)


def _scale(mean: float, period: int) -> float:
    """Return how many blocks of a size stand behind each one that is sampled, as jeprof does."""
    return 1 / -math.expm1(-mean / period)


def digest_of(
    moments: Sequence[Dump], requests_early: int, requests_total: int, stacks_kept: int = 300
) -> CaptureDigest:
    """Return what came between three moments and stayed.

    Raises:
        UnreadableError: the stacks cannot be made into functions.
    """
    last = moments[-1]
    kept = sorted(last.blocks, key=lambda stack: -last.blocks[stack][0])[:stacks_kept]
    frames = frames_returned_to(kept, last.modules)
    stacks = []
    for stack in kept:
        sums = Survivors.between(*(moment.blocks.get(stack, NOTHING) for moment in moments))
        stacks.append(StackSurvivors(frames=frames.get(stack, ()), kind="native", **vars(sums)))
    return CaptureDigest(
        method="jemalloc",
        requests_early=requests_early,
        requests_total=requests_total,
        stacks=tuple(stacks),
    )


def sampling_error(first: Dump, last: Dump) -> float:
    """Return the relative standard error of the growth of the stack that grew the most."""
    grown = {s: n - first.samples.get(s, 0) for s, n in last.samples.items()}
    most = max(grown, key=lambda s: last.blocks[s][0] - first.blocks.get(s, NOTHING)[0], default=())
    return 1 / math.sqrt(max(grown.get(most, 0), 1))
