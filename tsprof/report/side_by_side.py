"""The phrases of a comparison that every renderer shares: two targets beside each other."""

from collections.abc import Iterator, Sequence

from tsprof.report import format as fmt
from tsprof.report import wording
from tsprof.report.model import Comparison, Ratio, Reference, Report

COLUMNS = ("", "reference", "target", "factor", "95 % interval", "remark")
_FIGURES = {
    "requests_per_second": "requests/s",
    "cpu_ms": "CPU per request",
    "p50_ms": "p50",
    "p99_ms": "p99",
}


def rows(comparison: Comparison, report: Report) -> list[tuple[str, ...]]:
    """The figures of two targets side by side, one cell for each of ``COLUMNS``."""
    other = comparison.reference
    now = report.memory[-1].rss_bytes if report.memory else None
    return [
        *_ratio_rows(comparison.ratios),
        ("resident memory", fmt.size(other.rss_bytes), fmt.size(now), "", "", ""),
        (
            "growth per request",
            *(
                fmt.size(growth.bytes_per_request)
                if wording.growth_measured(growth)
                else fmt.UNKNOWN
                for growth in (other.growth, report.growth)
            ),
            *("", "", ""),
        ),
    ]


def _ratio_rows(ratios: Sequence[Ratio]) -> Iterator[tuple[str, ...]]:
    said = ""
    for ratio in ratios:
        remark = _remark(ratio)
        again = f"{_bound(ratio)}as above"
        yield (*_cells(ratio), again if remark and remark == said else _bound(ratio) + remark)
        said = remark


def _bound(ratio: Ratio) -> str:
    """Say on which side of the factor the truth is, where something limited the targets."""
    bound = {(True, False): "at most; ", (False, True): "at least; ", (True, True): "no measure; "}
    return bound.get((bool(ratio.reference_limited), bool(ratio.target_limited)), "")


def _remark(ratio: Ratio) -> str:
    limits = {"reference": ratio.reference_limited, "target": ratio.target_limited}
    return "; ".join(f"{side}: {limit}" for side, limit in limits.items() if limit)


def _cells(ratio: Ratio) -> tuple[str, ...]:
    show = fmt.milliseconds if ratio.name.endswith("_ms") else fmt.number
    return (
        _FIGURES[ratio.name],
        show(ratio.reference),
        show(ratio.target),
        fmt.number(ratio.factor),
        fmt.interval(ratio.low, ratio.high)
        if ratio.low is not None and ratio.high is not None
        else "",
    )


def reference_lines(reference: Reference) -> list[str]:
    """The reference's command and what the leak engine says of it."""
    return [
        f"reference: {' '.join(reference.command)}",
        f"leaks of the reference ({reference.verdict.value}): {'; '.join(reference.reasons)}",
        *(
            finding.title
            for finding in reference.findings
            if finding.title not in reference.reasons
        ),
    ]
