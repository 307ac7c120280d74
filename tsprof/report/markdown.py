"""The report as a compact comment for a pull request (GitHub, GitLab, Gitea)."""

import re
from collections.abc import Iterable, Sequence

from tsprof.report import format as fmt
from tsprof.report import hot_paths, service_wording, side_by_side, wording
from tsprof.report.closing import TITLE, closing
from tsprof.report.cost import cost_line
from tsprof.report.headline import headline, requests_per_second
from tsprof.report.model import Finding, Report, Verdict
from tsprof.report.text import printable

_LONGEST_TEXT = 300
_LONGEST_COMMENT = 60_000
"""GitHub refuses comments above 65,536 characters."""
_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "⚠️"}

_SPECIAL = re.compile(
    r"""[&<`*\[\]\\|~#@!$^={}]"""  # markup, tables, mathematics, references
    r"""|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"""  # emphasis, which nothing within a word is
    r"""|^>|^[-+](?!\d)|^\d{1,9}[.)](?=\s|$)"""  # quotations, list items, rules
    r"""|://|(?<=www)\."""  # bare links
)
_ENDS_CODE = frozenset("`|\r\n")
_MENTION = re.compile(r"([@#!])(?=\w)")
_WORD_JOINER = "\N{WORD JOINER}"


def render(report: Report) -> str:
    """The report as Markdown with a few tags that the forges allow, below 60,000 characters.

    When the whole does not fit, blocks are left out from the end, and the text says how many.
    """
    report = printable(report, limit=_LONGEST_TEXT)
    blocks = [
        *_answer(report),
        _figures(report),
        _load(report),
        *(_finding(finding) for finding in report.findings),
        *(escape(sentence) for sentence in report.highlights),
        _criteria(report),
        _phases(report),
        _comparison(report),
        _details(
            "Gauges: what the target says of itself", map(service_wording.gauge_line, report.gauges)
        ),
        _hot_paths(report),
        _details("Ledger: who owns the growth", _ledger(report)),
        _details("Processes", _processes(report)),
        _closing(report),
        _details("Notes and cost", [*report.notes, cost_line(report)]),
    ]
    kept: list[str] = []
    room = _LONGEST_COMMENT
    present = [block for block in blocks if block]
    for position, block in enumerate(present):
        room -= len(block) + 2
        if room < 0:
            kept.append(f"*{len(present) - position} more blocks were left out for length.*")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def escape(text: str) -> str:
    """Text that Markdown, HTML and tables take literally, and that notifies nobody.

    Forges look for mentions after they have resolved references, so a word joiner breaks
    those up.
    """
    return _references(_MENTION.sub(rf"\1{_WORD_JOINER}", text))


def _references(text: str) -> str:
    """Special characters as numeric references, which never form markup (CommonMark 6.2)."""
    return _SPECIAL.sub(lambda match: "".join(f"&#{ord(char)};" for char in match[0]), text)


def code(text: str) -> str:
    """Text as code within a line.

    Backticks keep the source readable and good for copying. What would end them, or a table's
    cell, and what they would lose at an end, goes between tags instead.
    """
    # Forges look for no mentions in code.
    if text and text == text.strip() and not _ENDS_CODE.intersection(text):
        return f"`{text}`"
    return f"<code>{_references(text)}</code>"


def _answer(report: Report) -> list[str]:
    answer = headline(report)
    # A run that passed has no place to name, and says in words what it noticed.
    place = escape if report.verdict is Verdict.PASS else code
    lines = [
        escape(answer.consequence),
        place(answer.culprit) if answer.culprit else "",
    ]
    scenario = f"{escape(report.scenario)}{'' if report.complete else ', cut short'}"
    judged = f"{_SIGNS[report.verdict]} {answer.word} ({scenario})" if answer.word else scenario
    return [
        f"### {judged}: {escape(answer.sentence)}",
        "<br>\n".join(line for line in lines if line),
    ]


def _figures(report: Report) -> str:
    growth, latency = report.growth, report.latency
    measured = wording.growth_measured(growth)
    hourly = fmt.size(growth.bytes_per_hour) if measured else fmt.UNKNOWN
    requests = fmt.count(report.requests, "request")
    rows = [
        ("growth", wording.total_growth(growth)),
        ("growth per hour at this load", hourly),
        ("smallest visible leak per request", fmt.size(growth.detectable_bytes_per_request)),
        ("latency p50", fmt.milliseconds(latency.p50_ms)),
        ("latency p99", fmt.milliseconds(latency.p99_ms)),
        ("load", f"{requests}, {fmt.rate(requests_per_second(report))}"),
        ("failed requests", fmt.number(report.failures)),
    ]
    return table(["figure", "value"], rows)


def _load(report: Report) -> str:
    sentences = [service_wording.latency_basis(report), service_wording.delivery_line(report)]
    return "<br>\n".join(escape(sentence) for sentence in sentences if sentence)


def _finding(finding: Finding) -> str:
    facts = [
        wording.finding_growth(finding),
        wording.finding_confidence(finding),
        wording.finding_plateau(finding),
    ]
    lines = [
        f"**{finding.resource} {finding.kind}**: {escape(finding.title)}",
        bullet("; ".join(escape(fact) for fact in facts if fact)),
        bullet(escape(finding.excuse)),
    ]
    for site in finding.sites[:5]:
        place = f"{code(wording.place(site))} in {code(site.function)}"
        lines.append(bullet(f"{place}: {escape(wording.site_growth(site))}"))
    lines += [
        bullet(f"held by {code(holder.path)}: {escape(wording.holder_state(holder))}")
        for holder in finding.holders[:5]
    ]
    lines += [bullet(escape(detail)) for detail in finding.details[:10]]
    stack = wording.callers(finding.sites[0]) if finding.sites else ()
    called = [f"called by {frame.text}" for frame in wording.folded_stack(stack)]
    text = "\n".join(line for line in lines if line)
    stack_block = _details("Stack of the first site", called)
    return f"{text}\n\n{stack_block}" if stack_block else text


def bullet(text: str) -> str:
    """An item of a list; empty where there is nothing to say."""
    return f"- {text}" if text else ""


def _hot_paths(report: Report) -> str:
    paths = report.hot_paths
    if paths is None or not paths.functions:
        return ""
    blocks = [
        f"**{hot_paths.TITLE}**",
        escape(hot_paths.basis(paths) + hot_paths.drawn(report)),
        table(hot_paths.FUNCTION_COLUMNS, hot_paths.function_rows(paths.functions)),
        "\n".join(f"- {escape(remark)}" for remark in paths.remarks),
    ]
    if paths.aged:
        blocks += [
            f"**{hot_paths.AGED_TITLE}**",
            table(hot_paths.CHANGE_COLUMNS, hot_paths.change_rows(paths.aged)),
        ]
    return "\n\n".join(block for block in blocks if block)


def _phases(report: Report) -> str:
    if not report.phases:
        return ""
    return table(service_wording.PHASE_COLUMNS, map(service_wording.phase_row, report.phases))


def _closing(report: Report) -> str:
    lines = [bullet(escape(line)) for line in closing(report)]
    return "\n".join([f"**{TITLE}**", "", *lines]) if lines else ""


def _comparison(report: Report) -> str:
    if report.comparison is None:
        return ""
    rows = side_by_side.rows(report.comparison, report)
    lines = side_by_side.reference_lines(report.comparison.reference)
    return "\n\n".join(
        [table(side_by_side.COLUMNS, rows), "\n".join(bullet(escape(line)) for line in lines)]
    )


def _criteria(report: Report) -> str:
    if not report.criteria:
        return ""
    return table(
        service_wording.CRITERION_COLUMNS, map(service_wording.criterion_row, report.criteria)
    )


def _ledger(report: Report) -> list[str]:
    if not report.ledger:
        return []
    owners = [
        f"{owner}: {per_request} per request, {now} now"
        for owner, per_request, now in wording.ledger_cells(report.ledger)
    ]
    return [*owners, wording.ledger_basis(report.growth)]


def _processes(report: Report) -> list[str]:
    if len(report.processes) < 2:  # noqa: PLR2004 - one process is the whole ledger
        return []
    return [
        f"{process.pid}: {fmt.size(process.bytes_per_request)} per request, {process.command}"
        f"{fmt.in_parentheses(process.ended)}"
        for process in report.processes[:20]
    ]


def _details(title: str, lines: Iterable[str]) -> str:
    """A collapsed list; the blank lines are what makes the forges read its inside as Markdown."""
    items = [bullet(escape(line)) for line in lines if line]
    if not items:
        return ""
    body = "\n".join(items)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its cells escaped."""
    lines = [headers, ["---"] * len(headers), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
