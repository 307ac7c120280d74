"""Ways in which people let entries expire; see ``bounded_by_size`` for the classes' form."""

import datetime as dt
import threading
import time
from collections import OrderedDict, deque
from typing import Any


class Purge:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, tuple[float, Any]] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = (time.monotonic(), value)
        self.purge()

    def purge(self) -> None:
        now = time.monotonic()
        for key in [key for key, (since, _) in self.entries.items() if now - since > 60]:
            del self.entries[key]


class Sweeper:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, tuple[Any, float]] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = (value, time.monotonic() + 30)

    def get(self, key: int) -> Any:
        value, expires = self.entries[key]
        if expires < time.monotonic():
            self.entries.pop(key)
        return value

    def sweep_out(self) -> None:
        stale = []
        for key, (_, expires) in self.entries.items():
            if expires <= time.monotonic():
                stale.append(key)
        for key in stale:
            self.entries.pop(key, None)

    def run(self) -> None:
        while True:
            time.sleep(1)
            self.sweep_out()


class OldestFirst:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: OrderedDict[int, tuple[float, Any]] = OrderedDict()

    def put(self, key: int, value: Any) -> None:
        while self.entries:
            _, (expires, _) = next(iter(self.entries.items()))
            if expires > time.time():
                break
            self.entries.popitem(last=False)
        self.entries[key] = (time.time() + 60, value)


class SlidingWindow:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: deque[tuple[float, Any]] = deque()

    def put(self, _key: int, value: Any) -> None:
        now = time.time()
        self.entries.append((now, value))
        while self.entries and self.entries[0][0] < now - 60:
            self.entries.popleft()


class Rebuild:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, tuple[Any, dt.datetime]] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = (value, dt.datetime.now(dt.UTC))
        self._drop_old()

    def _drop_old(self) -> None:
        cutoff = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
        self.entries = {k: entry for k, entry in self.entries.items() if entry[1] > cutoff}


class Entry:
    def __init__(self, value: Any) -> None:
        self.value = value
        self.expires = time.time() + 9

    def is_expired(self) -> bool:
        return self.expires < time.time()


class EntryKnows:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}

    def put(self, key: int, value: Any) -> None:
        for old in list(self.entries):
            if self.entries[old].is_expired():
                del self.entries[old]
        self.entries[key] = Entry(value)


class NoLoop:
    def call_later(self, *_arguments: Any) -> None:
        """Take what an event loop would call."""


class CallLater:
    HELD = "entries"

    def __init__(self) -> None:
        self.loop = NoLoop()
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        self.loop.call_later(60, self.entries.pop, key, None)


class Timer:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        threading.Timer(60, self.expire, (key,))

    def expire(self, key: int) -> None:
        self.entries.pop(key, None)


class Refilled:
    """Picks what stays, empties itself and takes it back."""

    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, tuple[Any, float]] = {}

    def put(self, key: int, value: Any) -> None:
        self.sweep()
        self.entries[key] = (value, time.monotonic())

    def sweep(self) -> None:
        now = time.monotonic()
        young = {key: entry for key, entry in self.entries.items() if now - entry[1] < 60}
        self.entries.clear()
        self.entries.update(young)


class EmptiedFirst(Refilled):
    """Empties itself and takes back what is young."""

    def sweep(self) -> None:
        now = time.monotonic()
        before = list(self.entries.items())
        self.entries.clear()
        for key, entry in before:
            if now - entry[1] < 60:
                self.entries[key] = entry
