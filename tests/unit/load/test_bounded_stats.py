"""Locust's statistics stay small, and right."""

import itertools
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

with pytest.MonkeyPatch.context() as patch:
    # Locust would replace the blocking calls of this whole process by gevent's.
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from locust.env import Environment
    from locust.event import Events
    from locust.stats import RequestStats

    from tsprof.load import bounded_stats
    from tsprof.load.admission import listen
    from tsprof.load.bounded_stats import (
        MAX_ENTRIES,
        MAX_ERRORS,
        MAX_SECONDS,
        BoundedStats,
        fill_from,
    )
    from tsprof.load.recorder import Recorder


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


SECONDS = itertools.count(1_800_000_000)
Requests = Sequence[tuple[str, str, float | None, Exception | None]]
"""Method, name, milliseconds, and why it failed."""


def locusts() -> RequestStats:
    """Locust's own statistics."""
    return RequestStats(use_response_times_cache=False)


def log(stats: RequestStats, requests: Requests, patch: pytest.MonkeyPatch) -> None:
    """Log the requests of the next second, as Locust's listener does or by a recorder."""
    second = next(SECONDS)
    patch.setattr(time, "time", lambda: float(second))
    if not isinstance(stats, BoundedStats):
        for method, name, milliseconds, error in requests:
            stats.log_request(method, name, milliseconds, 10)  # type: ignore[arg-type]
            if error:
                stats.log_error(method, name, error)
        return
    recorder = Recorder()
    recorder.tell_failure = stats.log_error
    for method, name, milliseconds, error in requests:
        recorder.on_request(method, name, milliseconds, error, response_length=10)
    stats.add(recorder.end_second(), second)


def a_day(stats: RequestStats, patch: pytest.MonkeyPatch, seconds: int, *, first: int = 0) -> None:
    """Log requests as a clock goes by that is faster than the real one."""
    for second in range(first, first + seconds):
        error = OSError(f"port {second}")
        requests = [("GET", f"/item/{second}", 1.0, None), ("GET", "/", 3.0, error)]
        log(stats, requests, patch)


def test_a_day_of_seconds_names_and_errors_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = BoundedStats()
    a_day(stats, monkeypatch, 1000)
    after_a_while = deep_size(stats, set())
    a_day(stats, monkeypatch, 20_000, first=1000)
    # Counters of a few more digits, and the last names' and errors' lengths.
    assert deep_size(stats, set()) == pytest.approx(after_a_while, rel=0.02)


def test_locusts_own_statistics_do_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, bounded_stats.py may have become superfluous."""
    stats = locusts()
    a_day(stats, monkeypatch, 500)
    before = deep_size(stats, set())
    a_day(stats, monkeypatch, 2000)
    assert deep_size(stats, set()) > 2 * before


def test_totals_are_those_of_locust(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = BoundedStats(), locusts()
    for stats in (ours, theirs):
        a_day(stats, monkeypatch, 3 * MAX_ENTRIES)
    for name in ("num_requests", "num_failures", "avg_response_time", "fail_ratio"):
        assert getattr(ours.total, name) == getattr(theirs.total, name)
    assert ours.get("/", "GET").num_requests == theirs.get("/", "GET").num_requests
    assert ours.total.current_rps == theirs.total.current_rps > 0
    assert ours.total.get_response_time_percentile(0.5) == theirs.total.median_response_time
    assert len(ours.entries) == MAX_ENTRIES + 1
    assert ours.entries[bounded_stats.FURTHER_ENTRIES].num_requests == 2 * MAX_ENTRIES + 1
    assert len(ours.errors) == MAX_ERRORS
    assert len(ours.total.num_reqs_per_sec) == MAX_SECONDS


def test_entries_are_those_of_locust(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = BoundedStats(), locusts()
    times = (None, 147.2, 3.4, 3432.0, 0.4, 58_760.0)
    for stats in (ours, theirs):
        monkeypatch.setattr(sys.modules[__name__], "SECONDS", itertools.count(1_800_000_000))
        monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
        stats.clear_all()
        log(stats, [("GET", "/", milliseconds, None) for milliseconds in times], monkeypatch)
    for one, other in (
        (ours.total, theirs.total),
        (ours.get("/", "GET"), theirs.get("/", "GET")),
    ):
        assert one.num_none_requests == 1
        assert {**vars(one), "stats": None} == {**vars(other), "stats": None}


def test_a_locust_file_can_round_response_times_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = BoundedStats()
    monkeypatch.setattr("locust.stats.bucket_response_time", lambda _: 7)
    log(stats, [("GET", "/", 3.0, None)], monkeypatch)
    assert stats.total.response_times == {7: 1}


def test_the_recorder_takes_the_place_of_locusts_listener() -> None:
    events, recorder, other = Events(), Recorder(), Recorder()
    environment = Environment(events=events)
    environment.stats = BoundedStats()
    listen(events, recorder, users=1)
    runner = environment.create_local_runner()
    runner.greenlet.kill()  # or a test that waits for all greenlets would wait for ever
    events.request.add_listener(other.on_request)
    fill_from(recorder, environment)
    events.request.fire(
        request_type="GET", name="/", response_time=2.0, response_length=1, exception=OSError("no")
    )
    assert environment.stats.total.num_requests == 0
    assert environment.stats.total.num_failures == 1
    assert [each.end_second().sum().requests for each in (recorder, other)] == [1, 1]


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
