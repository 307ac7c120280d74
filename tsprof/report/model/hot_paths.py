"""Where the CPU time goes."""

from dataclasses import dataclass
from typing import Literal

from tsprof.report.model.base import Frozen


class HotFunction(Frozen):
    """One function's part of the target's CPU time."""

    function: str
    """Name of the function, with its class where Python tells it."""
    file: str
    """Path of its source file or shared object."""
    line: int
    """The line of it that ran most; 0 when it is not known."""
    origin: Literal["application", "dependency", "interpreter", "native"]
    """Whose code it is."""
    package: str = ""
    """Name and version of the distribution that the code was installed with."""
    own: float
    """Share of the CPU time in which the function itself ran, 0 to 1."""
    low: float
    """Lower end of the 95 % interval of ``own``."""
    high: float
    """Upper end of that interval."""
    total: float
    """Share of the CPU time in which it, or what it called, ran."""
    own_us_per_request: float | None = None
    """CPU time of its own, in microseconds per request to the whole target."""
    total_us_per_request: float | None = None
    """CPU time with what it called, likewise."""


class HotChange(Frozen):
    """A function whose CPU time per request changed by more than sampling and noise explain."""

    function: str
    """Name of the function, with its class where Python tells it."""
    file: str
    """Path of its source file or shared object."""
    line: int
    """The line of it that ran most; 0 when it is not known."""
    part: Literal["own", "total"]
    """Whether the change is in the function itself, or in it and what it calls."""
    before_us_per_request: float
    """CPU time before, in microseconds per request."""
    after_us_per_request: float
    """CPU time after, likewise."""
    change: float
    """Relative: 0.25 is a quarter more; what the whole target changed by between the two, as a
    slower machine makes it, is taken out."""
    low: float
    """Lower end of the 95 % interval of ``change``."""
    high: float
    """Upper end of that interval."""


class HotPaths(Frozen):
    """Where the CPU time goes."""

    samples: int
    """Call stacks that were seen, or instructions that were counted."""
    unit: Literal["samples", "instructions", "bytes"] = "samples"
    """Which of these."""
    seconds: float
    """Time under load in which they were taken."""
    requests: int
    """Requests in that time."""
    processes: int
    """Processes that were sampled."""
    cpu_us_per_request: float | None = None
    """CPU time of these processes, in microseconds per request."""
    dispersion: float = 1.0
    """How many samples say as much as one independent sample, by how shares vary over the run."""
    functions: tuple[HotFunction, ...] = ()
    """Those with the most time of their own, at most thirty."""
    remarks: tuple[str, ...] = ()
    """What stands out, in sentences."""
    aged: tuple[HotChange, ...] = ()
    """What became hotter or cooler from the first to the second half of the run."""
    notes: tuple[str, ...] = ()
    """What to know about how the samples were taken."""


@dataclass(frozen=True, kw_only=True)
class HotDifference:
    """What became hotter or cooler between two profiles."""

    changes: tuple[HotChange, ...] = ()
    """Certain ones, those of the most CPU time per request first."""
    common: float = 0.0
    """Relative change of all functions, the median; taken out of each."""
    looked_at: int = 0
    """Functions that were compared."""
    detectable: float | None = None
    """Relative growth that is found in nine of ten such comparisons, in a function with a tenth of
    the CPU time; none where nothing could be compared."""
