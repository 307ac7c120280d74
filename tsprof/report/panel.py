"""The live view in place on a terminal: a few lines, and the blocks of a dashboard."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tsprof.report import format as fmt
from tsprof.report.model import LedgerRow
from tsprof.report.progress import (
    LONGEST_TEXT,
    NO_GROWTH,
    Progress,
    growth_so_far,
    is_waiting,
    load_so_far,
    time_so_far,
    totals_so_far,
)
from tsprof.report.sparkline import sparkline
from tsprof.report.standing import Block, Row, Standing
from tsprof.report.text import clean, encodable
from tsprof.report.wording import owner_label, total_growth

NARROWEST = 70
"""Columns that the blocks need."""
_FRAME = 4
"""Columns and lines that the panel takes: frame, padding, the phase and a line to spare."""
_WIDTHS = {"block": 11, "label": 11, "now": 9, "whole": 9, "target": 9, "outcome": 6}
_LEAST_SPARKLINE = 8
_OWNERS_TOLD = 3
_OUTCOME_STYLES = {"met": "green", "missed": "bold red"}
_LEAN_STYLES = {"leak": "bold red", "clean": "green"}


def drawing(progress: Progress, standing: Standing, console: Console) -> RenderableType:
    """The view in place: a few lines, in a panel with the blocks where there is room for them."""
    head, lines = _head(progress, console), _lines(progress, standing, console)
    if not standing.blocks or console.width < NARROWEST:
        return Group(head, *lines)
    table = blocks_table(standing.blocks, console.width - _FRAME, console.encoding)
    # What goes beyond the end of the screen would make the view jump.
    room = console.height - _FRAME - table.row_count - 1
    if room >= len(lines) + 2:
        lines[1:1] = ["", table, ""]
    else:
        lines[1:] = [table, *lines[1 : max(room, 1)]]
    return Panel(
        Group(head, *lines),
        box=box.ROUNDED if console.encoding.startswith("utf") else box.ASCII,
        border_style="dim",
    )


def _head(progress: Progress, console: Console) -> Table:
    share = min(progress.elapsed / progress.expected, 1.0) if progress.expected else None
    head = Table.grid(padding=(0, 1))
    head.add_row(
        Text(encodable(clean(progress.phase, 40), console.encoding), style="bold"),
        "" if share is None else _bar(share),
        Text(time_so_far(progress), style="dim"),
    )
    return head


def _bar(share: float) -> ProgressBar:
    # Rich's own colour is a red, which here means that something is wrong.
    return ProgressBar(
        total=1.0, completed=share, width=24, complete_style="cyan", finished_style="cyan"
    )


def _lines(progress: Progress, standing: Standing, console: Console) -> list[RenderableType]:
    """What is told in words, the most important first."""
    untold = ", ".join(standing.untold)
    said = [progress.message, f"not known yet: {untold}" if untold else ""]
    lines = [Text(encodable(clean(line, LONGEST_TEXT), console.encoding)) for line in said if line]
    for line in lines:
        line.style = "dim"
    if not is_waiting(progress):
        lean = encodable(clean(standing.lean or progress.lean, 40), console.encoding)
        style = _LEAN_STYLES.get(lean, "yellow")
        growth, owners = growth_so_far(progress), ""
        if standing.growth_is_known:
            growth = f"growth {total_growth(standing.growth)}"
            owners = ledger_line(standing.ledger)
        elif standing.blocks:
            growth = NO_GROWTH
        lines = [
            Text((totals_so_far if standing.blocks else load_so_far)(progress)),
            *([Text.assemble(growth, ", so far: ", (lean, style))] if lean else []),
            *([Text(f"of it {owners}")] if owners else []),
            *lines,
        ]
    for line in lines:
        # A wrapped line would make the view jump; "crop" needs no ellipsis outside ASCII.
        line.no_wrap, line.overflow = True, "crop"
    return [*lines]


def ledger_line(ledger: Sequence[LedgerRow]) -> str:
    """The three largest parts of the growth in one line: ``Python objects 31 B, ...``."""
    owners = [row.owner for row in ledger]
    if len(owners) < 2:  # noqa: PLR2004 - one owner is all of it, and not split
        return ""
    rows = sorted(ledger, key=lambda row: -abs(row.bytes_per_request))[:_OWNERS_TOLD]
    return ", ".join(
        f"{owner_label(row.owner, owners)} {fmt.size(row.bytes_per_request)}" for row in rows
    )


def blocks_table(blocks: tuple[Block, ...], width: int, encoding: str) -> Table:
    """Return the blocks with a line for each value.

    Args:
        blocks: at least one.
        width: columns that there are, at least ``NARROWEST``; the sparklines take what is left.
        encoding: of the terminal; where it has no bars, there are no sparklines.
    """
    room = width - sum(_WIDTHS.values()) - len(_WIDTHS)
    bars = room >= _LEAST_SPARKLINE and encodable("▁", encoding) == "▁"
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", collapse_padding=True
    )
    table.add_column(width=_WIDTHS["block"])
    table.add_column(width=_WIDTHS["label"], no_wrap=True)
    table.add_column("last 5 s", width=_WIDTHS["now"], justify="right")
    if bars:
        table.add_column("since start"[:room], width=room, no_wrap=True)
    table.add_column("whole run", width=_WIDTHS["whole"], justify="right")
    table.add_column("target", width=_WIDTHS["target"], no_wrap=True)
    table.add_column(width=_WIDTHS["outcome"])
    for block in blocks:
        for position, row in enumerate(block.rows):
            title = Text(block.title if position == 0 else "", style="bold")
            line = [Text(sparkline(row.history, room), style="cyan")] if bars else []
            table.add_row(title, *_first(row, encoding), *line, *_last(row))
    return table


def _first(row: Row, encoding: str) -> tuple[Text, Text]:
    label = encodable(clean(row.label, _WIDTHS["label"]), encoding)
    return Text(label), Text(row.said(row.now))


def _last(row: Row) -> tuple[Text, Text, Text]:
    style = _OUTCOME_STYLES.get(row.outcome, "")
    return Text(row.said(row.whole)), Text(row.target), Text(row.outcome, style=style)
