"""Locust's own statistics, kept from growing.

Locust keeps statistics for its web page, and hooks of Locust files read them
(``environment.stats.total.fail_ratio``), so they stay. Of what they hold, these grow without
end: ``num_reqs_per_sec`` and ``num_fail_per_sec`` of each entry by a key per second, the entries
by one per different name, the errors by one per different message (each with its exception, and
so the traceback's frames). Their history grows as well, but only in a greenlet that tsprof does
not start. The copies of ``response_times`` that are kept for the last 20 seconds are bounded,
and switched off because nothing here reads them.
"""

import time
from collections import defaultdict
from typing import Any

import locust.stats
from locust.runners import LocalRunner
from locust.stats import RequestStats, StatsEntry, StatsError

MAX_SECONDS = 20
"""Locust's current rate looks back 12 seconds."""
MAX_ENTRIES = 200
MAX_ERRORS = 20
FURTHER_ENTRIES = ("(further endpoints)", "*")


class _RecentSeconds(defaultdict[int, int]):
    """Counts of the latest seconds."""

    def __missing__(self, second: int) -> int:
        while len(self) >= MAX_SECONDS:
            del self[next(iter(self))]
        return super().__missing__(second)


class _FirstErrors(dict[str, StatsError]):
    """The first different errors."""

    def __setitem__(self, key: str, error: StatsError) -> None:
        if len(self) < MAX_ERRORS:
            super().__setitem__(key, error)


class _BoundedEntry(StatsEntry):
    """One endpoint's statistics."""

    def reset(self) -> None:
        """Set everything to zero."""
        super().reset()  # type: ignore[no-untyped-call]  # Locust does not annotate it
        self.num_reqs_per_sec = _RecentSeconds(int)
        self.num_fail_per_sec = _RecentSeconds(int)


class _BoundedEntries(dict[tuple[str, str], StatsEntry]):
    """Statistics by (name, method)."""

    def __init__(self, stats: RequestStats) -> None:
        super().__init__()
        self._stats = stats

    def __missing__(self, key: tuple[str, str]) -> StatsEntry:
        if len(self) >= MAX_ENTRIES and key != FURTHER_ENTRIES:
            return self[FURTHER_ENTRIES]
        self[key] = _BoundedEntry(self._stats, *key)
        return self[key]


class BoundedStats(RequestStats):
    """``RequestStats`` of bounded size: 200 entries, 20 errors, 20 seconds."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(use_response_times_cache=False)
        self.clear_all()

    def log_request(self, method: str, name: str, response_time: Any, content_length: int) -> None:
        """Count a request as Locust does, for half of the cost (0.6 for 1.3 microseconds).

        Args:
            method: The method.
            name: The name that the request goes by.
            response_time: Milliseconds; None where a client does not measure.
            content_length: Bytes.
        """
        now = time.time()
        second = int(now)
        if response_time is not None:
            # Looked up each time: Locust documents that a Locust file may replace it.
            rounded = locust.stats.bucket_response_time(response_time)
        for entry in (self.total, self.entries[name, method]):
            entry.num_requests += 1
            entry.num_reqs_per_sec[second] += 1
            entry.last_request_timestamp = now
            entry.total_content_length += content_length
            if response_time is None:
                entry.num_none_requests += 1
                continue
            entry.total_response_time += response_time
            entry.response_times[rounded] += 1
            if response_time > entry.max_response_time:  # noqa: PLR1730 - max costs a call
                entry.max_response_time = response_time
            if entry.min_response_time is None or response_time < entry.min_response_time:
                entry.min_response_time = response_time

    def clear_all(self) -> None:
        """Remove all entries and errors."""
        super().clear_all()
        self.total = _BoundedEntry(self, "Aggregated", "")
        self.entries = _BoundedEntries(self)
        self.errors = _FirstErrors()

    def reset_all(self) -> None:
        """Set all entries to zero and remove the errors."""
        super().reset_all()
        self.errors = _FirstErrors()


class BoundedRunner(LocalRunner):
    """``LocalRunner`` that keeps the first 20 different exceptions of tasks."""

    def log_exception(self, node_id: str, msg: str, formatted_tb: str) -> None:
        """Count an exception."""
        if len(self.exceptions) < MAX_ERRORS or hash(formatted_tb) in self.exceptions:
            super().log_exception(node_id, msg, formatted_tb)
