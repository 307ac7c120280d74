"""Reports of runs that are compared with each other, for tests."""

from typing import Any

from tsprof.report.model import (
    Finding,
    Growth,
    Holder,
    LedgerRow,
    Measure,
    MemoryPoint,
    Provenance,
    Report,
    Site,
    Verdict,
)

FOLDER = "/srv/shop"
SEEN = 'app.py: module global "seen" -> dict'
TRAIL = 'audit.py: module global "trail" -> list'
FIGURES = {
    "p50_ms": 5.0,
    "p95_ms": 9.0,
    "p99_ms": 12.0,
    "requests_per_second": 1000.0,
    "error_rate": 0.0,
    "cpu_ms": 0.5,
    "load_cpu_ms": 0.2,
    "load_wait_ms": 0.01,
}


def leak(
    per_request: float = 300.0,
    *,
    site: str = "remember",
    holder: str | None = SEEN,
    **changes: Any,
) -> Finding:
    """A leak of memory, allocated in one function and held by one container."""
    holders = [Holder(path=holder, type="dict", entries_per_request=1.0)] if holder else []
    sites = [
        Site(
            function=site,
            file=f"{FOLDER}/app.py",
            line=3,
            bytes_per_request=per_request,
            share=1.0,
        )
    ]
    finding = Finding(
        resource="memory",
        kind="leak",
        title=f"the target leaks {per_request:g} B per request",
        per_request=per_request,
        low=per_request - 1,
        high=per_request + 1,
        sites=tuple(sites if site else ()),
        holders=tuple(holders),
    )
    return finding.model_copy(update=changes)


def trail(per_request: float, **changes: Any) -> Finding:
    """Another leak of memory, of another function and another container."""
    return leak(per_request, site="record", holder=TRAIL, **changes)


def counted(per_request: float, resource: str = "fd") -> Finding:
    """A leak of a counted resource, of which no place is known."""
    return Finding(
        resource=resource,  # type: ignore[arg-type]  # the tests' literals
        kind="leak",
        title=f"{resource} grow by {per_request:g} per request",
        per_request=per_request,
        low=0.99 * per_request,
        high=1.01 * per_request,
    )


def measures(**figures: float) -> tuple[Measure, ...]:
    """Measures with intervals of 2 %."""
    return tuple(
        Measure(name=name, value=value, low=0.98 * value, high=1.02 * value)
        for name, value in (FIGURES | figures).items()
    )


def ran(*findings: Finding, verdict: Verdict | None = None, **changes: Any) -> Report:
    """A run that grew as much as its leaks of memory."""
    memory = sum(f.per_request for f in findings if f.resource == "memory")
    if verdict is None:
        verdict = Verdict.FAIL if findings else Verdict.PASS
    report = Report(
        scenario="check",
        verdict=verdict,
        exit_code={"pass": 0, "fail": 1, "inconclusive": 3}[verdict],
        reasons=("because",),
        requests=12_000,
        growth=Growth(
            bytes_per_request=memory,
            low=memory - 1,
            high=memory + 1,
            detectable_bytes_per_request=2.0,
            from_request=2000,
            to_request=12_000,
        ),
        ledger=(LedgerRow(owner="python_objects", bytes_per_request=memory),),
        findings=findings,
        performance=measures(),
        provenance=Provenance(
            run="20260314T150926-check",
            folder=FOLDER,
            tsprof_version="0.1.0",
            target_python="3.11.7",
            machine={"cores": "2", "machine": "x86_64"},
            configuration={"load": {"users": 10, "url": ["/items"]}},
        ),
        memory=tuple(
            MemoryPoint(
                requests=1000 * number,
                seconds=float(number),
                live_bytes=0,
                rss_bytes=0,
                owners={"python_objects": round(1000 * number * memory) + 50 * (number % 2)},
                settled=number >= 2,
            )
            for number in range(12)
        ),
    )
    return report.model_copy(update=changes)
