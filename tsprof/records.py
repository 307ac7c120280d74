"""What a run records: the facts that the supervisor stores and the analysis judges.

Bytes, seconds since the run's start, and cumulative counts of requests throughout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tsprof.histogram import Histogram
from tsprof.stacks import StackProfile

Source = Literal["agent", "native", "outside"]
"""Where a process's memory counters come from: exact by the agent in a Python or in a native
program, or what the kernel tells of it."""


FailureKind = Literal["4xx", "5xx", "timeout", "other"]
"""How a request failed: by the status of its answer, without one in time, or in another way."""


@dataclass(frozen=True, kw_only=True)
class ProcessReading:
    """One process of the target at one checkpoint."""

    pid: int
    started: float
    """Start time of the process (seconds since the epoch): tells a recycled pid from the old."""
    command: str
    source: Source
    rss: int
    anonymous: int = 0
    """Resident anonymous memory, thread stacks excluded."""
    stacks: int = 0
    file_mapped: int = 0
    """Resident memory of mapped files and shared memory."""
    threads: int = 0
    descriptors: int = 0
    python_live: int | None = None
    """Bytes in pymalloc's blocks of at most 512 bytes; None where the agent cannot see them."""
    python_held: int = 0
    small_blocks: int = 0
    blocks: int = 0
    """All blocks that CPython allocated, those above 512 bytes included."""
    native_live: int | None = None
    native_held: int = 0
    large_containers: int = 0
    """Bytes of Python containers above 512 bytes, which live in glibc's heap."""
    tasks: int | None = None
    garbage_bytes: int = 0
    """Freed only by the checkpoint's forced collection."""
    gc_enabled: bool = True
    gc_collections: int = 0
    """Collections of the oldest generation so far, without those that checkpoints forced."""
    uncollectable: int = 0
    pause: float = 0.0
    """Seconds that the checkpoint held the process."""

    @property
    def identity(self) -> tuple[int, float]:
        """The process, told apart from a later one with the same pid."""
        return (self.pid, self.started)

    @property
    def live(self) -> int | None:
        """Exact live bytes, Python's and native together; None when they were not readable."""
        if self.native_live is None:
            return None
        return (self.python_live or 0) + self.native_live

    @property
    def live_or_anonymous(self) -> int:
        """Live bytes; resident anonymous ones where these were not readable."""
        return self.anonymous if self.live is None else self.live


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A quiet moment: no request under way, every process read."""

    number: int
    seconds: float
    requests: int
    """Requests completed since the run's start."""
    failures: int
    processes: tuple[ProcessReading, ...]
    quiet: bool = True
    """False when the target kept the CPU busy until the wait for quiet ran out."""
    rested: float = 0.0
    """Seconds for which the target was left alone first, so that it could tidy up."""
    endpoints: Mapping[str, int] = field(default_factory=dict)
    """Requests so far by endpoint, such as ``GET /items``."""
    children: int = 0
    """Processes in the target's tree."""
    uncertain: bool = False
    """Whether more requests than counted may have come since the checkpoint before: a load process
    was lost, and with it what it had sent last."""
    temporary_files: int | None = None
    """Files and folders in the target's folder for temporary files; None where it has none of its
    own."""


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """What became of the requests that a segment's schedule asked for, counted."""

    sent: int
    unsent: int
    """Due before the gate closed, and not sent because no user was free until then."""
    late: int
    """Of those sent: sent more than 10 ms after they were due."""
    late_without_user: int
    """Of those late: no user was free when they were due."""
    most_in_flight: int
    """The most requests that were under way at the same time."""

    @property
    def due(self) -> int:
        """How many requests the schedule asked for."""
        return self.sent + self.unsent


@dataclass(frozen=True, kw_only=True)
class Generator:
    """How the load process itself fared in a segment."""

    cpu_share: float
    """CPU time over the segment's time: 1 is one core. Of several processes, the busiest's."""
    waited_share: float
    """Time for which it was ready to run and had no processor, over the segment's time."""
    lag: Histogram
    """How late its event loop came round, in milliseconds, 20 times per second."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A counted number of requests between two checkpoints."""

    number: int
    seconds: float
    """From the gate's opening to the last completed request."""
    requests: int
    failures: int
    intended: int | None
    """Requests that the segment asked for; None for one bounded by time."""
    latency: Mapping[int, int] = field(default_factory=dict)
    """Histogram of latency: bucket to count, as ``tsprof.histogram`` defines buckets. With
    ``arrivals`` it counts from when each request was due, else from when it was sent."""
    latency_max_ms: float = 0.0
    exceptions: int = 0
    """Exceptions out of the Locust file's own code."""
    endpoints: tuple[tuple[str, str, int, int, Mapping[int, int]], ...] = ()
    """Method, name, requests, failures and latency histogram of each endpoint."""
    users: int = 0
    """Users alive at its end."""
    arrivals: Arrivals | None = None
    """Of a load with a rate; None without one, and in runs from before there was a schedule."""
    latency_sent: Histogram | None = None
    """Latency from when each request was sent, beside that from when it was due."""
    generator: Generator | None = None
    """None in runs from before that was told."""
    uncertain: bool = False
    """Whether the target may have had more requests than were counted; see ``Checkpoint``."""

    @property
    def requests_per_second(self) -> float:
        """Throughput while the gate was open; 0 for a segment without length."""
        return self.requests / self.seconds if self.seconds > 0 else 0.0

    @property
    def histogram(self) -> Histogram:
        """Latency, to be merged with that of others or to be asked for percentiles."""
        return Histogram(dict(self.latency), self.latency_max_ms)


@dataclass(frozen=True, kw_only=True)
class LoadCost:
    """What one load process did and used."""

    name: str
    """Which process; empty where there is only one."""
    requests: int
    """Requests that it reported."""
    cpu_seconds: float
    """CPU time since it started."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of a scenario that does not keep one load up."""

    name: str
    segment: int
    """Number of the segment that it was, or was a part of."""
    began: float
    ended: float
    rate: float | None = None
    """Requests per second that were to be held; None for as many as the users could."""
    cpu_seconds: float | None = None
    """CPU time that the target used in it; None where that was not read, or a process ended."""


@dataclass(frozen=True, kw_only=True)
class GaugeReading:
    """What the target said of itself at one address, after a segment."""

    checkpoint: int
    """Number of the checkpoint that followed."""
    source: str
    """The address, as the user gave it."""
    levels: Mapping[str, float] = field(default_factory=dict)
    """What rises and falls, by name with its labels."""
    totals: Mapping[str, float] = field(default_factory=dict)
    """What only grows while its process lives: counters, and sums and counts of histograms."""


EventKind = Literal[
    "process_started", "process_ended", "target_ended", "target_hung", "out_of_memory",
    "load_lost", "worker_lost", "agent_lost", "control_failed", "control_passed",
    "profiler_failed", "store_failed", "interrupted", "note",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that befell the run."""

    seconds: float
    kind: EventKind
    text: str
    pid: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProcessSample:
    """What the probes saw of one process in one second."""

    second: int
    pid: int
    role: Literal["target", "load", "supervisor"]
    rss: int
    cpu_seconds: float
    """User and system time since the process started."""
    threads: int
    descriptors: int
    descriptor_limit: int = 0
    """Descriptors that it may have open (its soft limit); 0 where that is not known."""
    uss: int | None = None
    connections: Mapping[str, int] = field(default_factory=dict)
    """Internet sockets by state; empty in the seconds in which they were not counted."""
    waited_seconds: float = 0.0
    """Time for which its first thread was ready to run but had no processor, since its start."""


@dataclass(frozen=True, kw_only=True)
class SampledWindow:
    """Call stacks of one process of the target, sampled while a segment lasted."""

    segment: int
    """Number of the segment. Windows of several processes in one segment have its requests all."""
    pid: int
    command: str
    began: float
    profile: StackProfile
    """Its ``requests`` are the segment's, to the whole target."""
    rate: int = 0
    """Samples per second of the thread that holds the GIL; 0 where others are sampled."""
    errors: int = 0
    """Samples that could not be read."""
    behind: float = 0.0
    """Seconds by which the profiler fell behind at the worst; 0 below one second."""
