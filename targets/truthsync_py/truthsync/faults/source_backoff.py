"""latency: a back-off that grows and is never reset."""

from truthsync.faults.base import Fault


class SourceBackoff(Fault):
    """Spares a slow source by waiting a little longer each time."""

    def __init__(self, step: float) -> None:
        """Take the seconds by which each event lengthens the wait."""
        self._step = step
        self._waits = 0

    def plant(self, number: int) -> None:
        """Wait longer from now on."""
        del number
        self._waits += 1

    @property
    def delay(self) -> float:
        """Seconds that the back-off has come to."""
        return self._waits * self._step
