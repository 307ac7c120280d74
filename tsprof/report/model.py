"""The report of a run as data: every renderer draws from this, and JSON is its dump.

Units: bytes, seconds, requests, milliseconds where a name ends in ``_ms``. The fields up to
``cost`` are the public JSON contract (``schema`` 1); what follows is material for charts.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """The answer of a run."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


Owner = Literal[
    "python_objects", "native_heap", "allocator_slack", "stacks", "mappings", "other"
]
"""Who owns a byte of resident memory in the ledger."""

Resource = Literal["memory", "fd", "thread", "task", "garbage", "latency", "throughput", "errors",
                   "gauge", "process"]
"""What a finding is about."""

Kind = Literal["leak", "filling", "fragmentation", "drift", "step", "released", "crash"]
"""What a finding says about its resource.

``filling`` is a cache on its way to a bound; ``step`` grew once and stopped; ``released`` grew
under load and let go by itself in the drain test.
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Growth(_Frozen):
    """Growth of the target's live memory, all processes together."""

    bytes_per_request: float = 0.0
    low: float = 0.0
    high: float = 0.0
    bytes_per_hour: float = 0.0
    detectable_bytes_per_request: float | None = None
    """The smallest leak that this run could have seen; None when it could not look."""
    shape: str = "none"
    """A word of ``tsprof.analysis.growth.Shape``."""
    from_request: int = 0
    to_request: int = 0
    """The counted requests between which the growth was measured (warm-up excluded)."""


class LedgerRow(_Frozen):
    """One owner's part of the growth."""

    owner: Owner
    bytes_per_request: float
    bytes_now: int = 0
    """The owner's size at the last checkpoint."""


class Frame(_Frozen):
    """One line of a call stack."""

    function: str
    file: str
    line: int
    origin: Literal["application", "dependency", "interpreter", "native"] = "application"
    package: str = ""
    """Name and version of the distribution, where the origin is a dependency."""


class Site(_Frozen):
    """A line that allocates what stays."""

    function: str
    file: str
    line: int
    bytes_per_request: float
    blocks_per_request: float = 0.0
    share: float
    """Part of the finding's growth that this site explains, 0 to 1."""
    origin: Literal["application", "dependency", "interpreter", "native"] = "application"
    package: str = ""
    stack: tuple[Frame, ...] = ()
    """Innermost frame first."""


class Holder(_Frozen):
    """What keeps the memory alive."""

    path: str
    """Such as ``app.py: module global "seen" -> dict``."""
    type: str
    entries_per_request: float
    entries: int = 0
    bytes: int = 0
    bound: int | None = None
    """Entries at which the container stops growing, where that is known."""
    sample: str = ""
    """Redacted types of key and value."""


class Finding(_Frozen):
    """One cause, with its evidence."""

    resource: Resource
    kind: Kind
    title: str
    """One sentence: what grows, by how much, where."""
    per_request: float = 0.0
    low: float = 0.0
    high: float = 0.0
    clock: str = "request"
    """What the growth is proportional to: request, second, error, or an endpoint's name."""
    confidence: float = 0.0
    plateau: float | None = None
    """Predicted final size (bytes or a count) where the kind is ``filling``."""
    sites: tuple[Site, ...] = ()
    holders: tuple[Holder, ...] = ()
    details: tuple[str, ...] = ()
    """Further lines of evidence, such as what was ruled out."""


class Criterion(_Frozen):
    """One target of the run, and what was measured."""

    name: str
    limit: float
    value: float | None
    met: bool | None
    """None when it could not be measured."""
    comparison: Literal["<", "<=", ">", ">="] = "<"


class ProcessReport(_Frozen):
    """One process of the target."""

    pid: int
    command: str
    ledger: tuple[LedgerRow, ...] = ()
    bytes_per_request: float = 0.0
    requests_seen: int | None = None
    ended: str = ""
    """Why the process was not there to the end, if it was not."""
    source: Literal["agent", "outside"] = "agent"


class Cost(_Frozen):
    """What the run cost, to the target and to the machine."""

    checkpoint_ms: float = 0.0
    """Median pause of the target per checkpoint."""
    checkpoints: int = 0
    supervisor_cpu_s: float = 0.0
    load_cpu_s: float = 0.0
    supervisor_peak_rss: int = 0
    load_peak_rss: int = 0
    disk_bytes: int = 0
    attribution_seconds: float = 0.0


class Latency(_Frozen):
    """Latency of all counted requests."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    requests_per_second: float = 0.0


class Endpoint(_Frozen):
    """One endpoint's share of the load."""

    method: str
    name: str
    requests: int
    failures: int
    p50_ms: float | None = None
    p99_ms: float | None = None


class MemoryPoint(_Frozen):
    """The whole target's memory at one checkpoint, for the chart."""

    requests: int
    seconds: float
    live_bytes: int
    """Live Python objects and live native heap."""
    rss_bytes: int
    owners: dict[Owner, int]
    settled: bool
    """True where the verdict rests on this point (after warm-up)."""


class SecondPoint(_Frozen):
    """One second of load, for the chart."""

    second: int
    requests: int
    failures: int
    p50_ms: float | None
    p99_ms: float | None
    rss_bytes: int
    cpu_percent: float


class Provenance(_Frozen):
    """What was run, where, with what."""

    started: str = ""
    """ISO 8601, with offset."""
    command: tuple[str, ...] = ()
    target_python: str = ""
    git_revision: str = ""
    tsprof_version: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    machine: dict[str, str] = Field(default_factory=dict)
    configuration: dict[str, object] = Field(default_factory=dict)
    run: str = ""
    """The run's name in the store."""


class Report(_Frozen):
    """A finished or half-finished run."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    scenario: str
    verdict: Verdict
    exit_code: int
    reasons: tuple[str, ...]
    """The sentences behind the verdict, the most important first."""
    advice: tuple[str, ...] = ()
    """What to do next: where to look, how much longer to run, what to switch on."""
    complete: bool = True
    """False when the run was cut short."""
    requests: int = 0
    failures: int = 0
    failure_samples: tuple[str, ...] = ()
    seconds: float = 0.0
    growth: Growth = Growth()
    ledger: tuple[LedgerRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    processes: tuple[ProcessReport, ...] = ()
    latency: Latency = Latency()
    endpoints: tuple[Endpoint, ...] = ()
    cost: Cost = Cost()
    notes: tuple[str, ...] = ()
    """What a reader must know about how the numbers came about (fallbacks, warnings)."""
    provenance: Provenance = Provenance()
    memory: tuple[MemoryPoint, ...] = ()
    timeline: tuple[SecondPoint, ...] = ()
    target_log_tail: tuple[str, ...] = ()
