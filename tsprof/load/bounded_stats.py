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

    def count(
        self, now: float, response_time: float | None, rounded: int, content_length: int
    ) -> None:
        """Do what Locust's ``log`` does.

        Args:
            now: Seconds since the epoch.
            response_time: Milliseconds; None where a client does not measure.
            rounded: The response time as it is counted in ``response_times``.
            content_length: Bytes.
        """
        self.num_requests += 1
        self.num_reqs_per_sec[int(now)] += 1
        self.last_request_timestamp = now
        self.total_content_length += content_length
        if response_time is None:
            self.num_none_requests += 1
            return
        self.total_response_time += response_time  # type: ignore[assignment]  # Locust says int
        if self.min_response_time is None or response_time < self.min_response_time:
            self.min_response_time = response_time  # type: ignore[assignment]
        # A call of max would cost a fifth of all this.
        if response_time > self.max_response_time:  # noqa: PLR1730
            self.max_response_time = response_time  # type: ignore[assignment]
        self.response_times[rounded] += 1


class _BoundedEntries(dict[tuple[str, str], _BoundedEntry]):
    """Statistics by (name, method)."""

    def __init__(self, stats: RequestStats) -> None:
        super().__init__()
        self._stats = stats

    def __missing__(self, key: tuple[str, str]) -> _BoundedEntry:
        if len(self) >= MAX_ENTRIES and key != FURTHER_ENTRIES:
            return self[FURTHER_ENTRIES]
        self[key] = _BoundedEntry(self._stats, *key)
        return self[key]


class BoundedStats(RequestStats):
    """``RequestStats`` of bounded size: 200 entries, 20 errors, 20 seconds."""

    total: _BoundedEntry
    entries: _BoundedEntries  # type: ignore[assignment]  # dict is invariant

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(use_response_times_cache=False)
        self.clear_all()

    def log_request(
        self, method: str, name: str, response_time: float | None, content_length: int
    ) -> None:
        """Count a request, for half of what it costs in Locust (0.7 for 1.3 microseconds).

        Args:
            method: The method.
            name: The name that the request goes by.
            response_time: Milliseconds; None where a client does not measure.
            content_length: Bytes.
        """
        now = time.time()
        # Looked up each time: Locust documents that a Locust file may replace it.
        rounded = 0 if response_time is None else locust.stats.bucket_response_time(response_time)
        self.total.count(now, response_time, rounded, content_length)
        self.entries[name, method].count(now, response_time, rounded, content_length)

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
