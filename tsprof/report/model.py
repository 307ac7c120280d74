"""The report of a run as data: every renderer draws from this, and JSON is its dump.

Units: bytes, seconds, requests, milliseconds where a name ends in ``_ms``. The fields up to
``cost`` are the public JSON contract (``schema`` 1); what follows is material for charts.
"""

import math
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """The answer of a run."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


Owner = Literal["python_objects", "native_heap", "allocator_slack", "stacks", "mappings", "other"]
"""Who owns a byte of resident memory in the ledger."""

Resource = Literal[
    "memory",
    "fd",
    "thread",
    "task",
    "garbage",
    "latency",
    "throughput",
    "cpu",
    "errors",
    "gauge",
    "process",
    "temporary_file",
    "memory_access",
]
"""What a finding is about."""
IN_BYTES: tuple[Resource, ...] = ("memory", "garbage")
"""Resources whose growth is in bytes; that of the others is counted."""

Kind = Literal[
    "leak",
    "filling",
    "fragmentation",
    "drift",
    "regression",
    "step",
    "released",
    "crash",
    "invalid",
]
"""What a finding says about its resource.

``regression`` is worse than the baseline; ``filling`` is a cache on its way to a bound; ``step``
grew once and stopped; ``released`` grew under load and let go by itself in the drain test;
``invalid`` is an access of memory that is not the program's, which valgrind's memcheck saw.
"""
HARMLESS: frozenset[Kind] = frozenset({"filling", "fragmentation", "step", "released"})
"""What comes to an end by itself."""


GaugeKind = Literal["share", "rate", "mean", "level"]
"""What a gauge is: a share from 0 to 1, a counter's growth per request, the mean of a histogram's
observations, or a level as it was read."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_a_number(cls, data: Any) -> Any:
        """Read back what JSON has no number for: NaN and infinity are written as null."""
        if not isinstance(data, dict):
            return data
        numbers = [name for name, field in cls.model_fields.items() if field.annotation is float]
        missing = {name: math.nan for name in numbers if name in data and data[name] is None}
        return data | missing


class Growth(_Frozen):
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


class LedgerRow(_Frozen):
    """One owner's part of the growth."""

    owner: Owner
    """Who owns these bytes; ``other`` alone where memory was read from outside, and not split."""
    bytes_per_request: float
    """This owner's part of the growth."""
    bytes_now: int = 0
    """The owner's size at the last checkpoint."""


class Frame(_Frozen):
    """One line of a call stack."""

    function: str
    """Qualified name of the function, or the symbol of native code."""
    file: str
    """Path of the source file or of the shared object."""
    line: int
    """Line in the file, counted from 1; 0 when it is not known."""
    origin: Literal["application", "dependency", "interpreter", "native"] = "application"
    """Whose code it is."""
    package: str = ""
    """Name and version of the distribution that the code was installed with."""
    module: str = ""
    """Path of the shared object, where the origin is native."""


class Site(_Frozen):
    """A line that allocates what stays, or opens or starts what stays open."""

    function: str
    """Qualified name of the function, or the symbol of native code."""
    file: str
    """Path of the source file or of the shared object."""
    line: int
    """Line in the file, counted from 1; 0 when it is not known."""
    bytes_per_request: float
    """Bytes that this line allocates and that stay; 0 where what leaks is counted."""
    blocks_per_request: float = 0.0
    """Allocations of this line that stay."""
    share: float
    """Part of the finding's growth that this site explains, 0 to 1."""
    origin: Literal["application", "dependency", "interpreter", "native"] = "application"
    """Whose code it is."""
    package: str = ""
    """Name and version of the distribution that the code was installed with."""
    through: str = ""
    """The native code that allocated for this line: the file name of its shared object, and the
    function; empty where Python itself did, or where the window had no native traces."""
    stack: tuple[Frame, ...] = ()
    """Innermost frame first."""


class Holder(_Frozen):
    """What keeps the memory, or what is open, alive."""

    path: str
    """Such as ``app.py: module global "seen" -> dict``."""
    type: str
    """Type of the container that grows."""
    entries_per_request: float
    """Entries that it gains."""
    entries: int = 0
    """Entries at the end of the run."""
    bytes: int = 0
    """Size at the end of the run, entries included; 0 when it was not measured."""
    bound: int | None = None
    """Entries at which the container stops growing, where that is known."""
    entries_per_request_overall: float | None = None
    """Entries that it gained over the whole run, where they come surely more rarely by now."""
    sample: str = ""
    """Redacted types of key and value."""


class Finding(_Frozen):
    """One cause, with its evidence."""

    resource: Resource
    """What the finding is about."""
    kind: Kind
    """What it says about the resource."""
    title: str
    """One sentence: what grows, by how much, where."""
    per_request: float = 0.0
    """Growth in the resource's unit: bytes for memory and garbage, a count otherwise."""
    low: float = 0.0
    """Lower end of the interval of ``per_request``; both ends 0 when there is none."""
    high: float = 0.0
    """Upper end of that interval."""
    clock: str = "request"
    """What the growth is proportional to: request, second, error, or an endpoint's name."""
    confidence: float = 0.0
    """How sure the finding is, 0 to 1; 0 when no figure was computed."""
    plateau: float | None = None
    """Predicted final size (bytes or a count) where the kind is ``filling``."""
    sites: tuple[Site, ...] = ()
    """The lines that allocate, open or start what stays, the largest share first."""
    holders: tuple[Holder, ...] = ()
    """What keeps it alive."""
    details: tuple[str, ...] = ()
    """Further lines of evidence, such as what was ruled out."""
    key: str = ""
    """What it is called from run to run: resource, kind and place, without lines or addresses."""
    excuse: str = ""
    """Why it does not fail the run: as in the baseline, or acknowledged; empty where it counts."""


class Criterion(_Frozen):
    """One target of the run, and what was measured."""

    name: str
    """What is measured; the unit is its end, such as ``p99_ms``."""
    limit: float
    """The target's bound."""
    value: float | None
    """What the run measured."""
    met: bool | None
    """None when it could not be measured, or is too uncertain to tell."""
    comparison: Literal["<", "<=", ">", ">="] = "<"
    """How the value has to compare with the limit."""
    reason: str = ""
    """Why it could not be measured, or told, where that is known."""
    is_change: bool = False
    """Whether value and limit are a change over the run: 0.1 is 10 % more."""


class PhaseReport(_Frozen):
    """A part of a scenario that does not keep one load up."""

    name: str
    """What was asked of the target in it."""
    seconds: float
    """How long it took."""
    rate: float | None = None
    """Requests per second that were to be sent; None where the users sent what they could."""
    requests_per_second: float
    """Answers per second."""
    failed: float
    """Share of the answers that were failures, 0 to 1."""
    p99_ms: float | None = None
    """99th percentile of latency."""
    processors: float | None = None
    """Processors that the target used: 1 is all of one."""
    sustained: bool | None = None
    """Whether the rate was sustained; None where there was none to sustain."""


class Ratio(_Frozen):
    """How a figure of the target compares with that of the reference."""

    name: str
    """``requests_per_second``, ``cpu_ms`` (CPU time per request), ``p50_ms`` or ``p99_ms``."""
    reference: float
    """The reference's figure, over all its turns."""
    target: float
    """The target's."""
    factor: float
    """How many times as good the target is: 2 is twice the requests, or half the time."""
    low: float | None = None
    """Lower end of the factor's 95 % interval; None with too few blocks of turns."""
    high: float | None = None
    """Upper end of that interval."""
    reference_limited: str = ""
    """What of the load kept the reference from more; the factor is then an upper bound."""
    target_limited: str = ""
    """What of the load kept the target from more; the factor is then a lower bound."""


class Reference(_Frozen):
    """The target of a comparison that the other is compared with: a run of its own."""

    command: tuple[str, ...]
    """Its command line."""
    verdict: Verdict
    """The leak engine's answer on it, which does not count for the run's."""
    reasons: tuple[str, ...]
    """The sentences behind it."""
    growth: Growth = Growth()
    """Growth of its memory."""
    rss_bytes: int | None = None
    """Its resident memory at the end."""
    findings: tuple[Finding, ...] = ()
    """Causes of its growth, with their evidence."""


class Comparison(_Frozen):
    """Two targets that took turns under the same load."""

    reference: Reference
    """The other target."""
    blocks: int
    """Blocks of turns, two for each target in each, that the figures rest on."""
    ratios: tuple[Ratio, ...] = ()
    """The figures that could be measured."""


class Gauge(_Frozen):
    """Something that the target says of itself, over the segments that were judged."""

    name: str
    """Name of the metric with its labels; `rate(...)` is a counter's growth per request, and
    `mean(...)` the mean of a histogram's observations."""
    source: str
    """The address that told it."""
    kind: GaugeKind
    """What its values are: 0 to 1, per request, per observation, or as they were read."""
    overall: float | None
    """Over all segments together; for a level, as it was last read."""
    last: float | None
    """In the last segment in which it is known."""
    change: float | None = None
    """From the start to the end of the run: for a share in points (0.1 is ten points of a hundred),
    otherwise relative. None with too few segments."""
    low: float | None = None
    """Lower end of the interval of ``change``."""
    high: float | None = None
    """Upper end of that interval."""
    outcome: Literal["stable", "degraded", "uncertain", "not judged"] = "not judged"
    """What the change means; only a soak judges."""
    remark: str = ""
    """What to know about it."""


class ProcessReport(_Frozen):
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


class LoadProcessCost(_Frozen):
    """What one load process did and used."""

    name: str
    """Which one; empty where there is only one."""
    requests: int
    """Requests that it reported."""
    cpu_s: float
    """CPU time, in seconds."""


class Cost(_Frozen):
    """What the run cost, to the target and to the machine."""

    checkpoint_ms: float = 0.0
    """Median pause of the target per checkpoint."""
    checkpoints: int = 0
    """Checkpoints that were taken."""
    supervisor_cpu_s: float = 0.0
    """CPU time of the supervisor, with the master of several load processes, in seconds."""
    load_cpu_s: float = 0.0
    """CPU time of the load processes on this machine, in seconds."""
    load_processes: tuple[LoadProcessCost, ...] = ()
    """Each load process, also those on other machines."""
    supervisor_peak_rss: int = 0
    """Peak resident memory of the supervisor, in bytes."""
    load_peak_rss: int = 0
    """Peak resident memory of the largest load process on this machine, in bytes."""
    disk_bytes: int = 0
    """Size of the run on disk."""
    attribution_seconds: float = 0.0
    """Time during which a profiler watched the target."""


class Percentiles(_Frozen):
    """How slow the requests were."""

    p50_ms: float | None = None
    """Median."""
    p95_ms: float | None = None
    """95th percentile."""
    p99_ms: float | None = None
    """99th percentile."""
    max_ms: float | None = None
    """The slowest request."""


class Latency(Percentiles):
    """Latency of the requests that no profiler slowed down, without the segment that calibrates."""

    counted_from: Literal["due", "sent"] = "sent"
    """From when a request counts: ``due``, from when it was to be sent by the schedule of a load
    with a rate; ``sent``, from when it was sent, without a rate (a closed loop, in which a slow
    answer holds back the requests behind it)."""
    sent: Percentiles | None = None
    """With a rate: the same from when each request was sent, which leaves out how long it waited
    for a free user."""
    requests_per_second: float = 0.0
    """Throughput while the gate was open."""


LimitedBy = Literal["", "generator", "target", "users"]
"""What kept the load from being what was asked for; empty where nothing did."""


class Delivery(_Frozen):
    """How the load process fared, and whether it sent what was asked for."""

    due: int | None = None
    """Requests that the schedule of a load with a rate asked for; None without one."""
    late: int = 0
    """Of these, sent more than 10 ms after they were due."""
    unsent: int = 0
    """Of these, never sent, because no user was free before the segment ended."""
    load_cpu_share: float | None = None
    """CPU time of the load process while it sent: 1 is a whole core, and it cannot use more. None
    in runs from before this was told."""
    load_waited_share: float | None = None
    """Time for which it was ready to run and had no processor, over the time in which it sent."""
    loop_lag_p99_ms: float | None = None
    """How late its event loop came round: 99th percentile."""
    limited_by: LimitedBy = ""
    """What kept the load back, where it was: ``generator`` is the load process, ``users`` their
    number and their wait times; then no figure of speed is judged. ``target`` is the target's own
    failing, and its latencies have it."""
    reason: str = ""
    """The same in a sentence, with figures."""


class Measure(_Frozen):
    """One figure of how the target served, measured while no profiler was on."""

    name: str
    """``p50_ms``, ``p95_ms``, ``p99_ms``, ``requests_per_second``, ``error_rate`` (0 to 1),
    ``cpu_ms`` (CPU time of the target per request), ``load_cpu_ms`` (of the load process) or
    ``load_wait_ms`` (for which the load process had to wait for a processor)."""
    value: float
    """Over the whole run."""
    low: float | None = None
    """Lower end of its 95 % interval within the run; None when there was too little to tell."""
    high: float | None = None
    """Upper end of that interval."""


class Endpoint(_Frozen):
    """One endpoint's share of the load."""

    method: str
    """HTTP method, or the kind of request."""
    name: str
    """Path or name under which the load counts it."""
    requests: int
    """Requests completed, failed ones included."""
    failures: int
    """Requests that failed."""
    p50_ms: float | None = None
    """Median latency."""
    p99_ms: float | None = None
    """99th percentile of latency."""


class MemoryPoint(_Frozen):
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


class SecondPoint(_Frozen):
    """One second of load, for the chart."""

    second: int
    """Seconds since the run's start."""
    requests: int
    """Requests completed in this second, failed ones included."""
    failures: int
    """Requests that failed in this second."""
    p50_ms: float | None
    """Median latency; None when nothing completed."""
    p95_ms: float | None = None
    """95th percentile of latency; None when nothing completed, and in older reports."""
    p99_ms: float | None
    """99th percentile of latency; None when nothing completed."""
    rss_bytes: int
    """Resident memory of the whole target."""
    cpu_percent: float
    """CPU of the whole target; 100 is one core."""


class HotFunction(_Frozen):
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


class HotChange(_Frozen):
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


class HotPaths(_Frozen):
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


class Provenance(_Frozen):
    """What was run, where, with what."""

    started: str = ""
    """ISO 8601, with offset."""
    command: tuple[str, ...] = ()
    """The target's command line."""
    target_python: str = ""
    """Version of the target's interpreter; empty for a native target."""
    folder: str = ""
    """Working directory of the target; files are named from here where a finding is."""
    git_revision: str = ""
    """Revision of the directory that the run was started in."""
    tsprof_version: str = ""
    """Version that measured."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of what took part, such as Locust and memray."""
    machine: dict[str, str] = Field(default_factory=dict)
    """The machine: processor, cores, memory, kernel."""
    configuration: dict[str, object] = Field(default_factory=dict)
    """Every option in effect, defaults included."""
    run: str = ""
    """The run's name in the store."""


class Report(_Frozen):
    """A finished or half-finished run."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    """Version of this contract; a change that breaks readers raises it."""
    scenario: str
    """What was run: ``check``, or another scenario's name."""
    verdict: Verdict
    """The answer."""
    exit_code: int
    """Exit status of the command, see ``tsprof.exit_codes``."""
    reasons: tuple[str, ...]
    """The sentences behind the verdict, the most important first."""
    advice: tuple[str, ...] = ()
    """What to do next: where to look, how much longer to run, what to switch on."""
    complete: bool = True
    """False when the run was cut short."""
    requests: int = 0
    """Requests completed, failed ones included."""
    failures: int = 0
    """Requests that failed."""
    failure_samples: tuple[str, ...] = ()
    """Some of the failures, in words."""
    seconds: float = 0.0
    """Length of the run."""
    growth: Growth = Growth()
    """Growth of the target's memory."""
    ledger: tuple[LedgerRow, ...] = ()
    """The growth by owner: the rows add up to the growth of resident memory. An owner of which
    nothing is known has no row."""
    findings: tuple[Finding, ...] = ()
    """Causes with their evidence, the most important first."""
    criteria: tuple[Criterion, ...] = ()
    """The scenario's targets."""
    highlights: tuple[str, ...] = ()
    """What the scenario found besides leaks, in sentences."""
    gave_way: str = ""
    """What a climb found to give way first, above the highest rate that was sustained."""
    phases: tuple[PhaseReport, ...] = ()
    """The parts of a climb or a spike, in order."""
    comparison: Comparison | None = None
    """The reference and how the target compares with it; None where there is none."""
    hot_paths: HotPaths | None = None
    """Where the CPU time goes; None where nothing was sampled."""
    gauges: tuple[Gauge, ...] = ()
    """What the target says of itself, what was judged first, at most 20."""
    processes: tuple[ProcessReport, ...] = ()
    """The target's processes, those that ended included."""
    latency: Latency = Latency()
    """Latency and throughput while no profiler was on."""
    delivery: Delivery = Delivery()
    """Whether the load was what was asked for."""
    performance: tuple[Measure, ...] = ()
    """Latency, throughput, errors and CPU time per request, with intervals."""
    endpoints: tuple[Endpoint, ...] = ()
    """The load by endpoint."""
    cost: Cost = Cost()
    """What the run cost."""
    notes: tuple[str, ...] = ()
    """What a reader must know about how the numbers came about (fallbacks, warnings)."""
    provenance: Provenance = Provenance()
    """What was run, where, with what."""
    memory: tuple[MemoryPoint, ...] = ()
    """Memory at every checkpoint."""
    timeline: tuple[SecondPoint, ...] = ()
    """Load and memory in every second."""
    target_log_tail: tuple[str, ...] = ()
    """The last lines that the target wrote."""
