"""Locust's statistics stay small, and right."""

import sys
import time
from typing import Any

import pytest

with pytest.MonkeyPatch.context() as patch:
    # Locust would replace the blocking calls of this whole process by gevent's.
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from locust.stats import RequestStats

    from tsprof.load import bounded_stats
    from tsprof.load.bounded_stats import MAX_ENTRIES, MAX_ERRORS, MAX_SECONDS, BoundedStats


def deep_size(value: Any, seen: set[int]) -> int:
    """Bytes of an object and of all that it alone holds."""
    if id(value) in seen or isinstance(value, type):
        return 0
    seen.add(id(value))
    parts: list[Any] = list(getattr(value, "__dict__", {}).values())
    if isinstance(value, dict):
        parts += [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple):
        parts += value
    return sys.getsizeof(value) + sum(deep_size(part, seen) for part in parts)


def a_day(stats: RequestStats, patch: pytest.MonkeyPatch, seconds: int) -> None:
    """Log requests as a clock goes by that is faster than the real one."""
    for second in range(seconds):
        patch.setattr(time, "time", lambda second=second: 1_800_000_000.0 + second)
        stats.log_request("GET", f"/item/{second}", 1, 10)
        stats.log_request("GET", "/", 3, 10)
        stats.log_error("GET", "/", OSError(f"port {second}"))


def test_a_day_of_seconds_names_and_errors_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = BoundedStats()
    a_day(stats, monkeypatch, 1000)
    after_a_while = deep_size(stats, set())
    a_day(stats, monkeypatch, 20_000)
    # Counters of a few more digits, and the last names' and errors' lengths.
    assert deep_size(stats, set()) == pytest.approx(after_a_while, rel=0.02)


def test_locusts_own_statistics_do_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, bounded_stats.py may have become superfluous."""
    stats = RequestStats(use_response_times_cache=False)
    a_day(stats, monkeypatch, 500)
    before = deep_size(stats, set())
    a_day(stats, monkeypatch, 2000)
    assert deep_size(stats, set()) > 2 * before


def test_totals_are_those_of_locust(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, locusts = BoundedStats(), RequestStats(use_response_times_cache=False)
    for stats in (ours, locusts):
        a_day(stats, monkeypatch, 3 * MAX_ENTRIES)
    for name in ("num_requests", "num_failures", "avg_response_time", "fail_ratio"):
        assert getattr(ours.total, name) == getattr(locusts.total, name)
    assert ours.get("/", "GET").num_requests == locusts.get("/", "GET").num_requests
    assert ours.total.current_rps == locusts.total.current_rps > 0
    assert ours.total.get_response_time_percentile(0.5) == locusts.total.median_response_time
    assert len(ours.entries) == MAX_ENTRIES + 1
    assert ours.entries[bounded_stats.FURTHER_ENTRIES].num_requests == 2 * MAX_ENTRIES + 1
    assert len(ours.errors) == MAX_ERRORS
    assert len(ours.total.num_reqs_per_sec) == MAX_SECONDS


def test_entries_are_those_of_locust(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, locusts = BoundedStats(), RequestStats(use_response_times_cache=False)
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.5)
    for stats in (ours, locusts):
        stats.clear_all()
        for response_time in (None, 147.2, 3.4, 3432.0, 0.4, 58_760.0):
            stats.log_request("GET", "/", response_time, 10)  # type: ignore[arg-type]
    for one, other in (
        (ours.total, locusts.total),
        (ours.get("/", "GET"), locusts.get("/", "GET")),
    ):
        assert one.num_none_requests == 1
        assert {**vars(one), "stats": None} == {**vars(other), "stats": None}


def test_a_locust_file_can_round_response_times_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = BoundedStats()
    monkeypatch.setattr("locust.stats.bucket_response_time", lambda _: 7)
    stats.log_request("GET", "/", 3.0, 10)
    assert stats.total.response_times == {7: 1}


@pytest.mark.parametrize("clear", [BoundedStats.clear_all, BoundedStats.reset_all])
def test_stays_bounded_after_it_was_cleared(clear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stats = BoundedStats()
    a_day(stats, monkeypatch, 5)
    clear(stats)
    assert (stats.total.num_requests, stats.errors) == (0, {})
    a_day(stats, monkeypatch, 2 * MAX_ENTRIES)
    assert len(stats.entries) <= MAX_ENTRIES + 1
    assert len(stats.errors) == MAX_ERRORS
    assert len(stats.get("/", "GET").num_reqs_per_sec) == MAX_SECONDS
    assert len(stats.get("/", "GET").num_fail_per_sec) == MAX_SECONDS
