"""The difference of two runs for a terminal and for a forge's comment: the same rows in both."""

from collections import Counter
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.text import Text

from tsprof.report import format as fmt
from tsprof.report import wording
from tsprof.report.difference import Compared, Difference, Group, Mark, Row, Unit
from tsprof.report.markdown import escape
from tsprof.report.tables import plain_table
from tsprof.report.text import clean, encodable

_TITLES: dict[Group, str] = {
    "growth": "Growth per request, by owner",
    "leaks": "Leaks, per request",
    "sites": "Sites of leaks, per request",
    "holders": "Holders, entries per request",
    "service": "Service",
    "functions": "Functions, CPU time per request",
}
_NAMES: dict[str, str] = {
    "live memory": "live memory",
    "p50_ms": "latency p50",
    "p95_ms": "latency p95",
    "p99_ms": "latency p99",
    "requests_per_second": "throughput",
    "cpu_ms": "CPU time per request",
    "error_rate": "failed requests",
    **{str(owner): label for owner, label in wording.OWNER_LABELS.items()},
}
_HEADERS = ("", "before", "after", "change", "interval", "")
_STYLES: dict[Mark, str] = {
    "worse": "bold red",
    "new": "bold red",
    "better": "bold green",
    "gone": "bold green",
    "within noise": "",
    "not comparable": "dim",
}
_LONGEST_NAME = 70
_LONGEST_TEXT = 300
_EXPLANATION = (
    "An interval holds the change with 95 % confidence, from how much the figure varied within the "
    "two runs and what unchanged services vary from run to run. What it cannot tell from 0 is "
    "within noise."
)


def print_difference(difference: Difference, console: Console) -> None:
    """Print the difference, a table for each kind of figure."""

    def line(text: str | Text) -> None:
        shown = Text(text) if isinstance(text, str) else text
        console.print(Text(encodable(shown.plain, console.encoding), shown.style), soft_wrap=True)

    line(Text(summary(difference), "bold"))
    line(f"before: {_head(difference.before)}")
    line(f"after:  {_head(difference.after)}")
    for title, rows in _tables(difference):
        console.print()
        line(Text(title, "bold"))
        printed = plain_table(_HEADERS, [_cells(row) for row in rows], numbers={1, 2, 3, 4})
        styles = ["", "", *(_STYLES[row.mark] for row in rows)]
        for text, style in zip(printed, styles, strict=True):
            line(Text(f"  {text}", style))
    console.print()
    for note in difference.notes:
        line(f"- {clean(note, _LONGEST_TEXT)}")
    line(Text(_EXPLANATION, "dim"))


def as_markdown(difference: Difference) -> str:
    """The difference as Markdown, with what changed in bold."""
    blocks = [
        f"### {escape(summary(difference))}",
        f"before: {escape(_head(difference.before))}<br>\nafter: {escape(_head(difference.after))}",
    ]
    for title, rows in _tables(difference):
        lines = [" | ".join(_HEADERS), " | ".join(["---", *["---:"] * 4, "---"])]
        for row in rows:
            bold: Callable[[str], str] = "**{}**".format if row in difference.marked else str
            lines.append(" | ".join(bold(escape(c)) if c else c for c in _cells(row)))
        blocks += [f"**{title}**", "\n".join(f"| {each} |" for each in lines)]
    blocks += ["\n".join(f"- {escape(clean(n, _LONGEST_TEXT))}" for n in difference.notes)]
    blocks += [f"<sub>{escape(_EXPLANATION)}</sub>"]
    return "\n\n".join(block for block in blocks if block) + "\n"


def summary(difference: Difference) -> str:
    """What changed, in one line: a leak is one change, whatever it changed of growth and places."""
    marked = {group: [r for r in difference.marked if r.group == group] for group in _TITLES}
    counts = Counter(row.mark for row in marked["leaks"])
    said = [f"{fmt.count(counts[m], 'leak')} {m}" for m in _STYLES if counts[m]]
    if not any(row.unit == "bytes" for row in marked["leaks"]):
        said += [f"growth of {_shown_name(row)} {row.mark}" for row in marked["growth"][:1]]
    if not marked["leaks"] and (marked["sites"] or marked["holders"]):
        said.append("leaks in other places")
    said += [f"{_shown_name(row)} {row.mark}" for row in marked["service"]]
    if marked["functions"]:
        said.append(f"CPU time of {fmt.count(len(marked['functions']), 'function')}")
    return f"changed beyond noise: {', '.join(said)}" if said else "nothing changed beyond noise"


def _head(run: Compared) -> str:
    revision = f", revision {run.git_revision}" if run.git_revision else ""
    text = (
        f"{run.run or 'a run without a name'}: {run.verdict}, "
        f"{fmt.count(run.requests, 'request')}{revision}"
    )
    return clean(text, _LONGEST_TEXT)


def _tables(difference: Difference) -> Iterator[tuple[str, list[Row]]]:
    for group, title in _TITLES.items():
        rows = [row for row in difference.rows if row.group == group]
        if rows:
            yield title, rows


def _cells(row: Row) -> tuple[str, ...]:
    change = "" if row.change is None else _signed(row.change, row.unit)
    if row.change is not None and row.before and row.group in ("service", "functions"):
        change += f" ({row.change / row.before:+.1%})".replace("%", " %")
    between = ""
    if row.low is not None and row.high is not None:
        between = f"{_signed(row.low, row.unit)} to {_signed(row.high, row.unit)}"
    values = ("-" if v is None else _amount(v, row.unit) for v in (row.before, row.after))
    return (clean(_shown_name(row), _LONGEST_NAME), *values, change, between, row.mark)


def _shown_name(row: Row) -> str:
    return _NAMES.get(row.name, row.name) if row.group in ("growth", "service") else row.name


def _amount(value: float, unit: Unit) -> str:
    forms: dict[Unit, Callable[[float | None], str]] = {
        "bytes": fmt.size,
        "count": fmt.number,
        "ms": fmt.milliseconds,
        "rate": fmt.rate,
        "share": fmt.percentage,
    }
    return forms[unit](value)


def _signed(value: float, unit: Unit) -> str:
    text = _amount(value, unit).removesuffix(" requests/s")
    return text if text.startswith("-") or text.split()[0] == "0" else f"+{text}"
