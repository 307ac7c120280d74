"""The blocks of a dashboard as a table for a terminal."""

from rich.table import Table
from rich.text import Text

from tsprof.report.standing import Block, Row, sparkline
from tsprof.report.text import clean, encodable

NARROWEST = 70
"""Columns that the table needs."""
_WIDTHS = {"block": 11, "label": 11, "now": 9, "whole": 9, "target": 9, "outcome": 6}
_LEAST_SPARKLINE = 8
_OUTCOME_STYLES = {"met": "green", "missed": "bold red"}


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
