"""The phrases that every renderer shares: findings, sites, holders, criteria, cost."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tsprof.report import format as fmt
from tsprof.report.model import (
    IN_BYTES,
    Cost,
    Criterion,
    Delivery,
    Finding,
    Frame,
    Gauge,
    Growth,
    Holder,
    LedgerRow,
    Owner,
    Percentiles,
    PhaseReport,
    ProcessReport,
    Report,
    Resource,
    Site,
)

OWNER_LABELS: dict[Owner, str] = {
    "python_objects": "Python objects",
    "native_heap": "native heap",
    "allocator_slack": "allocator slack",
    "stacks": "thread stacks",
    "mappings": "file and anonymous mappings",
    "other": "the rest",
}
SOURCES = {"agent": "agent", "native": "native agent", "outside": "outside only"}
"""What tables call the ways in which a process was read."""
_NOT_SPLIT = "resident memory (not split: no exact counters)"

_OF_LATENCY = re.compile(r"(baseline_)?p\d+_(ms|drift)")

_UNITS: dict[Resource, str] = {
    "fd": "file descriptors",
    "thread": "threads",
    "task": "asyncio tasks",
    "errors": "errors",
    "process": "processes",
    "temporary_file": "temporary files",
}
"""What one of a resource is called; memory and garbage are bytes, the others have no unit."""


def place(code: Site | Frame) -> str:
    """Where a line of code is: ``app.py:30``."""
    return f"{code.file}:{code.line}" if code.line else code.file


def growth_measured(growth: Growth) -> bool:
    """Whether the figures of the growth are a measurement, and not the zeros of a half run."""
    figures = (growth.bytes_per_request, growth.low, growth.high, growth.to_request)
    return any(figures) or growth.detectable_bytes_per_request is not None


def total_growth(growth: Growth) -> str:
    """The growth with its interval: ``32.8 B per request (32.1 to 33.4)``."""
    if not growth_measured(growth):
        return fmt.UNKNOWN
    between = fmt.size_interval(growth.low, growth.high, beside=growth.bytes_per_request)
    return f"{fmt.size(growth.bytes_per_request)} per request{fmt.in_parentheses(between)}"


def finding_growth(finding: Finding) -> str:
    """How fast it grows, with the interval and the clock; empty when it has no rate."""
    if not finding.per_request:
        return ""
    if finding.resource in IN_BYTES:
        amount = fmt.size(finding.per_request)
        between = fmt.size_interval(finding.low, finding.high, beside=finding.per_request)
    else:
        amount = counted(finding.resource, finding.per_request)
        between = fmt.interval(finding.low, finding.high)
    return f"{amount} per request{fmt.in_parentheses(between)}{clock(finding)}"


def counted(resource: Resource, amount: float) -> str:
    """An amount of something that is counted, with its unit: ``0.05 file descriptors``."""
    return f"{fmt.number(amount)} {_UNITS.get(resource, '')}".rstrip()


def clock(finding: Finding) -> str:
    """What the growth follows, as the end of a sentence; empty for plain requests."""
    follows = {
        "request": "",
        "second": ", growing with time rather than with requests",
        "error": ", growing with failed requests",
    }
    singular = finding.clock.removesuffix("s")
    return follows.get(singular, f", growing with {finding.clock}")


def finding_plateau(finding: Finding) -> str:
    """The size at which a filling resource will stop; empty when none is predicted."""
    if finding.plateau is None:
        return ""
    if finding.resource in IN_BYTES:
        return f"fills up to about {fmt.size(finding.plateau)}"
    return f"fills up to about {counted(finding.resource, finding.plateau)}"


def finding_confidence(finding: Finding) -> str:
    """``confidence 99 %``; empty when no figure was computed."""
    return f"confidence {fmt.percentage(finding.confidence)}" if finding.confidence else ""


def site_growth(site: Site) -> str:
    """What a line leaves behind, and which part of the finding that is."""
    if not site.bytes_per_request:  # descriptors and threads are counted
        return fmt.percentage(site.share) if site.share else "keeps what other lines allocate"
    blocks = f" in {fmt.count(site.blocks_per_request, 'block')}" if site.blocks_per_request else ""
    share = fmt.percentage(site.share)
    return f"{fmt.size(site.bytes_per_request)}{blocks} per request, {share}{through(site)}"


def through(site: Site) -> str:
    """The native code that allocated for a line, as the end of a sentence; empty for none."""
    return f", through {site.through}" if site.through else ""


def callers(site: Site) -> tuple[Frame, ...]:
    """The frames that led to a site; those that it called, such as native code, are left out."""
    names = [(frame.file, frame.function) for frame in site.stack]
    shown = (site.file, site.function)
    return site.stack[names.index(shown) + 1 :] if shown in names else site.stack


def site_line(site: Site) -> str:
    """A site with everything known of it but its stack."""
    package = fmt.in_parentheses(site.package)
    return f"{place(site)} in {site.function}{package}: {site_growth(site)}"


def holder_state(holder: Holder) -> str:
    """How a container grows, what is in it, and where it will stop."""
    sign = "+" if holder.entries_per_request > 0 else ""
    parts = [
        f"{sign}{fmt.count(holder.entries_per_request, 'entry', 'entries')} per request",
        f"{fmt.count(holder.entries, 'entry', 'entries')} now" if holder.entries else "",
        fmt.size(holder.bytes) if holder.bytes else "",
        f"entries are {holder.sample}" if holder.sample else "",
        f"bounded at {fmt.count(holder.bound, 'entry', 'entries')}"
        if holder.bound is not None
        else "no bound known",
    ]
    return ", ".join(part for part in parts if part)


def gauge_value(gauge: Gauge, value: float | None) -> str:
    """A gauge's value: a share in percent, anything else as a plain number."""
    return fmt.percentage(value) if gauge.kind == "share" else fmt.number(value)


def gauge_change(gauge: Gauge) -> str:
    """How a gauge changed over the run, with the interval: ``-24.5 points (-26 to -23)``."""
    if gauge.change is None or gauge.low is None or gauge.high is None:
        return fmt.UNKNOWN
    unit = "points" if gauge.kind == "share" else "%"
    sign = "+" if gauge.change > 0 else ""
    between = fmt.interval(100 * gauge.low, 100 * gauge.high)
    return f"{sign}{fmt.number(100 * gauge.change)} {unit}{fmt.in_parentheses(between)}"


def gauge_line(gauge: Gauge) -> str:
    """A gauge in one line."""
    parts = [
        f"{gauge.name}: {gauge_value(gauge, gauge.last)} at the end",
        f"{gauge_value(gauge, gauge.overall)} over all",
        f"change over the run {gauge_change(gauge)}",
        gauge.outcome,
        gauge.remark,
    ]
    return ", ".join(part for part in parts if part)


def criterion_unit(criterion: Criterion, value: float | None) -> str:
    """A criterion's value in the unit that the end of its name tells; a change in percent."""
    if criterion.is_change:
        return f"{'+' if value and value > 0 else ''}{fmt.percentage(value)}"
    if criterion.name.endswith("_ms"):
        return fmt.milliseconds(value)
    if criterion.name.endswith(("_bytes", "bytes_per_request")):
        return fmt.size(value)
    return fmt.number(value)


def criterion_outcome(criterion: Criterion) -> str:
    """``met``, ``missed``, ``uncertain`` or ``not measured``."""
    if criterion.met is not None:
        return "met" if criterion.met else "missed"
    return "not measured" if criterion.value is None else "uncertain"


PHASE_COLUMNS = (
    "phase",
    "seconds",
    "asked/s",
    "answered/s",
    "failed",
    "p99",
    "processors",
    "sustained",
)


def phase_row(phase: PhaseReport) -> tuple[str, ...]:
    """A phase's cells, one for each of ``PHASE_COLUMNS``."""
    return (
        phase.name,
        fmt.number(round(phase.seconds, 1)),
        fmt.number(round(phase.rate)) if phase.rate is not None else "",
        fmt.number(round(phase.requests_per_second)),
        fmt.percentage(phase.failed),
        fmt.milliseconds(phase.p99_ms) if phase.p99_ms is not None else "",
        fmt.number(round(phase.processors, 2)) if phase.processors is not None else "",
        {True: "yes", False: "no", None: ""}[phase.sustained],
    )


CRITERION_COLUMNS = ("criterion", "measured", "limit", "outcome")


def criterion_row(criterion: Criterion) -> tuple[str, ...]:
    """A criterion's cells, one for each of ``CRITERION_COLUMNS``."""
    return (
        criterion.name,
        criterion_unit(criterion, criterion.value),
        f"{criterion.comparison} {criterion_unit(criterion, criterion.limit)}",
        criterion_outcome(criterion),
    )


@dataclass(frozen=True)
class StackLine:
    """One line of a folded stack."""

    text: str
    origin: str


def folded_stack(stack: Iterable[Frame], *, longest: int = 12) -> list[StackLine]:
    """A stack with each run of frames outside the application folded into one line.

    Args:
        stack: innermost frame first.
        longest: lines to return at most; the last one then says how many frames are missing.
    """
    frames = list(stack)
    lines: list[StackLine] = []
    position = 0
    while position < len(frames) and len(lines) < longest:
        frame = frames[position]
        run = 1
        if frame.origin != "application":
            while position + run < len(frames) and frames[position + run].origin != "application":
                run += 1
        if run == 1:
            lines.append(StackLine(frame_text(frame), frame.origin))
        else:
            skipped = frames[position : position + run]
            names = dict.fromkeys(frame.package or frame.origin for frame in skipped)
            lines.append(StackLine(f"{run} frames in {', '.join(names)}", "folded"))
        position += run
    if position < len(frames):
        lines.append(StackLine(f"{fmt.count(len(frames) - position, 'more frame')}", "folded"))
    return lines


def frame_text(frame: Frame) -> str:
    """One frame: ``app.py:30 in handler (starlette 0.40)``."""
    package = fmt.in_parentheses(frame.package)
    return f"{place(frame)} in {frame.function}{package}"


def sockets(process: ProcessReport) -> str:
    """The internet sockets of a process by state: ``10 established, 1 listen``."""
    if process.own_memory is None:
        return fmt.UNKNOWN
    states = sorted(process.sockets.items(), key=lambda item: -item[1])
    return ", ".join(f"{fmt.number(n)} {state.replace('_', ' ')}" for state, n in states) or "none"


def owner_label(owner: Owner, owners: Collection[Owner]) -> str:
    """What tables and legends call an owner, given all owners of the same memory."""
    return _NOT_SPLIT if set(owners) == {"other"} else OWNER_LABELS[owner]


LEDGER_COLUMNS = ("owner", "per request", "now")


def ledger_cells(ledger: Sequence[LedgerRow]) -> list[tuple[str, str, str]]:
    """The ledger's cells, a row for each owner, one cell for each of ``LEDGER_COLUMNS``."""
    owners = [row.owner for row in ledger]
    return [
        (owner_label(row.owner, owners), fmt.size(row.bytes_per_request), fmt.size(row.bytes_now))
        for row in ledger
    ]


def latency_basis(report: Report) -> str:
    """From when latency counts, in a sentence; empty where nobody asked of latency."""
    latency = report.latency
    if latency.sent is not None:
        return (
            f"latency from when each request was due by the rate: {_percentiles(latency)}; from "
            f"when it was sent, without its wait for a free user: {_percentiles(latency.sent)}"
        )
    if latency.p50_ms is not None and any(map(_is_of_latency, report.criteria)):
        return (
            "latency counts from when each request was sent, in a closed loop: a slow answer held "
            "back the requests behind it, whose wait is not in it (with --rate it would be)"
        )
    return ""


def _percentiles(latency: Percentiles) -> str:
    figures = {"p50": latency.p50_ms, "p95": latency.p95_ms, "p99": latency.p99_ms}
    return ", ".join(f"{name} {fmt.milliseconds(value)}" for name, value in figures.items())


def _is_of_latency(criterion: Criterion) -> bool:
    return _OF_LATENCY.fullmatch(criterion.name) is not None


def delivery_line(report: Report) -> str:
    """How much of a rate was sent when it was due; empty without a rate."""
    delivery = report.delivery
    if delivery.due is None:
        return ""
    return (
        f"of {fmt.count(delivery.due, 'request')} that were due, {fmt.number(delivery.late)} were "
        f"sent more than 10 ms late and {fmt.number(delivery.unsent)} never"
    )


def _each_load_process(cost: Cost) -> str:
    """Say what each of several load processes used."""
    if not any(process.name for process in cost.load_processes):
        return ""
    each = ", ".join(
        f"{process.name} {fmt.duration(process.cpu_s)}" for process in cost.load_processes
    )
    return f" ({fmt.count(len(cost.load_processes), 'process', 'processes')}: {each})"


def cost_line(report: Report) -> str:
    """What the run cost, in one line."""

    def used(cpu_seconds: float, peak_rss: int) -> str:
        return f"{fmt.duration(cpu_seconds)} CPU, {fmt.size(peak_rss)} peak"

    cost = report.cost
    paused = cost.checkpoints and cost.checkpoint_ms
    pause = f" with a pause of {fmt.milliseconds(cost.checkpoint_ms)}" if paused else ""
    elsewhere = cost.load_processes and not cost.load_peak_rss
    load = "elsewhere" if elsewhere else used(cost.load_cpu_s, cost.load_peak_rss)
    load += _each_load_process(cost)
    parts = [
        fmt.count(cost.checkpoints, "checkpoint") + pause if cost.checkpoints else "no checkpoint",
        f"profiler on for {fmt.duration(cost.attribution_seconds)}"
        if cost.attribution_seconds
        else "no profiler",
        f"supervisor {used(cost.supervisor_cpu_s, cost.supervisor_peak_rss)}",
        f"load {load}{_load_pressure(report.delivery)}",
        f"{fmt.size(cost.disk_bytes)} on disk",
    ]
    return "; ".join(parts)


def _load_pressure(delivery: Delivery) -> str:
    if delivery.load_cpu_share is None:
        return ""
    return (
        f" ({fmt.percentage(delivery.load_cpu_share)} of a core while it sent, its event loop "
        f"{fmt.milliseconds(delivery.loop_lag_p99_ms)} late at the p99)"
    )
