"""What a scenario asks of the supervisor: phases as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.profilers.sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class Surge:
    """A multiple of the load for a while, and back; lengths in seconds."""

    times: float
    before: float
    during: float
    recovery: float
    """Without a pause after the spike."""
    after: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run of the leak engine."""

    scenario: str
    segment_seconds: float
    """Intended length of a segment; its number of requests follows from the measured rate."""
    max_seconds: float
    """Time under load after which the run ends with the verdict that it has."""
    slowest_fill: float = SLOWEST_FILL
    """Time constant, in segments, of the slowest filling to be told from a leak."""
    users: int
    """Simulated users, the same throughout."""
    rate: float | None = None
    """Requests per second that are due at first; None for as many as the users can."""
    surge: Surge | None = None
    """For a scenario with a spike."""
    counted: bool = True
    """True: a segment is a counted number of requests. False: load goes on for the time."""
    stop_when_sure: bool = True
    """End as soon as the verdict is certain either way."""
    stop_on_leak: bool = True
    """End as soon as a leak is certain."""
    attribute: bool | None = None
    """True: open attribution windows whatever the ledger says; False: never; None: on growth."""
    profiler: str = "auto"
    """What opens the windows: ``memray`` or ``tracemalloc`` in Python programs, ``heaptrack`` in
    native ones, or the best that the target allows; ``valgrind``, ``massif`` and ``jemalloc``
    run a fresh target instead."""
    drain_seconds: float = 15.0
    """How long the gate stays closed before a leak is called; longer while the growth goes."""
    gauge_limits: Mapping[str, str] = field(default_factory=dict)
    """Limits on what the target says of itself, held to where it says it, by name."""
    sampling: Sampling | None = None
    """How call stacks are sampled under load; None for not at all."""
    lines: Path | None = None
    """Folder of the code whose lines are looked at once that is done; None for not at all."""
    sampled_every: int = 1
    """Every so many segments one is sampled."""
    hang_seconds: float = 30.0
    """A target that answers nothing for so long, with requests waiting, has hung."""

    @property
    def runs_again(self) -> bool:
        """Whether the profiler needs to be there from the target's start."""
        return self.profiler in ("valgrind", "massif", "jemalloc") and self.attribute is not False

    @property
    def samples_when_unnamed(self) -> bool:
        """Whether there is time for a second run under jemalloc where no window names a leak."""
        return self.scenario == "endurance" and self.profiler == "auto"

    @property
    def looks_beyond_growth(self) -> bool:
        """Whether a fresh target is run under a tool that tells more than what grows."""
        return self.profiler in ("valgrind", "massif") and self.attribute is not False
