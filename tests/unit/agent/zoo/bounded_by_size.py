"""Ways in which people bound a container by its length.

Each class adds one entry per ``put`` to the attribute that ``HELD`` names; ``BOUND`` is the number
of entries at which it stops (None: it stops, but at a number that cannot be read).
"""

import heapq
from collections import OrderedDict, defaultdict, deque
from typing import Any

LIMIT = 10_000


class PopOldest:
    HELD, BOUND = "entries", 2_048

    def __init__(self) -> None:
        self.entries: OrderedDict[int, Any] = OrderedDict()
        self.maxsize = 2_048

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        self.entries.move_to_end(key)
        while len(self.entries) > self.maxsize:
            self.entries.popitem(last=False)


class ClearWhenFull:
    HELD, BOUND = "entries", 5_000

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        if len(self.entries) >= 5_000:
            self.entries.clear()
        self.entries[key] = value


class ResetWhenFull:
    HELD, BOUND = "entries", 1_500

    def __init__(self) -> None:
        self.entries: set[int] = set()

    def put(self, key: int, _value: Any) -> None:
        if len(self.entries) > 1_500:
            self.entries = set()
        self.entries.add(key)


class HelperEvicts:
    HELD, BOUND = "entries", LIMIT

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        self._evict()

    def _evict(self) -> None:
        while len(self.entries) > LIMIT:
            del self.entries[next(iter(self.entries))]


class CallerGuards:
    HELD, BOUND = "entries", 1_234

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.limit = 1_234

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def full(self) -> bool:
        return len(self) >= self.limit

    def put(self, key: int, value: Any) -> None:
        if self.full:
            self._evict()
        self.entries[key] = value

    def _evict(self) -> None:
        self.entries.pop(min(self.entries, key=lambda key: key))


class TrimBySlice:
    HELD, BOUND = "entries", 500

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)
        del self.entries[:-500]


class KeepTheTail:
    HELD, BOUND = "entries", 1_000

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)
        self.entries = self.entries[-1_000:]


class KeepHalf:
    HELD, BOUND = "entries", 1_024
    MOST = 2 * 512

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)
        if len(self.entries) > self.MOST:
            self.entries = self.entries[len(self.entries) // 2 :]


class PopFirst:
    __slots__ = ("entries", "max_items")
    HELD, BOUND = "entries", 4_000

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.max_items = 4_000

    def put(self, _key: int, value: Any) -> None:
        if len(self.entries) + 1 > self.max_items:
            self.entries.pop(0)
        self.entries.append(value)


class ReturnEarly:
    HELD, BOUND = "entries", 800

    def __init__(self) -> None:
        self.entries: deque[Any] = deque()

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)
        if len(self.entries) <= 800:
            return
        self.entries.popleft()


class LoopOverExcess:
    HELD, BOUND = "entries", 850

    def __init__(self) -> None:
        self.entries: deque[Any] = deque()

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)
        for _ in range(max(0, len(self.entries) - 850)):
            self.entries.popleft()


class ExcessInAVariable:
    HELD, BOUND = "entries", 900
    MAX_SIZE = 900

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        excess = len(self.entries) - self.MAX_SIZE
        if excess > 0:
            for old in sorted(self.entries)[:excess]:
                del self.entries[old]


class Settings:
    max_entries = 777


class LimitInSettings:
    HELD, BOUND = "entries", 777

    def __init__(self) -> None:
        self.settings = Settings()
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any) -> None:
        entries = self.entries
        if key not in entries and len(entries) >= self.settings.max_entries:
            for old in list(entries)[:10]:
                entries.pop(old, None)
        entries[key] = value


class LimitByDefault:
    HELD, BOUND = "entries", 700

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def put(self, key: int, value: Any, limit: int = 700) -> None:
        self.entries[key] = value
        if len(self.entries) > limit:
            self.entries.clear()


class KeysInOrder:
    HELD, BOUND = "entries", 910

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}
        self.order: deque[int] = deque()

    def put(self, key: int, value: Any) -> None:
        if len(self.order) >= 910:
            del self.entries[self.order.popleft()]
        self.order.append(key)
        self.entries[key] = value


class Heap:
    HELD, BOUND = "entries", LIMIT

    def __init__(self) -> None:
        self.entries: list[tuple[int, Any]] = []

    def put(self, key: int, value: Any) -> None:
        heapq.heappush(self.entries, (key, value))
        while self.entries and len(self.entries) > LIMIT:
            heapq.heappop(self.entries)


class Batches:
    HELD, BOUND = "entries", 1_100

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.sent = 0

    def put(self, _key: int, value: Any) -> None:
        self.entries.append(value)
        if len(self.entries) >= 1_100:
            batch, self.entries = self.entries, []
            self.sent += len(batch)


class Refuses:
    HELD, BOUND = "entries", 20_000

    def __init__(self) -> None:
        self.entries: set[int] = set()

    def put(self, key: int, _value: Any) -> None:
        if len(self.entries) < 20_000:
            self.entries.add(key)


class RefusesByReturn:
    HELD, BOUND = "entries", 3_000

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def put(self, _key: int, value: Any) -> None:
        if len(self.entries) >= 3_000:
            return
        self.entries.append(value)


class CountsBytes:
    HELD, BOUND = "entries", None

    def __init__(self) -> None:
        self.entries: OrderedDict[int, bytes] = OrderedDict()
        self.size = 0

    def put(self, key: int, _value: Any) -> None:
        self.entries[key] = bytes(100)
        self.size += 100
        while self.size > 10_000_000:
            self.size -= len(self.entries.popitem(last=False)[1])


class LimitFromACall:
    HELD, BOUND = "entries", None

    def __init__(self) -> None:
        self.entries: dict[int, Any] = {}

    def most(self) -> int:
        return 5_000

    def put(self, key: int, value: Any) -> None:
        self.entries[key] = value
        if len(self.entries) > self.most():
            self.entries.popitem()


class PerUser:
    HELD, BOUND = "of_one_user", 400

    def __init__(self) -> None:
        self.by_user: defaultdict[str, list[Any]] = defaultdict(list)

    @property
    def of_one_user(self) -> list[Any]:
        return self.by_user["someone"]

    def put(self, _key: int, value: Any) -> None:
        history = self.by_user["someone"]
        history.append(value)
        if len(history) > 400:
            del history[0]


class OnTheClass:
    HELD, BOUND = "shared", 1_600
    shared: dict[int, Any] = {}  # noqa: RUF012 - the pitfall itself

    def put(self, key: int, value: Any) -> None:
        if len(self.shared) > 1_600:
            self.shared.clear()
        self.shared[key] = value


class Inherits(OrderedDict[int, Any]):
    HELD, BOUND = None, 3_100

    def __init__(self) -> None:
        super().__init__()
        self.most = 3_100

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        if len(self) > self.most:
            del self[next(iter(self))]

    def put(self, key: int, value: Any) -> None:
        self[key] = value


class InheritsFromDict(dict[int, Any]):
    HELD, BOUND = None, 444

    def __setitem__(self, key: int, value: Any) -> None:
        if len(self) >= 444:
            self.pop(next(iter(self)))
        dict.__setitem__(self, key, value)

    def put(self, key: int, value: Any) -> None:
        self[key] = value
