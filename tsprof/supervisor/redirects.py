"""Requests of the load that are redirected: each of them counts with the one it leads to."""

import urllib.error
from collections.abc import Sequence
from http.client import HTTPException
from urllib.parse import urljoin

from tsprof.report.text import clean
from tsprof.supervisor.readiness import opener

MOST_ASKED = 20
"""Paths that are asked for."""
PATIENCE = 2.0
"""Seconds for an answer. Where one takes longer, the others are not asked for."""
LONGEST_SHOWN = 200
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def redirect_notes(host: str, paths: Sequence[str]) -> list[str]:
    """Request each path once, and say which of them are redirected.

    Args:
        host: the URL under which the target serves.
        paths: that the load requests with GET.
    """
    base = host.rstrip("/")
    notes = []
    for path in paths[:MOST_ASKED]:
        try:
            place = _redirected_to(base + path)
        except (OSError, ValueError, HTTPException):
            break
        if place:
            shown = clean(place.removeprefix(base), LONGEST_SHOWN)
            notes.append(
                f"GET {clean(path, LONGEST_SHOWN)} is redirected to {shown}: both count as one "
                "request, so request that itself"
            )
    return notes


def _redirected_to(url: str) -> str:
    """Return the URL that a URL is redirected to; empty where it is not.

    Raises:
        OSError, ValueError, HTTPException: no answer came that could be read.
    """
    try:
        with opener().open(url, timeout=PATIENCE):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            place = error.headers.get("location", "")
            return urljoin(url, place) if error.code in REDIRECTS and place else ""
