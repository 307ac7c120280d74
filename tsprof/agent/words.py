"""The names by which code says what it does to a container, and that something is a time."""

from __future__ import annotations

import re

REMOVING = frozenset(
    {
        "__delitem__", "clear", "difference_update", "discard", "intersection_update", "pop",
        "popitem", "popleft", "remove",
    }
)  # fmt: skip
KEYED = frozenset({"__delitem__", "discard", "pop", "remove"})
INSERTING = frozenset(
    {
        "__setitem__", "add", "append", "appendleft", "extend", "extendleft", "insert", "put",
        "setdefault", "update",
    }
)  # fmt: skip
VIEWS = frozenset({"copy", "items", "keys", "values"})
COPIES = frozenset({"enumerate", "iter", "list", "reversed", "set", "sorted", "tuple"})
FRESH = frozenset(
    {
        "Counter", "OrderedDict", "WeakKeyDictionary", "WeakSet", "WeakValueDictionary",
        "bytearray", "defaultdict", "deque", "dict", "list", "set",
    }
)  # fmt: skip
FUNCTIONS = {
    "heappop": "remove",
    "heapreplace": "remove",
    "heappushpop": "remove",
    "heappush": "insert",
    "insort": "insert",
    "insort_left": "insert",
    "insort_right": "insert",
    "max": "iterate",
    "min": "iterate",
    "nlargest": "iterate",
    "nsmallest": "iterate",
}
TIMERS = frozenset({"Timer", "add_job", "call_at", "call_later", "enter", "spawn_later"})
CLOCKS = frozenset(
    {"monotonic", "monotonic_ns", "now", "perf_counter", "time", "time_ns", "today", "utcnow"}
)
TIMELY = re.compile(
    r"expir|ttl|deadline|timeout|max_?age|timestamp|last_|created|stale|cutoff|horizon"
    r"|_at$|_ts$|^ts$|^age$|^now$|^when$"
)
