"""The report for a terminal or a pipe: the answer first, then the evidence."""

from collections.abc import Collection, Sequence

from rich.console import Console
from rich.text import Text

from tsprof.report import format as fmt
from tsprof.report import hot_paths, service_wording, side_by_side, wording
from tsprof.report.closing import TITLE, closing
from tsprof.report.cost import cost_line
from tsprof.report.headline import (
    Headline,
    further_advice,
    further_reasons,
    headline,
    requests_per_second,
    tells,
)
from tsprof.report.model import Report, Verdict
from tsprof.report.tables import plain_table
from tsprof.report.text import printable

_LONGEST_TEXT = 400
"""Characters of one text from the target: a path fits, a dump of a value does not."""
_LOG_LINES = 10
_NARROWEST_COLUMN = 12
_HEADER_PADDING = 2
"""What tabulate adds to the width of a header."""
_STYLES = {
    Verdict.PASS: "bold green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
}
_OUTCOME_STYLES = {"met": "green", "missed": "red", "uncertain": "yellow", "not measured": "yellow"}


def render(report: Report, console: Console, *, html: str = "") -> None:
    """Print the report.

    Args:
        report: a finished or half-finished run.
        console: decides on colour and width. Off a terminal lines are not wrapped, so that
            ``grep`` finds whole paths.
        html: where the HTML report was written, if it was.
    """
    report = printable(report, limit=_LONGEST_TEXT, encoding=console.encoding)
    answer = headline(report)
    _answer(console, report, answer, html)
    for sentence in report.highlights:
        _line(console, sentence)
    _run(console, report)
    _list(console, "Why", further_reasons(report))
    _ledger(console, report)
    _findings(console, report)
    _phases(console, report)
    _comparison(console, report)
    _criteria(console, report)
    _gauges(console, report)
    _hot_paths(console, report)
    _processes(console, report)
    _list(console, "Notes", report.notes)
    _failures(console, report)
    _heading(console, "Cost")
    _line(console, cost_line(report), indent=2)
    _list(console, TITLE, closing(report))
    _list(console, "What to do next", further_advice(report))


def _answer(console: Console, report: Report, answer: Headline, html: str) -> None:
    word = f"{answer.word}  " if answer.word else ""
    first = Text.assemble((word, _STYLES[report.verdict]), answer.sentence)
    _line(console, first, hanging=len(word))
    where = f"report: {html}" if html else ""
    for text in (answer.consequence, answer.culprit or where):
        if text:
            _line(console, text)
    if answer.culprit and where:
        _line(console, where)


def _run(console: Console, report: Report) -> None:
    requests = fmt.count(report.requests, "request")
    latency = report.latency
    parts = [
        report.scenario + ("" if report.complete else " (cut short)"),
        f"{requests}, {fmt.number(report.failures)} failed, in {fmt.duration(report.seconds)}",
        fmt.rate(requests_per_second(report)) if report.requests else "",
        f"p50 {fmt.milliseconds(latency.p50_ms)}" if latency.p50_ms is not None else "",
        f"p99 {fmt.milliseconds(latency.p99_ms)}" if latency.p99_ms is not None else "",
        f"run {report.provenance.run}" if report.provenance.run else "",
        f"exit code {report.exit_code}",
    ]
    lines = [
        " | ".join(part for part in parts if part),
        service_wording.latency_basis(report),
        service_wording.delivery_line(report),
    ]
    for line in lines:
        _line(console, Text(line, style="dim"))


def _ledger(console: Console, report: Report) -> None:
    ledger = report.ledger
    if not ledger:
        return
    _heading(console, "Ledger: who owns the growth")
    rows = wording.ledger_cells(ledger)
    if len(rows) > 1:
        total = sum(row.bytes_per_request for row in ledger)
        rows.append(("all", fmt.size(total), fmt.size(sum(row.bytes_now for row in ledger))))
    _table(console, wording.LEDGER_COLUMNS, rows, numbers={1, 2})
    _line(console, Text(wording.ledger_basis(report.growth), style="dim"), indent=2)


def _findings(console: Console, report: Report) -> None:
    if not report.findings:
        return
    _heading(console, "Findings")
    for position, finding in enumerate(report.findings, start=1):
        number = f"{position}. "
        kind = f"{finding.resource} {finding.kind}"
        growth = wording.finding_growth(finding)
        rate = "; ".join(part for part in (growth, wording.finding_confidence(finding)) if part)
        # The first screen says each thing once: what the headline has said gives way to the rate.
        title, more = (rate, "") if growth and tells(report, finding) else (finding.title, rate)
        _line(console, Text.assemble(number, (kind, "bold"), f": {title}"), hanging=3)
        _line(console, more, indent=3)
        _line(console, Text(finding.excuse, style="green"), indent=3, hanging=2)
        for site in finding.sites:
            _line(
                console,
                Text.assemble(
                    (wording.place(site), "bold cyan"),
                    f" in {site.function}{fmt.in_parentheses(site.package)}:"
                    f" {wording.site_growth(site)}",
                ),
                indent=3,
                hanging=2,
            )
            for frame in wording.folded_stack(wording.callers(site), longest=8):
                _line(console, Text(f"called by {frame.text}", style="dim"), indent=5, hanging=2)
        for holder in finding.holders:
            held = f": {wording.holder_state(holder)}"
            _line(
                console,
                Text.assemble("held by ", (holder.path, "bold magenta"), held),
                indent=3,
                hanging=2,
            )
        for text in (wording.finding_plateau(finding), *finding.details):
            _line(console, text, indent=3, hanging=2)
        if finding.key:
            _line(console, Text(f"key: {finding.key}", style="dim"), indent=3, hanging=2)


def _criteria(console: Console, report: Report) -> None:
    if not report.criteria:
        return
    _heading(console, "Criteria")
    rows = [service_wording.criterion_row(criterion) for criterion in report.criteria]
    _table(
        console,
        service_wording.CRITERION_COLUMNS,
        rows,
        numbers={1, 2},
        styles=[_OUTCOME_STYLES[row[-1]] for row in rows],
    )


def _phases(console: Console, report: Report) -> None:
    if not report.phases:
        return
    _heading(console, "Phases")
    _table(
        console,
        service_wording.PHASE_COLUMNS,
        [service_wording.phase_row(phase) for phase in report.phases],
        numbers={1, 2, 3, 4, 5, 6},
    )


def _comparison(console: Console, report: Report) -> None:
    if report.comparison is None:
        return
    _heading(console, f"Comparison over {fmt.count(report.comparison.blocks, 'block')} of turns")
    rows = side_by_side.rows(report.comparison, report)
    _table(console, side_by_side.COLUMNS, rows, numbers={1, 2, 3, 4})
    for text in side_by_side.reference_lines(report.comparison.reference):
        _line(console, text, indent=2, hanging=2)


def _gauges(console: Console, report: Report) -> None:
    if not report.gauges:
        return
    _heading(console, "Gauges: what the target says of itself")
    rows = [
        [
            gauge.outcome,
            service_wording.gauge_value(gauge, gauge.last),
            service_wording.gauge_change(gauge),
            gauge.name,
        ]
        for gauge in report.gauges
    ]
    _table(console, ["outcome", "last", "change over the run", "gauge"], rows, numbers={1, 2})
    for gauge in report.gauges:
        if gauge.remark:
            _line(console, f"{gauge.name}: {gauge.remark}", indent=2, hanging=2)


def render_hot_paths(report: Report, console: Console) -> None:
    """Print the hot paths of a report alone."""
    _hot_paths(console, printable(report, limit=_LONGEST_TEXT, encoding=console.encoding))


def _hot_paths(console: Console, report: Report) -> None:
    paths = report.hot_paths
    if paths is None:
        return
    _heading(console, hot_paths.TITLE)
    _line(console, hot_paths.basis(paths) + hot_paths.drawn(report), indent=2)
    if paths.functions:
        rows = hot_paths.function_rows(paths.functions)
        _table(console, hot_paths.FUNCTION_COLUMNS, rows, numbers=hot_paths.NUMBERS)
    for text in (*paths.remarks, *paths.notes):
        if text not in report.reasons:
            _line(console, f"- {text}", indent=2, hanging=2)
    if paths.aged:
        _heading(console, hot_paths.AGED_TITLE)
        rows = hot_paths.change_rows(paths.aged)
        _table(console, hot_paths.CHANGE_COLUMNS, rows, numbers=hot_paths.NUMBERS)


def _processes(console: Console, report: Report) -> None:
    if len(report.processes) < 2:  # noqa: PLR2004 - one process is the whole ledger
        return
    _heading(console, "Processes")
    rows = [
        [
            str(process.pid),
            fmt.size(process.bytes_per_request),
            fmt.size(process.own_memory),
            fmt.number(None if process.own_memory is None else sum(process.sockets.values())),
            wording.SOURCES[process.source],
            process.command + fmt.in_parentheses(process.ended),
        ]
        for process in report.processes
    ]
    columns = ["pid", "per request", "own memory", "sockets", "read by", "command"]
    _table(console, columns, rows, numbers={0, 1, 2, 3})


def _failures(console: Console, report: Report) -> None:
    _list(console, "Failed requests", report.failure_samples)
    if report.failures or not report.complete:  # else it logged no more than what it served
        _list(console, "Last lines of the target", report.target_log_tail[-_LOG_LINES:], bullet="")


def _list(console: Console, title: str, texts: Sequence[str], *, bullet: str = "- ") -> None:
    if not texts:
        return
    _heading(console, title)
    for text in texts:
        _line(console, f"{bullet}{text}", indent=2, hanging=len(bullet))


def _heading(console: Console, title: str) -> None:
    console.print()
    _line(console, Text(title, style="bold"))


def _line(console: Console, text: str | Text, *, indent: int = 0, hanging: int = 0) -> None:
    """Print one paragraph, wrapped only where a person looks at it; nothing when it is empty."""
    line = Text(text) if isinstance(text, str) else text
    if not line.plain:
        return
    if not console.is_terminal:
        console.print(Text(" " * indent) + line, soft_wrap=True)
        return
    width = max(console.width - indent - hanging, _NARROWEST_COLUMN)
    for position, part in enumerate(line.wrap(console, width)):
        part.rstrip()
        console.print(Text(" " * (indent + (hanging if position else 0))) + part, soft_wrap=True)


def _table(
    console: Console,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int],
    styles: Sequence[str] = (),
) -> None:
    """Print a table without frame; on a narrow terminal its last column wraps."""
    widths = [
        max(len(header) + _HEADER_PADDING, *map(len, cells))
        for header, *cells in zip(headers, *rows, strict=True)
    ]
    room = console.width - 2 - sum(widths[:-1]) - 2 * (len(widths) - 1)
    wraps = console.is_terminal and widths[-1] > room
    width = max(room, _NARROWEST_COLUMN) if wraps else None
    lines = plain_table(headers, rows, numbers=numbers, last_width=width)
    for position, line in enumerate(lines):
        style = styles[position - 2] if styles and position > 1 and not wraps else ""
        console.print(Text(f"  {line}", style=style), soft_wrap=True)
