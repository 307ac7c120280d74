"""By how much the live memory of a target goes up and down from checkpoint to checkpoint."""

import statistics
from itertools import pairwise

from tsprof.analysis.run import observe
from tsprof.analysis.run.assessments import Look
from tsprof.records import Checkpoint

LEAST_CHECKPOINTS = 6
"""Before that every service is still warming up."""
LEAST_HELD = 300
"""Bytes per request of a segment that a fall must come to: what is left of a request that is held
until the next tidying-up comes to more (6 kB in daphne), buffers and connections to less."""


def largest_fall(now: Look) -> float:
    """Return the most bytes that went from one checkpoint to the next, where that leaves doubts.

    It is 0.0 for a look that tells, and where the last checkpoint shows no more than most did: a
    rest would have nothing to let go of.
    """
    series = observe.series(now.view, observe.live)
    if now.lean != "undecided" or series is None or len(series.values) < LEAST_CHECKPOINTS:
        return 0.0
    fall = max(before - after for before, after in pairwise(series.values))
    requests = statistics.median(after - before for before, after in pairwise(series.requests))
    is_low = series.values[-1] <= statistics.median(series.values)
    return 0.0 if is_low or fall < LEAST_HELD * requests else fall


def live_bytes(now: Look, checkpoint: Checkpoint) -> dict[int, int]:
    """Return the exact live bytes of the watched processes at a checkpoint, by pid."""
    readings = now.view.readings(checkpoint)
    return {reading.pid: reading.live for reading in readings if reading.live is not None}
