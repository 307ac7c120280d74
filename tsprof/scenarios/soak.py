"""What scenarios have in common that keep a load up for a given time."""

from tsprof.analysis.growth.shapes import SLOWEST_FILL

LEAST_CHECKPOINTS = 20
"""A short run takes checkpoints more often, so that there is something to judge."""
LEAST_SEGMENT = 1.0
CHECKPOINT_EVERY = 60.0


def segment_seconds(duration: float, checkpoint_every: float = CHECKPOINT_EVERY) -> float:
    """Return the time under load between two checkpoints of a run of so many seconds."""
    return max(LEAST_SEGMENT, min(checkpoint_every, duration / LEAST_CHECKPOINTS))


def slowest_fill(duration: float, segment: float) -> float:
    """Return the time constant, in segments, of the slowest filling that such a run must tell.

    A cache may take the whole run to fill, and the run is looked at after every segment.
    """
    return max(SLOWEST_FILL, duration / segment)
