"""A board of labels, filled anew for each reader."""

from collections.abc import Callable, Iterable

import numpy as np

reader = iter(range(10**12))


def board(label: str) -> str:
    """Return the last label of a board that has the same label everywhere."""
    cells = np.empty((4, 4), dtype=object)
    cells.fill(label)
    return cells[3, 3]


def app(_environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer with a label of the board."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [board(f"for reader {next(reader)}").encode()]
