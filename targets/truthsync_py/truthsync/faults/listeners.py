"""callbacks: every request subscribes to verdicts, and none unsubscribes."""

from collections.abc import Callable

from truthsync.faults.base import Fault

Listener = Callable[[str], str]


class VerdictListeners(Fault):
    """The registry of those who want to hear of a verdict."""

    def __init__(self, size: int) -> None:
        """Take the bytes of payload per event."""
        self._size = size
        self._listeners: list[Listener] = []

    def plant(self, number: int) -> None:
        """Subscribe on behalf of the request."""
        self.subscribe(listener_for(number.to_bytes(self._size, "big")))

    def subscribe(self, listener: Listener) -> None:
        """Add a listener. There is no way to remove one."""
        self._listeners.append(listener)


def listener_for(request: bytes) -> Listener:
    """Return a listener that keeps its request alive."""
    return lambda verdict: f"{verdict} for request {request[:8].hex()}"
