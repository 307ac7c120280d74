"""What became hotter or cooler between two profiles, for a terminal."""

from rich.console import Console
from rich.text import Text

from tsprof.report import format as fmt
from tsprof.report import hot_paths
from tsprof.report.model import HotDifference
from tsprof.report.tables import plain_table
from tsprof.report.text import clean, encodable

LISTED = 20
"""Changes that are printed; JSON has all."""
_NOTABLE = 0.03
"""Relative change of all functions together, from which it is told."""
_LONGEST_TEXT = 300
_EXPLANATION = (
    "CPU time per request. A change is listed when it is beyond sampling error and what unchanged "
    "services vary by from run to run; one pair of unchanged runs in fifty shows any."
)


def print_difference(difference: HotDifference, title: str, console: Console) -> None:
    """Print the certain changes as a table, and what they rest on."""

    def line(text: str, style: str = "") -> None:
        shown = encodable(clean(text, _LONGEST_TEXT), console.encoding)
        console.print(Text(shown, style), soft_wrap=True)

    line(f"{title}: {_summary(difference)}", "bold")
    if difference.changes:
        rows = hot_paths.change_rows(difference.changes)[:LISTED]
        for printed in plain_table(hot_paths.CHANGE_COLUMNS, rows, numbers=hot_paths.NUMBERS):
            shown = encodable(printed, console.encoding)
            console.print(Text(f"  {shown}"), soft_wrap=True)
    if abs(difference.common) >= _NOTABLE:
        line(
            f"all functions together changed by {100 * difference.common:+.0f} % (median), as they "
            "do when the machine is slower or another one; this is taken out of the table"
        )
    line(_EXPLANATION, "dim")


def _summary(difference: HotDifference) -> str:
    functions = {(change.function, change.file) for change in difference.changes}
    looked_at = fmt.count(difference.looked_at, "function")
    if not functions:
        return f"nothing became hotter or cooler beyond noise, of {looked_at} compared"
    return f"{len(functions)} of {looked_at} became hotter or cooler beyond noise"
