"""What is read of the target after each segment, while no request is under way."""

from tsprof.supervisor.engine import Engine
from tsprof.supervisor.gauges import read_gauges


def take_stock(engine: Engine) -> None:
    """Read the target's own gauges, take a checkpoint, and put the agents that are new to the test.

    Raises:
        RunInterrupted, RunEnded: as ``Engine.pump``, which runs meanwhile.
    """
    read_gauges(engine)
    engine.checkpoint()
    engine.control()
