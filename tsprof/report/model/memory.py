"""The growth of the target's memory, by owner and by process."""

from typing import Literal

from pydantic import Field

from tsprof.report.model.base import Frozen
from tsprof.report.model.findings import Frame

Owner = Literal["python_objects", "native_heap", "allocator_slack", "stacks", "mappings", "other"]
"""Who owns a byte of resident memory in the ledger."""


class Growth(Frozen):
    """Growth of the target's live memory, all processes together."""

    bytes_per_request: float = 0.0
    """Negative where memory shrank."""
    low: float = 0.0
    """Lower end of the interval of ``bytes_per_request``; both ends 0 when there is none."""
    high: float = 0.0
    """Upper end of that interval."""
    bytes_per_hour: float = 0.0
    """What the growth comes to in an hour at the rate of this run."""
    detectable_bytes_per_request: float | None = None
    """The smallest leak that this run could have seen; None when it could not look."""
    shape: str = "none"
    """A word of ``tsprof.analysis.growth.assess.Shape``."""
    from_request: int = 0
    """The counted request from which the growth was measured: warm-up is excluded."""
    to_request: int = 0
    """The counted request up to which the growth was measured."""


class LedgerRow(Frozen):
    """One owner's part of the growth."""

    owner: Owner
    """Who owns these bytes; ``other`` alone where memory was read from outside, and not split."""
    bytes_per_request: float
    """This owner's part of the growth."""
    bytes_now: int = 0
    """The owner's size at the last checkpoint."""


class ProcessReport(Frozen):
    """One process of the target."""

    pid: int
    """Process id in the run's pid namespace."""
    command: str
    """Its command line."""
    ledger: tuple[LedgerRow, ...] = ()
    """Its part of the growth by owner."""
    bytes_per_request: float = 0.0
    """Its growth, per request to the whole target."""
    own_memory: int | None = None
    """Bytes that would be free if it ended: resident memory less what others share (USS), as last
    read, every ten seconds at the most."""
    sockets: dict[str, int] = Field(default_factory=dict)
    """Its internet sockets by state, as last counted with ``own_memory``."""
    ended: str = ""
    """Why the process was not there to the end, if it was not."""
    source: Literal["agent", "native", "outside"] = "agent"
    """Where its counters come from: exact ones, or what the kernel tells."""


class MemoryPoint(Frozen):
    """The whole target's memory at one checkpoint, for the chart."""

    requests: int
    """Requests completed since the run's start."""
    seconds: float
    """Time since the run's start."""
    live_bytes: int
    """Live Python objects and live native heap."""
    rss_bytes: int
    """Resident memory."""
    owners: dict[Owner, int]
    """Resident memory by owner, without those of which nothing is known."""
    settled: bool
    """True where the verdict rests on this point (after warm-up)."""


class HeapPoint(Frozen):
    """A process's heap at one moment."""

    seconds: float
    """Time since the program's start."""
    heap_bytes: int
    """What it had asked for and not freed."""


class PeakSite(Frozen):
    """A line's part of a heap at its peak."""

    function: str
    """Name of the function."""
    file: str
    """Path of its source file or shared object."""
    line: int
    """0 when it is not known."""
    bytes: int
    """What had been allocated there and not freed."""
    share: float
    """Part of the peak, 0 to 1."""
    stack: tuple[Frame, ...] = ()
    """The call stack that had the most of it, innermost frame first."""


class HeapHistory(Frozen):
    """A process's heap over time, in a second run of the target under valgrind's massif."""

    pid: int
    """Process id in that run."""
    command: str = ""
    """Its command line."""
    points: tuple[HeapPoint, ...] = ()
    """Its heap from its start to the end of the last segment, at most 103."""
    moments: tuple[float, ...] = ()
    """Seconds at which the call stacks were compared: before, between and after two segments."""
    peak_seconds: float = 0.0
    """When the heap was largest."""
    peak: tuple[PeakSite, ...] = ()
    """The lines that had the most then, at most ten."""
