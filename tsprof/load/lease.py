"""How long a worker may go on without a word from its master."""

from time import monotonic

import gevent
from gevent.event import Event

from tsprof.load.gate import Gate

SECONDS = 3.0
"""After this silence the gate closes. The master counts a worker as lost after five seconds, and
what is sent after that would be missing from its counts."""
PATIENCE = 4.0
"""After this silence the worker gives up, so that there is nothing left of it when it is lost."""
CHECK_EVERY = 0.5


class Lease:
    """Closes a worker's gate when its master falls silent.

    The check is a timer of the event loop with the highest priority: in a process that was stopped
    for a while it runs before any user gets to send another request.
    """

    def __init__(self, gate: Gate) -> None:
        """Begin now; ``renew`` prolongs."""
        self.over = Event()
        """Set when the master has been silent for too long."""
        self._gate = gate
        self._heard = monotonic()
        loop = gevent.get_hub().loop
        self._timer = loop.timer(CHECK_EVERY, CHECK_EVERY, priority=loop.MAXPRI)
        self._timer.start(self._check)

    def renew(self, **_: object) -> None:
        """Note a word from the master; a listener of ``events.heartbeat_received``."""
        self._heard = monotonic()

    def _check(self) -> None:
        silent = monotonic() - self._heard
        if silent > SECONDS:
            self._gate.close()
        if silent > PATIENCE:
            self.over.set()
