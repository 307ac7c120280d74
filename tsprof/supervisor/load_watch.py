"""Watches what the load tells of itself each second: whether it is answered, and how fast."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from tsprof.load.messages import Tick
from tsprof.report import format as fmt
from tsprof.supervisor.connection_limit import full

TICK_PATIENCE = 2.0
"""Seconds to wait for what the load tells once a second."""


@dataclass
class LoadWatch:
    """What the load has told so far."""

    served: bool = False
    """The target has answered a request as it should."""
    _last: Tick | None = None
    _came: float = 0.0
    _phase: str = ""
    """Of the run, when the last tick came."""
    _answered: float = 0.0

    def opened(self) -> None:
        """Note that requests are sent from now on."""
        self._answered = time.monotonic()

    def told(self, tick: Tick, phase: str) -> None:
        """Note what the load did in a second.

        Args:
            tick: as it was told.
            phase: that the run is in.
        """
        self._last, self._came, self._phase = tick, time.monotonic(), phase
        if tick.requests or tick.failures:
            self._answered = self._came
        self.served = self.served or tick.requests > tick.failures

    @property
    def is_unanswered(self) -> bool:
        """Whether the last second, of those that were told, had no answer."""
        return self._last is not None and not self._last.requests

    def now(self, phase: str) -> Tick | None:
        """Return the second that has just passed; None where it was not told in this phase."""
        is_old = phase != self._phase or time.monotonic() - self._came > TICK_PATIENCE
        return None if is_old else self._last

    def hanging(self, seconds: float) -> str:
        """Say how many requests wait where nothing at all was answered for so long; else empty."""
        last = self._last
        if last is None or last.in_flight == 0 or last.oldest_seconds < seconds:
            return ""
        if time.monotonic() - self._answered < seconds:
            return ""
        have = "has" if last.in_flight == 1 else "have"
        waiting = fmt.count(last.in_flight, "request")
        return f"{waiting} {have} had no answer for {last.oldest_seconds:.0f} s"

    def refused(self, target: Sequence[psutil.Process]) -> str:
        """Say that the requests that wait do so for a connection; empty where they do not."""
        return full(target, self._last) if self._last is not None and target else ""
