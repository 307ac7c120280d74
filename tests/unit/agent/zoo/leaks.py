"""Leaks that resemble caches, and must not be taken for them; for the form see the others."""

import time
import weakref
from collections import defaultdict
from collections.abc import Callable
from typing import Any


class Listeners:
    HELD = "callbacks"

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], Any]] = []

    def put(self, _key: int, value: Any) -> None:
        self.callbacks.append(lambda: value)

    def unsubscribe(self, callback: Callable[[], Any]) -> None:
        if callback in self.callbacks:
            self.callbacks.remove(callback)


class ListenersIfAny:
    HELD = "callbacks"

    def __init__(self) -> None:
        self.callbacks: list[Any] = []

    def put(self, _key: int, value: Any) -> None:
        self.callbacks.append(value)

    def unsubscribe(self, callback: Any) -> None:
        if len(self.callbacks) > 0:
            self.callbacks.remove(callback)


class Emitter:
    HELD = "of_one_event"

    def __init__(self) -> None:
        self.handlers: defaultdict[str, list[Any]] = defaultdict(list)

    @property
    def of_one_event(self) -> list[Any]:
        return self.handlers["event"]

    def put(self, _key: int, value: Any) -> None:
        self.handlers["event"].append(value)

    def off(self, event: str, handler: Any) -> None:
        self.handlers[event].remove(handler)
        if not self.handlers[event]:
            del self.handlers[event]


class ByRequest:
    HELD = "requests"

    def __init__(self) -> None:
        self.requests: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        if len(self.requests) % 100 == 0:
            self.report()
        self.requests[key] = value

    def report(self) -> bool:
        return len(self.requests) > 100

    def abort(self, key: int) -> None:
        del self.requests[key]


class GuardOnAnother:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.others: list[int] = []

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        if len(self.others) > LIMIT:
            self.entries.clear()


class OnlyTheOtherEvicts:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.recent: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = self.recent[key] = value
        if len(self.recent) > 1_000:
            self.recent.pop(next(iter(self.recent)))


class WarnsOnly:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.warnings = 0

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        if len(self.entries) > LIMIT:
            self.warnings += 1

    def done(self, key: int) -> None:
        self.entries.pop(key)


class LengthOfTheKey:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        if len(str(key)) > LIMIT:
            self.entries.clear()
        self.entries[key] = value


class NeverCalled:
    HELD = "entries"
    NOTE = "nothing calls it"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value

    def shrink_that_nobody_uses(self) -> None:
        while len(self.entries) > 5_000:
            self.entries.popitem()


class BeyondItsBound:
    HELD = "entries"
    NOTE = "would evict beyond 50 entries, but did not"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        if len(self.entries) > 50:
            self.entries.pop(-1, None)


class UnusedMaxSize:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.max_size = LIMIT

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value


class ExpiresWhenAsked:
    HELD = "entries"
    NOTE = "only when it is asked for"

    def __init__(self) -> None:
        self.entries: dict[int, tuple[Any, float]] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = (value, time.time() + 60)

    def get(self, key: int) -> Any:
        entry = self.entries.get(key)
        if entry is not None and entry[1] < time.time():
            del self.entries[key]
            return None
        return entry


class TimeOfSomethingElse:
    HELD = "connections"

    def __init__(self) -> None:
        self.connections: set[int] = set()
        self.timeout = 30
        self.slow = 0

    def put(self, key: int, _value: Any) -> None:
        self.connections.add(key)

    def close(self, connection: int) -> None:
        if time.monotonic() - 3 > self.timeout:
            self.slow += 1
        self.connections.discard(connection)


class FlushedByNobody:
    HELD = "entries"

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)

    def flush(self) -> list[Any]:
        batch, self.entries = self.entries, []
        return batch


class Errors:
    HELD = "errors"

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def put(self, _key: int, value: Any) -> None:
        try:
            int(str(value))
        except ValueError as error:
            self.errors.append(error)

    def reset(self) -> None:
        self.errors.clear()


class Reaper:
    HELD = "tasks"

    def __init__(self) -> None:
        self.tasks: set[Any] = set()

    def put(self, key: int, _value: Any) -> None:
        self.tasks.add(key)

    def reap(self) -> None:
        for task in list(self.tasks):
            if task.done():
                self.tasks.discard(task)


class Session:
    """A key that can be referred to weakly."""


class ValueRefersToKey:
    HELD = "data"

    def __init__(self) -> None:
        self.sessions: weakref.WeakKeyDictionary[Session, Any] = weakref.WeakKeyDictionary()

    @property
    def data(self) -> Any:
        return self.sessions.data  # type: ignore[attr-defined]

    def put(self, _key: int, _value: Any) -> None:
        session = Session()
        self.sessions[session] = {"session": session}


LIMIT = 10_000


class ClearedByOthers:
    """Lets all go where nothing says which; what is picked by age goes from elsewhere."""

    HELD = "entries"

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.ages: dict[int, float] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        self.clear(bool)

    def clear(self, predicate: Any = None) -> None:
        if predicate is None:
            self.entries.clear()
            return
        now = time.time()
        for key in [key for key in self.entries if self.ages.get(key, now) < now]:
            self.ages.pop(key)
