"""reserve: jobs that take a slot of the result cache and never give it back."""

from truthsync.cache import LRUCache
from truthsync.faults.base import Fault
from truthsync.verifier import Verdict


class SlotReservations(Fault):
    """Leaves less and less room for results: the hit rate decays, and memory shrinks."""

    def __init__(self, cache: LRUCache[Verdict]) -> None:
        """Take the service's cache."""
        self._cache = cache
        self._reserved = 0

    def plant(self, number: int) -> None:
        """Reserve a slot, but never the last one."""
        del number
        if self._cache.maxsize > 1:
            self._cache.shrink()
            self._reserved += 1

    def live(self, planted: int) -> int:
        """Return the slots that are reserved."""
        del planted
        return self._reserved
