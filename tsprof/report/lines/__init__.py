"""Costs by line as an annotated listing of the source, in a terminal and as a page."""

from tsprof.report.lines.page import lines_html
from tsprof.report.lines.text import print_lines

__all__ = ["lines_html", "print_lines"]
