"""What a target that died had piled up: descriptors and threads have limits that end a service.

A leak of descriptors ends a service that waits with select() at 1,024 of them, which may be sooner
than there are segments enough to judge it by: sh 1.12.1 under waitress was dead after 22 s.
"""

from itertools import pairwise

from tsprof.analysis.run import observe
from tsprof.analysis.run.observe import Watched

LEAST_GAIN = 200
"""Descriptors or threads more than at first from which they are worth a word. Clients that
connect come to some 10, a pool that fills to some 60."""
LEAST_POINTS = 3


def piled_up(view: Watched) -> str:
    """Return what grew up to every checkpoint: ``its file descriptors had grown from 7 to 950``.

    Args:
        view: what was watched until the end.

    Returns:
        Words; empty where nothing had.
    """
    if len(view.checkpoints) < LEAST_POINTS:
        return ""
    found = []
    for name, counter in (("file descriptors", observe.descriptors), ("threads", observe.threads)):
        numbers = [sum(counter(r) or 0 for r in view.readings(c)) for c in view.checkpoints]
        rises = all(before < after for before, after in pairwise(numbers))
        if rises and numbers[-1] - numbers[0] >= LEAST_GAIN:
            found.append(f"its {name} had grown from {numbers[0]:,.0f} to {numbers[-1]:,.0f}")
    return " and ".join(found)
