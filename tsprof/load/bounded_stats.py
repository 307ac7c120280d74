"""Locust's own statistics, kept from growing.

Locust keeps statistics for its web page, and hooks of Locust files read them
(``environment.stats.total.fail_ratio``), so they stay. They are filled once a second with what
the recorder counted, not by Locust's listener of each request, which with what it calls takes 1.1
microseconds of a lean request's 17.

Of what they hold, these grow without end: ``num_reqs_per_sec`` and ``num_fail_per_sec`` of each
entry by a key per second, the entries by one per different name, the errors by one per different
message (each with its exception, and so the traceback's frames). Their history grows as well, but
only in a greenlet that tsprof does not start. The copies of ``response_times`` that are kept for
the last 20 seconds are bounded, and switched off because nothing here reads them.
"""

import math
import time
from collections import defaultdict
from typing import Any

import locust.stats
from locust.env import Environment
from locust.runners import LocalRunner
from locust.stats import RequestStats, StatsEntry, StatsError

from tsprof.histogram import middle
from tsprof.load.recorder import Recorder, Tally

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

    def add(self, tally: Tally, second: int) -> None:
        """Count the requests of a second.

        Response times are those of the histogram's buckets, within 1 %; their sum, the least and
        the largest are exact.

        Args:
            tally: What was recorded in it; its failures were told by ``log_error``.
            second: Which it was, as ``time.time`` tells it.
        """
        for (method, name), counts in tally.endpoints.items():
            # Looked up each time: Locust documents that a Locust file may replace it.
            rounded = [
                (locust.stats.bucket_response_time(middle(number)), count)
                for number, count in counts.latency.counts.items()
            ]
            measured = counts.latency.count
            # Locust's types have whole milliseconds only.
            entries: tuple[Any, ...] = (self.total, self.entries[name, method])
            for entry in entries:
                entry.num_requests += counts.requests
                entry.num_none_requests += counts.requests - measured
                entry.num_reqs_per_sec[second] += counts.requests
                entry.last_request_timestamp = second
                entry.total_content_length += counts.received
                for response_time, count in rounded:
                    entry.response_times[response_time] += count
                if not measured:
                    continue
                entry.total_response_time += counts.total_ms
                entry.max_response_time = max(entry.max_response_time, counts.latency.max_ms)
                least = entry.min_response_time
                entry.min_response_time = min(counts.least_ms, math.inf if least is None else least)

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


def fill_from(recorder: Recorder, environment: Environment) -> None:
    """Have an environment's ``BoundedStats`` filled from a recorder, not by its runner's listener.

    To be called once it has its runner. Whoever ends the recorder's seconds hands them to ``add``.
    """
    stats = environment.stats
    assert isinstance(stats, BoundedStats)
    recorder.tell_failure = stats.log_error
    requests: Any = environment.events.request  # Locust does not annotate its hooks
    for listener in [each for each in requests._handlers if each.__module__ == "locust.runners"]:  # noqa: SLF001
        requests.remove_listener(listener)

    def add_the_last(**_: object) -> None:
        stats.add(recorder.end_second(), int(time.time()))

    # Before the hooks of the Locust file, which may read them.
    environment.events.test_stop._handlers.insert(0, add_the_last)  # noqa: SLF001
