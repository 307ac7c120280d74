"""What a profiler saw: call stacks with their weights.

The same for all that draws or compares: samples of CPU time by py-spy or perf, instructions that
callgrind counted, bytes that survive an attribution window.
"""

from dataclasses import dataclass
from typing import Literal

Origin = Literal["application", "dependency", "interpreter", "native"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A function in a call stack."""

    function: str
    file: str = ""
    """Path of its source file or shared object; empty when it is not known."""
    line: int = 0
    """Line that ran, counted from 1; 0 when it is not known or where lines are not told apart."""
    origin: Origin = "application"
    """Whose code it is."""
    package: str = ""
    """Name and version of the distribution, or name of the shared object, that it belongs to."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A call stack and how much was seen of it."""

    frames: tuple[int, ...]
    """Places in the profile's ``frames``, outermost first."""
    weight: float


@dataclass(frozen=True, kw_only=True)
class StackProfile:
    """All call stacks of one process, or of several merged."""

    unit: Literal["samples", "instructions", "bytes"]
    frames: tuple[Frame, ...]
    """Each frame once."""
    stacks: tuple[Stack, ...]
    """Each call stack once."""
    requests: int = 0
    """Requests that were answered while it was taken; 0 when that is not known."""
    seconds: float = 0.0
    """For how long it was taken."""
    cpu_seconds: float = 0.0
    """CPU time that the processes took meanwhile, which all samples together stand for; 0 when that
    is not known or nothing was sampled."""

    @property
    def total(self) -> float:
        """The weights of all stacks together."""
        return sum(stack.weight for stack in self.stacks)
