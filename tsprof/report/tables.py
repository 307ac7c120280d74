"""Tables as plain text."""

from collections.abc import Collection, Sequence

from tabulate import tabulate


def plain_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int],
    last_width: int | None = None,
) -> list[str]:
    """Lay a table out without a frame, and return its lines: headers, a rule, the rows.

    Args:
        headers: of the columns.
        rows: of cells.
        numbers: the columns that are aligned on the right, counted from 0.
        last_width: characters after which the last column wraps; None where it does not.
    """
    text = tabulate(
        rows,
        headers,
        tablefmt="simple",
        disable_numparse=True,
        colalign=["right" if column in numbers else "left" for column in range(len(headers))],
        maxcolwidths=None if last_width is None else [*[None] * (len(headers) - 1), last_width],
    )
    return [line.rstrip() for line in text.splitlines()]
