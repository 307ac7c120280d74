"""How much of a latency can a machine without room have made?"""

from collections.abc import Sequence
from math import inf

from tsprof.histogram import Histogram
from tsprof.records import Segment

WAKE_UPS = 4
"""How often a request waits for a processor: to be sent, to be received, once more where the target
itself waited for something, and for its answer to be read."""


def most_added_ms(segments: Sequence[Segment], percent: float, cpu_ms: float | None) -> float:
    """Return the most that the machine can have added to a percentile of latency.

    What woke the event loop of the load process late, can wake a request late at each of its steps;
    and on a processor that is shared, the target may take twice the time that it takes alone. In a
    soak whose load process waited for a processor three times as long as it ran, that came to
    3.4 ms; a planted 4.9 ms was told as 4.5.

    Args:
        segments: that were judged.
        percent: of the latency, such as 50.
        cpu_ms: CPU time of the target per request; None where it is not known.

    Returns:
        Milliseconds. Infinity without a schedule: users that wait for each other multiply each
        delay, and where the load process or the kernel did not tell.
    """
    lag = Histogram()
    for segment in segments:
        if segment.generator is None or segment.arrivals is None:
            return inf
        lag.merge(segment.generator.lag)
    late = lag.percentile(percent)
    return inf if late is None or cpu_ms is None else WAKE_UPS * late + cpu_ms
