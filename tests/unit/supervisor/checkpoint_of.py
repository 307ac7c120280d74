"""Checkpoints of a service of one process."""

from tsprof.records import Checkpoint, ProcessReading


def checkpoint(number: int, live: int) -> Checkpoint:
    """The process had so many live bytes after 1,000 requests in each segment before."""
    service = ProcessReading(
        pid=100,
        started=0.0,
        command="service",
        source="agent",
        rss=live,
        python_live=live,
        native_live=0,
    )
    return Checkpoint(
        number=number,
        seconds=1.3 * number,
        requests=1000 * number,
        failures=0,
        processes=(service,),
    )
