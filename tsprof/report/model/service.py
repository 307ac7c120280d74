"""How the target served, and how the load fared."""

from typing import Literal

from tsprof.report.model.base import Frozen

GaugeKind = Literal["share", "rate", "mean", "level"]
"""What a gauge is: a share from 0 to 1, a counter's growth per request, the mean of a histogram's
observations, or a level as it was read."""


class Criterion(Frozen):
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


class PhaseReport(Frozen):
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


class Gauge(Frozen):
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


class Percentiles(Frozen):
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


class Delivery(Frozen):
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


class Measure(Frozen):
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


class Endpoint(Frozen):
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


class SecondPoint(Frozen):
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
