"""How late the load process's event loop comes round: what it adds to every latency."""

from time import monotonic

import gevent

from tsprof.histogram import Histogram

EVERY_SECONDS = 0.05
"""Costs 0.05 % of a core."""
MOST_BEATS = 1200
"""Beats that one wake-up makes up for: a minute's."""


class LoopLag:
    """Sleeps for a beat, again and again, and records how late it woke."""

    def __init__(self) -> None:
        """Record nothing yet."""
        self._lag = Histogram()

    def watch(self) -> None:
        """Record for good, in a greenlet of its own.

        A loop that was busy for long missed several beats, each of which counts: one long lag
        alone would pass for a rare one.
        """
        while True:
            due = monotonic() + EVERY_SECONDS
            gevent.sleep(EVERY_SECONDS)
            late = monotonic() - due
            for missed in range(min(MOST_BEATS, 1 + int(max(0.0, late) / EVERY_SECONDS))):
                self._lag.record(1000 * (late - missed * EVERY_SECONDS))

    def take(self) -> Histogram:
        """Return what was recorded since the last call, in milliseconds."""
        lag, self._lag = self._lag, Histogram()
        return lag
