"""Profiles and windows for tests, from few words."""

from collections.abc import Mapping

import numpy as np

from tsprof.analysis.hotspots.profiles import profile_of
from tsprof.records import SampledWindow
from tsprof.stacks import Frame, StackProfile


def frame(name: str, line: int = 1) -> Frame:
    """Return a frame of the application's; ``name`` may have its file after a colon."""
    function, _, file = name.partition(":")
    return Frame(function=function, file=file or "/srv/app.py", line=line)


def profile(
    weights: Mapping[str, float], requests: int = 1000, cpu_seconds: float = 1.0
) -> StackProfile:
    """Return a profile of stacks such as ``main;hot``."""
    stacks = {tuple(map(frame, text.split(";"))): w for text, w in weights.items()}
    return profile_of(stacks, requests=requests, seconds=2.0, cpu_seconds=cpu_seconds)


def window(segment: int, seen: StackProfile, *, pid: int = 1) -> SampledWindow:
    """Return a window of one process."""
    return SampledWindow(
        segment=segment,
        pid=pid,
        command=f"worker {pid}",
        began=float(segment),
        profile=seen,
    )


def drawn(
    shares: Mapping[str, float], samples: int, random: np.random.Generator, cost: float = 0.001
) -> StackProfile:
    """Return a profile of so many samples drawn at random, of 1,000 requests.

    Args:
        shares: of each stack.
        samples: to draw.
        random: draws them.
        cost: CPU time of a request in seconds.
    """
    counts = random.multinomial(samples, list(shares.values()))
    return profile(
        {name: float(n) for name, n in zip(shares, counts, strict=True) if n},
        cpu_seconds=1000 * cost,
    )
