"""The listing as a page that needs no network and runs no script."""

from math import sqrt

from tsprof.lines import LineProfile
from tsprof.report import format as fmt
from tsprof.report.lines import words
from tsprof.report.pages import asset, security_policy, template
from tsprof.report.text import clean

_PACKAGE = "tsprof.report.lines"
_HEATS = 10
"""Steps of shade; the last is for a line that takes all of the time."""


def lines_html(profile: LineProfile, title: str) -> str:
    """The page.

    Args:
        profile: what was seen.
        title: of the page.
    """
    style = asset("lines.css", _PACKAGE)
    files = [
        {
            "path": clean(source.path),
            "share": fmt.percentage(source.time),
            "lines": [
                {
                    "gap": gap,
                    "cells": words.cells(line),
                    "heat": _heat(line.time),
                    "indent": len(line.text) - len(line.text.lstrip()),
                    "text": clean(line.text),
                }
                for line, gap in words.gaps(source)
            ],
        }
        for source in profile.files
    ]
    return template(_PACKAGE, "lines.html.j2").render(
        title=clean(title),
        basis=words.basis(profile),
        columns=words.COLUMNS,
        files=files,
        style=style,
        security_policy=security_policy([], [style]),
    )


def _heat(share: float) -> int:
    """The step of a share, on a scale on which 5 % can be told from 1 %."""
    return min(_HEATS, round(_HEATS * sqrt(max(share, 0.0))))
