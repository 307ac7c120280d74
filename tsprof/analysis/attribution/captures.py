"""What the capture of an attribution window comes to: survivors by call stack."""

from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["small", "large", "native", "mapping"]
"""Who serves a block: pymalloc itself (``small``), malloc for a Python block above 512 bytes
(``large``), malloc called by native code, or ``mmap``."""

Method = Literal["memray", "tracemalloc", "heaptrack", "valgrind", "massif", "jemalloc"]
"""What traced a window."""
_NATIVE: frozenset[Method] = frozenset({"heaptrack", "valgrind", "massif", "jemalloc"})
"""Those that trace programs without an interpreter; heaptrack traces native code within one."""
WHOLE_HEAP: frozenset[Method] = frozenset({"valgrind", "massif", "jemalloc"})
"""Those that look at all that is allocated, at three moments."""

CallFrame = tuple[str, str, int]
"""Function, file and line (0 where it is not known)."""


@dataclass(frozen=True, kw_only=True)
class NativeFrame:
    """One function of native code on a call stack."""

    function: str
    """Its symbol, or the module's name and the offset in it where that is stripped."""
    file: str
    """Source file, or the module where there is no debug information."""
    line: int
    """0 where it is not known."""
    module: str
    """Path of the shared object."""


@dataclass(frozen=True, kw_only=True)
class StackSurvivors:
    """What one call stack allocated within the window and had not freed by its end.

    Bytes are what the allocators hand out: requested sizes, rounded up as they do.
    """

    frames: tuple[CallFrame, ...]
    """Innermost first."""
    kind: BlockKind
    early_bytes: int
    """Allocated in the early part, alive at the end."""
    early_blocks: int
    late_bytes: int
    """Allocated in the late part, alive at the end; with tracemalloc, which does not tell the
    parts apart, all that is alive at the end (and nothing is early)."""
    late_blocks: int
    mark_bytes: int
    """Allocated in the early part, alive when it ended."""
    mark_blocks: int
    native: tuple[NativeFrame, ...] = ()
    """Native code that the innermost of ``frames`` called, innermost first; in a thread that no
    Python runs in it is the whole stack. Empty in a window without native traces."""


@dataclass(frozen=True, kw_only=True)
class PeakStack:
    """What one call stack had allocated within the window, and not freed, when that was most."""

    frames: tuple[CallFrame, ...]
    """Innermost first."""
    bytes: int
    """As the allocators hand them out."""


@dataclass(frozen=True, kw_only=True)
class CaptureDigest:
    """One process's window."""

    method: Method
    requests_early: int
    """Requests to the whole target in the early part."""
    requests_total: int
    """Requests to the whole target in the whole window."""
    stacks: tuple[StackSurvivors, ...]
    """The stacks that hold the most, at most as many as were asked for."""
    peak: tuple[PeakStack, ...] = ()
    """Of the moment at which all together had the most, likewise; memray and massif tell it."""

    @property
    def is_native(self) -> bool:
        """Whether it is of a program without an interpreter, whose frames are native functions."""
        return self.method in _NATIVE and not any(stack.native for stack in self.stacks)

    @property
    def requests_late(self) -> int:
        """Requests in the late part."""
        return self.requests_total - self.requests_early
