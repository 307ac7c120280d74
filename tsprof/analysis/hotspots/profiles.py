"""Profiles put together, by function, and within bounds."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Literal

from tsprof.analysis.attribution.sites import Origin
from tsprof.stacks import Frame, Stack, StackProfile

Unit = Literal["samples", "instructions", "bytes"]

FOLDED = Frame(function="(rare stacks)", origin="interpreter")
"""Stands for what lies below the outermost frame of stacks that were too many to keep."""

OUTSIDE = Frame(function="(without the GIL: system calls and C code)", origin="native")
"""Stands for the CPU time of a process in which none of its threads held the GIL."""
SUMS = frozenset({FOLDED.function, OUTSIDE.function})
"""What is no function, but stands for many."""


def frame_of(function: str, file: str, line: int, origin_of: Callable[[str], Origin]) -> Frame:
    """Return a frame, marked with whose code its file is."""
    origin = origin_of(file)
    return Frame(
        function=function, file=file, line=line, origin=origin.kind, package=origin.package
    )


def profile_of(
    weights: Mapping[tuple[Frame, ...], float],
    *,
    unit: Unit = "samples",
    requests: int = 0,
    seconds: float = 0.0,
    cpu_seconds: float = 0.0,
) -> StackProfile:
    """Return the profile with these call stacks, outermost frame first, and their weights."""
    places: dict[Frame, int] = {}
    stacks = tuple(
        Stack(tuple(places.setdefault(frame, len(places)) for frame in frames), weight)
        for frames, weight in weights.items()
    )
    return StackProfile(
        unit=unit,
        frames=tuple(places),
        stacks=stacks,
        requests=requests,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
    )


def completed(
    stacks: Mapping[tuple[Frame, ...], float], cpu_samples: float
) -> dict[tuple[Frame, ...], float]:
    """Add the CPU time in which no thread held the GIL to samples of those that did.

    Args:
        stacks: samples of the GIL's holder.
        cpu_samples: how many there would be of all CPU time: that time, times the rate.
    """
    outside = cpu_samples - sum(stacks.values())
    return {**stacks, (OUTSIDE,): outside} if outside > 0 else dict(stacks)


def merged(profiles: Iterable[StackProfile], *, requests: int, seconds: float) -> StackProfile:
    """Add profiles of the same unit up.

    Args:
        profiles: to add up.
        requests: that were answered while they were taken: those of several processes at a time
            are about the same requests.
        seconds: for how long they were taken, likewise.
    """
    weights: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    unit: Unit = "samples"
    cpu_seconds = 0.0
    for profile in profiles:
        unit = profile.unit
        cpu_seconds += profile.cpu_seconds
        for stack in profile.stacks:
            weights[tuple(profile.frames[place] for place in stack.frames)] += stack.weight
    return profile_of(
        weights, unit=unit, requests=requests, seconds=seconds, cpu_seconds=cpu_seconds
    )


def by_function(profile: StackProfile) -> StackProfile:
    """Tell functions apart, not the lines in them; each has the line of its own that ran most."""
    heat: dict[tuple[str, str], dict[int, tuple[float, float]]] = defaultdict(dict)
    for stack in profile.stacks:
        for depth, place in enumerate(reversed(stack.frames)):
            frame = profile.frames[place]
            own, all_of_it = heat[frame.function, frame.file].get(frame.line, (0.0, 0.0))
            added = (own + (0 if depth else stack.weight), all_of_it + stack.weight)
            heat[frame.function, frame.file][frame.line] = added
    lines = {key: max(of, key=lambda line: of[line]) for key, of in heat.items()}
    frames = [replace(f, line=lines[f.function, f.file]) for f in profile.frames]
    weights: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    for stack in profile.stacks:
        weights[tuple(frames[place] for place in stack.frames)] += stack.weight
    return _like(profile, weights)


def bounded(profile: StackProfile, most: int) -> StackProfile:
    """Keep the heaviest stacks, and fold the others below their outermost frames.

    Args:
        profile: to be kept.
        most: stacks to keep.
    """
    if len(profile.stacks) <= most:
        return profile
    by_weight = sorted(profile.stacks, key=lambda stack: -stack.weight)
    weights: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    for rank, stack in enumerate(by_weight):
        frames = tuple(profile.frames[place] for place in stack.frames)
        weights[frames if rank < most else (*frames[:1], FOLDED)] += stack.weight
    return _like(profile, weights)


def _like(profile: StackProfile, weights: Mapping[tuple[Frame, ...], float]) -> StackProfile:
    return profile_of(
        weights,
        unit=profile.unit,
        requests=profile.requests,
        seconds=profile.seconds,
        cpu_seconds=profile.cpu_seconds,
    )
