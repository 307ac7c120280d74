"""The result cache: bounded, the least recently used entry goes first."""

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class LRUCache(Generic[Value]):
    """Results by key, at most ``maxsize`` of them, with counts of what happened."""

    def __init__(self, maxsize: int) -> None:
        """Take the number of entries to hold, at least 1."""
        if maxsize < 1:
            raise ValueError(f"a cache needs room for one entry, not {maxsize}")
        self.maxsize = maxsize
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self._entries: OrderedDict[str, Value] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    @property
    def hit_rate(self) -> float:
        """Hits per look-up since the start, 0 to 1; 0 before the first look-up."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0

    def get(self, key: str) -> Value | None:
        """Return the entry and mark it as used, or None."""
        try:
            self._entries.move_to_end(key)
        except KeyError:
            self.misses += 1
            return None
        self.hits += 1
        return self._entries[key]

    def put(self, key: str, value: Value) -> None:
        """Store an entry as the most recently used one."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.maxsize:
            self._evict()

    def shrink(self) -> None:
        """Give up room for one entry, with the least recently used one if it is taken."""
        if self.maxsize == 1:
            raise ValueError("a cache needs room for one entry")
        self.maxsize -= 1
        if len(self._entries) > self.maxsize:
            self._evict()

    def _evict(self) -> None:
        self._entries.popitem(last=False)
        self.evictions += 1
