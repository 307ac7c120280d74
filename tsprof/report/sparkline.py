"""A chart in one line of text."""

from collections.abc import Sequence
from itertools import pairwise

_BARS = "▁▂▃▄▅▆▇█"
_LEAST_SPAN = 0.05
"""Part of the largest value over which a sparkline is drawn at least: less is no change to see."""


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Draw values as bars, at most so many, with spaces where nothing is known.

    A bar stands for the largest of its values. Bars stand on zero, or on the smallest value where
    all of them are far above it: a memory that grows by a tenth would look flat.
    """
    parts = _largest_of_each(values, width)
    known = [value for value in parts if value is not None]
    if not known:
        return ""
    high = max(known)
    low = min(*known, high - _LEAST_SPAN * abs(high)) if min(known) > high / 2 else 0.0
    span = (high - low) or 1.0
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round(top * max(value - low, 0.0) / span)]
        for value in parts
    )


def _largest_of_each(values: Sequence[float | None], parts: int) -> list[float | None]:
    count = min(len(values), parts)
    edges = [len(values) * part // count for part in range(count + 1)] if count else []
    return [
        max((v for v in values[start:end] if v is not None), default=None)
        for start, end in pairwise(edges)
    ]
