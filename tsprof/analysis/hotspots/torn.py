"""Call stacks that were read while they changed, put back where they belong.

A profiler that does not pause the target follows a stack from frame to frame while it changes.
Where a coroutine is suspended meanwhile, its callers are missing: 8 to 25 % of the stacks of an
asyncio service with many layers of middleware. Such a stack begins with a function that others call
otherwise, so its callers are taken to be those that it has most often.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tsprof.stacks import Stack, StackProfile

_Places = tuple[int, ...]


def mended(profile: StackProfile) -> tuple[StackProfile, float]:
    """Put torn stacks below their usual callers.

    Args:
        profile: by function. A stack is torn where the function that it begins with is called by
            others more often than it begins a stack; a thread's or a greenlet's first never is.

    Returns:
        The profile with all its weight, and the weight of the stacks that were torn.
    """
    # A thread or a process that is told apart stands before its stack, and has no file.
    named = [bool(frame.file) for frame in profile.frames]
    starts = [_start(stack.frames, named) for stack in profile.stacks]
    begun: defaultdict[int, float] = defaultdict(float)
    called: defaultdict[int, float] = defaultdict(float)
    for stack, start in zip(profile.stacks, starts, strict=True):
        for place in stack.frames[start : start + 1]:
            begun[place] += stack.weight
        for place in set(stack.frames[start + 1 :]):
            called[place] += stack.weight
    torn = {place for place, weight in begun.items() if called[place] > weight}
    if not torn:
        return profile, 0.0
    whole = [
        Stack(stack.frames[start:], stack.weight)
        for stack, start in zip(profile.stacks, starts, strict=True)
        if not torn.issuperset(stack.frames[start : start + 1])
    ]
    callers = _usual_callers(whole, torn)
    weights: defaultdict[_Places, float] = defaultdict(float)
    moved = 0.0
    for stack, start in zip(profile.stacks, starts, strict=True):
        head, rest = stack.frames[:start], stack.frames[start:]
        above = callers.get(rest[:2]) or callers.get(rest[:1], ())
        weights[(*head, *above, *rest)] += stack.weight
        moved += stack.weight if above else 0.0
    stacks = tuple(Stack(frames, weight) for frames, weight in weights.items())
    return replace(profile, stacks=stacks), moved


def _start(frames: _Places, named: Sequence[bool]) -> int:
    return next((depth for depth, place in enumerate(frames) if named[place]), len(frames))


def _usual_callers(whole: Sequence[Stack], torn: set[int]) -> Mapping[_Places, _Places]:
    """Return the most frequent callers of each torn function, also by the function it calls.

    Args:
        whole: stacks that are not torn.
        torn: the functions that torn stacks begin with.
    """
    seen: defaultdict[_Places, defaultdict[_Places, float]]
    seen = defaultdict(lambda: defaultdict(float))
    for stack in whole:
        for depth, place in enumerate(stack.frames):
            if place in torn:
                for key in {stack.frames[depth : depth + 1], stack.frames[depth : depth + 2]}:
                    seen[key][stack.frames[:depth]] += stack.weight
    return {key: max(of, key=lambda above: of[above]) for key, of in seen.items()}
