"""The phrases that every renderer shares about how the target served: criteria, gauges, latency."""

import re

from tsprof.report import format as fmt
from tsprof.report.model import Criterion, Gauge, Percentiles, PhaseReport, Report

_SHARES = ("error_rate", "memory_kept")
_OF_LATENCY = re.compile(r"(baseline_)?p\d+_(ms|drift)")


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
    if criterion.name in _SHARES:
        return fmt.percentage(value)
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
