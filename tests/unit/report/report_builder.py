"""Fabricated reports: one per verdict, a half-finished run, a long one, and a hostile one."""

import math
from functools import cache

from tsprof.report.model import (
    Comparison,
    Cost,
    Criterion,
    Endpoint,
    Finding,
    Frame,
    Gauge,
    Growth,
    Holder,
    HotChange,
    HotFunction,
    HotPaths,
    Latency,
    LedgerRow,
    MemoryPoint,
    Owner,
    ProcessReport,
    Provenance,
    Ratio,
    Reference,
    Report,
    SecondPoint,
    Site,
    Verdict,
)

HOSTILE = (
    "<script>alert(1)</script></script><!-- [red]bold[/red] \x1b[31mred\x1b[0m \x1b]0;title\x07"
    "\nsecond line | pipe `code` ``` **stars** \x00\x07\x9b31m \u202eevil\u202c \u2028 \u2029"
    " ]]> &amp; {{ 7*7 }} @everyone #1 \udc80 '\" \\ :smile: https://example.invalid/"
)
LONG_NAME = "n" * 10_000

PROVENANCE = Provenance(
    started="2025-03-02T14:05:11+00:00",
    command=("uvicorn", "app:app", "--port", "8000"),
    target_python="3.11.7",
    git_revision="04e4b20",
    tsprof_version="0.1.0",
    versions={"locust": "2.47.0", "memray": "1.20.0"},
    machine={"cpu": "2 cores", "memory": "24 GB", "kernel": "6.1"},
    configuration={"users": 10, "ready": {"url": "/health"}, "attribute": True},
    run="2025-03-02-1405-check",
)

STACK = (
    Frame(function="remember", file="/srv/shop/app.py", line=30),
    Frame(function="handler", file="/srv/shop/app.py", line=12),
    *(
        Frame(
            function="app",
            file="/venv/lib/python3.11/site-packages/starlette/routing.py",
            line=line,
            origin="dependency",
            package="starlette 0.46.2",
        )
        for line in (75, 288, 715)
    ),
    Frame(
        function="run_asgi",
        file="/venv/lib/python3.11/site-packages/uvicorn/protocols/http/h11_impl.py",
        line=403,
        origin="dependency",
        package="uvicorn 0.34.0",
    ),
    Frame(function="main", file="/srv/shop/serve.py", line=8),
)

LEAK = Finding(
    resource="memory",
    kind="leak",
    title="memory grows 32.8 B per request, allocated in app.py:30",
    per_request=32.8,
    low=32.1,
    high=33.4,
    confidence=0.99,
    sites=(
        Site(
            function="remember",
            file="/srv/shop/app.py",
            line=30,
            bytes_per_request=31.9,
            blocks_per_request=0.1,
            share=0.973,
            stack=STACK,
        ),
        Site(
            function="insert",
            file="/srv/shop/index.py",
            line=88,
            bytes_per_request=0.9,
            share=0.027,
        ),
    ),
    holders=(
        Holder(
            path='app.py: module global "seen" -> dict',
            type="dict",
            entries_per_request=1.0,
            entries=12_000,
            bytes=3_400_000,
            sample="str -> bytes",
        ),
    ),
    details=("ruled out: a cache that fills (no deceleration over 9 segments)",),
)

FILLING = Finding(
    resource="memory",
    kind="filling",
    title="a cache fills: functools.lru_cache of app.lookup",
    per_request=12.0,
    low=11.0,
    high=13.1,
    confidence=0.9,
    plateau=64_000_000,
    holders=(
        Holder(
            path="app.py: lru_cache of lookup",
            type="functools._lru_cache_wrapper",
            entries_per_request=0.02,
            entries=1_200,
            bound=4096,
        ),
    ),
)

LEDGER = (
    LedgerRow(owner="python_objects", bytes_per_request=31.9, bytes_now=24_100_000),
    LedgerRow(owner="native_heap", bytes_per_request=0.9, bytes_now=11_300_000),
    LedgerRow(owner="allocator_slack", bytes_per_request=1.4, bytes_now=3_100_000),
    LedgerRow(owner="stacks", bytes_per_request=0.0, bytes_now=610_000),
    LedgerRow(owner="mappings", bytes_per_request=0.0, bytes_now=18_700_000),
    LedgerRow(owner="other", bytes_per_request=-0.02, bytes_now=240_000),
)

COST = Cost(
    checkpoint_ms=63.0,
    checkpoints=11,
    supervisor_cpu_s=2.4,
    load_cpu_s=11.9,
    supervisor_peak_rss=71_000_000,
    load_peak_rss=96_000_000,
    disk_bytes=1_200_000,
    attribution_seconds=4.2,
)

LATENCY = Latency(p50_ms=2.1, p95_ms=5.3, p99_ms=7.9, max_ms=61.0, requests_per_second=292.0)


GAUGES = (
    Gauge(
        name="cache_hit_rate",
        source="/metrics",
        kind="share",
        overall=0.764,
        last=0.723,
        change=-0.0824,
        low=-0.0879,
        high=-0.0769,
        outcome="degraded",
        remark="from hits and misses counted in each segment",
    ),
    Gauge(name="rate(errors_total)", source="/metrics", kind="rate", overall=0.001, last=None),
)


HOT_PATHS = HotPaths(
    samples=1234,
    seconds=12.5,
    requests=45_678,
    processes=3,
    cpu_us_per_request=1000.0,
    functions=(
        HotFunction(
            function="price",
            file="/srv/shop/deep/down/cart.py",
            line=17,
            origin="application",
            own=0.412,
            low=0.38,
            high=0.44,
            total=0.6,
            own_us_per_request=412.0,
            total_us_per_request=600.0,
        ),
        HotFunction(
            function="render",
            file="/venv/lib/python3.11/site-packages/jinja2/environment.py",
            line=0,
            origin="dependency",
            package="jinja2 3.1",
            own=0.1,
            low=0.08,
            high=0.12,
            total=0.1,
        ),
    ),
    remarks=("12 % of the CPU time goes into logging",),
    aged=(
        HotChange(
            function="price",
            file="/srv/shop/deep/down/cart.py",
            line=17,
            part="own",
            before_us_per_request=300.0,
            after_us_per_request=390.0,
            change=0.3,
            low=0.2,
            high=0.4,
        ),
    ),
    notes=("30 samples could not be read, and are missing",),
)


def memory_points(count: int, *, per_request: float, each: int = 1_000) -> tuple[MemoryPoint, ...]:
    """Checkpoints of a target that warms up for two segments and then grows steadily."""
    points = []
    for index in range(count):
        requests = index * each
        warm_up = round(900_000 * (1 - math.exp(-3 * index)))
        objects = 23_000_000 + warm_up + round(per_request * requests)
        owners: dict[Owner, int] = {
            "python_objects": objects,
            "native_heap": 11_000_000 + warm_up // 3,
            "allocator_slack": 3_000_000 + 40_000 * (index % 3),
            "stacks": 610_000,
            "mappings": 18_700_000,
            "other": 240_000,
        }
        points.append(
            MemoryPoint(
                requests=requests,
                seconds=index * each / 292,
                live_bytes=owners["python_objects"] + owners["native_heap"],
                rss_bytes=sum(owners.values()),
                owners=owners,
                settled=index >= 2,
            )
        )
    return tuple(points)


def timeline(seconds: int, *, per_request: float) -> tuple[SecondPoint, ...]:
    """Seconds of load with a checkpoint's pause in every fourth."""
    return tuple(
        SecondPoint(
            second=second,
            requests=0 if second % 4 == 3 else 389 + second % 7,
            failures=1 if second % 17 == 9 else 0,
            p50_ms=None if second % 4 == 3 else 2.0 + 0.1 * math.sin(second / 3),
            p99_ms=None if second % 4 == 3 else 7.0 + 1.5 * abs(math.sin(second / 5)),
            rss_bytes=56_000_000 + round(per_request * 292 * second),
            cpu_percent=88.0 + 6 * math.sin(second / 9),
        )
        for second in range(seconds)
    )


def failing(**changes: object) -> Report:
    """A leak in the application, with its site and holder."""
    report = Report(
        scenario="check",
        verdict=Verdict.FAIL,
        exit_code=1,
        reasons=("memory grows 32.8 B per request and does not slow down",),
        advice=('look at app.py:30: entries of "seen" are never removed',),
        requests=12_000,
        failures=2,
        failure_samples=("GET /items: 500 Internal Server Error",),
        seconds=41.2,
        growth=Growth(
            bytes_per_request=32.8,
            low=32.1,
            high=33.4,
            bytes_per_hour=34_479_360,
            detectable_bytes_per_request=0.8,
            shape="linear",
            from_request=2_000,
            to_request=12_000,
        ),
        ledger=LEDGER,
        findings=(LEAK, FILLING),
        criteria=(
            Criterion(name="p99_ms", limit=10, value=7.9, met=True),
            Criterion(name="error_rate", limit=0.0001, value=0.000167, met=False),
        ),
        gauges=GAUGES,
        processes=(
            ProcessReport(
                pid=4711,
                command="uvicorn app:app --workers 2",
                ledger=LEDGER,
                bytes_per_request=0.1,
            ),
            ProcessReport(
                pid=4712,
                command="uvicorn worker",
                ledger=LEDGER,
                bytes_per_request=32.7,
                own_memory=31_400_000,
                sockets={"listen": 1, "established": 10, "close_wait": 2},
            ),
        ),
        latency=LATENCY,
        endpoints=(
            Endpoint(
                method="GET", name="/items", requests=9_000, failures=2, p50_ms=2.0, p99_ms=7.1
            ),
            Endpoint(method="POST", name="/cart", requests=3_000, failures=0, p50_ms=3.3),
        ),
        cost=COST,
        notes=("malloc_trim is not available in worker 4712: slack may read high",),
        provenance=PROVENANCE,
        memory=memory_points(13, per_request=32.8),
        timeline=timeline(41, per_request=32.8),
        target_log_tail=("INFO: Started server process [4712]", "INFO: GET /items 200"),
    )
    return report.model_copy(update=changes)


def passing(**changes: object) -> Report:
    """A clean target with a bounded cache that still fills."""
    return failing(
        verdict=Verdict.PASS,
        exit_code=0,
        reasons=("no growth: 0.02 B per request, equivalent to none",),
        advice=(),
        growth=Growth(
            bytes_per_request=0.02,
            low=-0.1,
            high=0.14,
            bytes_per_hour=21_000,
            detectable_bytes_per_request=0.8,
            shape="flat",
            from_request=2_000,
            to_request=12_000,
        ),
        ledger=tuple(row.model_copy(update={"bytes_per_request": 0.01}) for row in LEDGER),
        findings=(FILLING,),
        criteria=(Criterion(name="p99_ms", limit=10, value=7.9, met=True),),
        failures=0,
        failure_samples=(),
        memory=memory_points(13, per_request=0.0),
        timeline=timeline(41, per_request=0.0),
    ).model_copy(update=changes)


def compared(**changes: object) -> Report:
    """A target beside a reference that leaks, with one side limited by the load."""
    reference = Reference(
        command=("uvicorn", "old:app"),
        verdict=Verdict.FAIL,
        reasons=("memory grows 32.8 B per request and does not slow down",),
        growth=Growth(bytes_per_request=32.8, to_request=100),
        rss_bytes=50_000_000,
        findings=(LEAK,),
    )
    limit = "the load process used 97% of a core and waited for one in 0% of its time"
    ratios = (
        Ratio(
            name="requests_per_second",
            reference=1000,
            target=2100,
            factor=2.1,
            low=2.0,
            high=2.2,
            target_limited=limit,
        ),
        Ratio(name="cpu_ms", reference=0.9, target=0.3, factor=3, low=2.9, high=3.1),
        Ratio(name="p99_ms", reference=9, target=3, factor=3),
    )
    comparison = Comparison(reference=reference, blocks=10, ratios=ratios)
    return passing(comparison=comparison, scenario="compare").model_copy(update=changes)


def inconclusive(**changes: object) -> Report:
    """A run too short to tell."""
    return failing(
        verdict=Verdict.INCONCLUSIVE,
        exit_code=3,
        reasons=("memory still grows, but slower with every segment: a cache may be filling",),
        advice=("run for at least 5 min: --max-time 5min",),
        growth=Growth(bytes_per_request=9.1, low=-2.0, high=20.3, shape="saturating"),
        findings=(FILLING,),
        criteria=(Criterion(name="p99_ms", limit=10, value=None, met=None),),
        memory=memory_points(4, per_request=9.1),
        timeline=timeline(12, per_request=9.1),
        requests=3_000,
        seconds=12.0,
    ).model_copy(update=changes)


def half_run() -> Report:
    """A run that was killed before the first checkpoint."""
    return Report(
        scenario="endurance",
        verdict=Verdict.INCONCLUSIVE,
        exit_code=130,
        reasons=("interrupted before the first segment was complete",),
        complete=False,
    )


@cache
def long_run() -> Report:
    """Four hours: 14,400 seconds of load and a checkpoint every 30 seconds."""
    return failing(
        scenario="endurance",
        requests=480 * 8_000,
        seconds=14_400.0,
        memory=memory_points(480, per_request=32.8, each=8_000),
        timeline=timeline(14_400, per_request=32.8),
    )


def hostile(text: str = HOSTILE) -> Report:
    """A failing report with ``text`` wherever the target has a say."""
    frame = Frame(function=text, file=text, line=1, package=text)
    site = Site(
        function=text, file=text, line=3, bytes_per_request=1.0, share=0.5, stack=(frame, frame)
    )
    holder = Holder(path=text, type=text, entries_per_request=1.0, sample=text)
    finding = Finding(
        resource="memory",
        kind="leak",
        title=text,
        per_request=1.0,
        clock=text,
        sites=(site,),
        holders=(holder,),
        details=(text,),
    )
    return failing(
        scenario=text,
        reasons=(text, text),
        advice=(text,),
        failure_samples=(text,),
        findings=(finding,),
        criteria=(Criterion(name=text, limit=1, value=2, met=False, reason=text),),
        gauges=(Gauge(name=text, source=text, kind="level", overall=1, last=1, remark=text),),
        processes=(
            ProcessReport(pid=1, command=text, ended=text),
            ProcessReport(pid=2, command=text),
        ),
        endpoints=(Endpoint(method=text, name=text, requests=1, failures=1),),
        notes=(text,),
        provenance=Provenance(
            started=text,
            command=(text, text),
            git_revision=text,
            versions={text: text},
            machine={text: text},
            configuration={text: {text: [text]}},
            run=text,
        ),
        target_log_tail=(text, text),
    )


def unknowable() -> Report:
    """A report in which every floating-point number is infinite or not a number."""

    def spoil(value: object) -> object:
        if isinstance(value, float):
            return math.nan if value > 1 else math.inf
        if isinstance(value, dict):
            return {key: spoil(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [spoil(item) for item in value]
        return value

    return Report.model_validate(spoil(failing().model_dump(by_alias=True)))
