"""The report as one HTML file that needs no network, now or later."""

import json
from math import isfinite

from tsprof.report import charts, hot_paths, service_wording, side_by_side, wording
from tsprof.report import format as fmt
from tsprof.report.closing import TITLE, closing
from tsprof.report.cost import cost_line
from tsprof.report.headline import further_advice, further_reasons, headline, requests_per_second
from tsprof.report.model import Report
from tsprof.report.pages import asset, security_policy, template
from tsprof.report.text import printable

_LONGEST_TEXT = 2_000


def render(report: Report) -> str:
    """The report as a self-contained page.

    Scripts and styles are embedded and allowed by their hash alone, so that nothing that the
    target put into a name or a message could run even if an escape were forgotten.
    """
    report = printable(report, limit=_LONGEST_TEXT)
    scripts = [
        asset("uPlot.iife.min.js"),
        asset("numbers.js"),
        asset("charts.js"),
        asset("report.js"),
    ]
    styles = [asset("uPlot.min.css"), asset("report.css")]
    memory, load = charts.memory_charts(report), charts.load_charts(report)
    heaps = charts.heap_charts(report)
    return template("tsprof.report", "report.html.j2").render(
        report=report,
        answer=headline(report),
        reasons=further_reasons(report),
        advice=further_advice(report),
        closing_title=TITLE,
        closing=closing(report),
        rate=requests_per_second(report),
        memory_charts=memory,
        load_charts=load,
        heap_charts=heaps,
        memory_table=charts.memory_table(report),
        load_table=charts.load_table(report),
        ledger=_parts(report),
        bar_width=_bar_width,
        configuration={
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in report.provenance.configuration.items()
        },
        chart_data=[chart.as_json() for chart in [*memory, *heaps, *load]],
        scripts=scripts,
        styles=styles,
        chart_licence=asset("LICENSE.uPlot"),
        security_policy=security_policy(scripts, styles),
        fmt=fmt,
        hot_paths=hot_paths,
        wording=wording,
        service_wording=service_wording,
        cost_line=cost_line,
        side_by_side=side_by_side,
    )


def _parts(report: Report) -> list[tuple[tuple[str, str, str], float]]:
    """The ledger's cells with the length of each row's bar, 0 to 1.

    A full bar is at least the smallest visible leak, or noise would look like growth.
    """
    amounts = [abs(row.bytes_per_request) for row in report.ledger]
    smallest = report.growth.detectable_bytes_per_request or 0.0
    largest = max((amount for amount in [*amounts, smallest] if isfinite(amount)), default=0.0)
    return [
        (cells, amount / largest if largest else 0.0)
        for cells, amount in zip(wording.ledger_cells(report.ledger), amounts, strict=True)
    ]


def _bar_width(share: float) -> float:
    """The width of a bar in hundredths; 0 for what is no number."""
    return round(min(max(share, 0.0), 1.0) * 100, 1) if isfinite(share) else 0.0
