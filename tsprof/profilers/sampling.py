"""What all profilers have in common that sample call stacks from outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tsprof.analysis.attribution.sites import Origin
from tsprof.stacks import Frame

END_PATIENCE = 20.0
"""Seconds in which a profiler writes what it has: py-spy takes 0.02 for the 600 samples of a busy
service, perf 0.5."""
START_PATIENCE = 2.0
"""Seconds in which a profiler has to be at work: py-spy needs 0.1."""
LONGEST_OUTPUT = 64 << 20
"""Bytes of one window that are read: 200 samples a second for a minute, of 40 frames, are 50 MB."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How to sample."""

    rate: int = 100
    """Times a second."""
    native: bool = False
    """Also the frames of C extensions; then py-spy has to hold the process for each sample."""
    gil: bool = True
    """Only threads that hold the GIL; False: all that the kernel calls running."""
    threads: bool = False
    """Tell threads apart."""
    idle: bool = False
    """Also threads that wait."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What was seen of one process."""

    stacks: Mapping[tuple[Frame, ...], float]
    """Samples by call stack, outermost frame first; tsprof's agent is left out."""
    errors: int = 0
    """Samples that could not be read."""
    behind: float = 0.0
    """Seconds by which the profiler fell behind at the worst."""
    problem: str = ""
    """Why there is nothing; empty where there is."""
    refused: bool = False
    """Whether the kernel does not allow it; then the problem says what to change."""


class Profiler(Protocol):
    """A profiler at work on one process."""

    def wait_until_ready(self) -> bool:
        """Return once it samples or has failed; False where that takes too long."""

    def stop(self) -> None:
        """Let it come to an end; ``result`` waits for that."""

    def kill(self) -> None:
        """End it at once; there is no result."""

    def result(self, origin: Callable[[str], Origin]) -> Sampled:
        """Return what it saw.

        Args:
            origin: tells whose code a file is.
        """
