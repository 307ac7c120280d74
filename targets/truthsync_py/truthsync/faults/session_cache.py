"""ttl, a look-alike: sessions that live for some seconds."""

import time
from collections import OrderedDict

from truthsync.faults.base import Fault

SESSION_BYTES = 200


class SessionCache(Fault):
    """Keeps sessions for ``seconds``; what is older goes when the next one comes."""

    def __init__(self, seconds: float) -> None:
        """Take the seconds that a session lives."""
        self._seconds = seconds
        self._sessions: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def plant(self, number: int) -> None:
        """Open a session, and drop those that have expired."""
        now = time.monotonic()
        self._sessions[f"{number:032x}"] = (
            now + self._seconds,
            number.to_bytes(SESSION_BYTES, "big"),
        )
        self.drop_expired(now)

    def live(self, planted: int) -> int:
        """Return the sessions held."""
        del planted
        return len(self._sessions)

    def drop_expired(self, now: float) -> None:
        """Remove the sessions that ended before ``now``, the oldest first."""
        while self._sessions:
            identifier, (expires, _) = next(iter(self._sessions.items()))
            if expires > now:
                return
            del self._sessions[identifier]
