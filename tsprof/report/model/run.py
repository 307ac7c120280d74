"""The report as a whole."""

from pydantic import Field

from tsprof.report.model.base import Frozen, Verdict
from tsprof.report.model.comparison import Comparison
from tsprof.report.model.findings import Finding
from tsprof.report.model.hot_paths import HotPaths
from tsprof.report.model.memory import (
    Growth,
    HeapHistory,
    LedgerRow,
    MemoryPoint,
    ProcessReport,
)
from tsprof.report.model.service import (
    Criterion,
    Delivery,
    Endpoint,
    Gauge,
    Latency,
    Measure,
    PhaseReport,
    SecondPoint,
)

SCHEMA_VERSION = 1


class LoadProcessCost(Frozen):
    """What one load process did and used."""

    name: str
    """Which one; empty where there is only one."""
    requests: int
    """Requests that it reported."""
    cpu_s: float
    """CPU time, in seconds."""


class Cost(Frozen):
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


class Provenance(Frozen):
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


class Report(Frozen):
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
    heaps: tuple[HeapHistory, ...] = ()
    """Each process's heap over time; empty where massif was not asked for."""
    timeline: tuple[SecondPoint, ...] = ()
    """Load and memory in every second."""
    target_log_tail: tuple[str, ...] = ()
    """The last lines that the target wrote."""
