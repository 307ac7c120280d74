"""The listing for a terminal."""

from rich.console import Console
from rich.text import Text

from tsprof.lines import LineProfile
from tsprof.report import format as fmt
from tsprof.report.lines import words
from tsprof.report.text import clean, encodable

_HOT = 0.05
"""Share of the time from which on a line stands out."""
_WIDTHS = (6, 8, 8, 8, 10, 10)
_LONGEST_TEXT = 200


def print_lines(profile: LineProfile, console: Console) -> None:
    """Print each file's lines that took something, with their figures before them."""

    def show(text: str, style: str = "") -> None:
        console.print(Text(encodable(text, console.encoding), style), soft_wrap=True)

    show("\nCosts by line", "bold")
    for sentence in words.basis(profile):
        show(f"  {sentence}", "dim")
    for source in profile.files:
        show(f"\n{clean(source.path)}: {fmt.percentage(source.time)}", "bold")
        show(_row(words.COLUMNS), "dim")
        for line, gap in words.gaps(source):
            if gap:
                show(f"{'...':>{_WIDTHS[0]}}", "dim")
            code = clean(line.text.lstrip(), _LONGEST_TEXT)
            indent = " " * min(len(line.text) - len(line.text.lstrip()), _LONGEST_TEXT)
            show(f"{_row(words.cells(line))}  {indent}{code}", "red" if line.time >= _HOT else "")


def _row(cells: tuple[str, ...]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
