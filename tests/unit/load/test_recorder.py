"""What is counted of Locust's events."""

from typing import Any

import pytest

from tsprof.load.messages import FailureSample
from tsprof.load.recorder import (
    FURTHER_ENDPOINTS,
    MAX_ENDPOINTS,
    MAX_MESSAGE,
    MAX_NAME,
    MAX_SAMPLES,
    OTHER_MESSAGES,
    Recorder,
    ScheduledRecorder,
)


class Unprintable(Exception):  # noqa: N818 - what a Locust file may do
    def __repr__(self) -> str:
        raise ValueError


def samples(recorder: Recorder) -> dict[str, int]:
    return {sample.message: sample.count for sample in recorder.failures.news()}


def test_seconds_add_up_to_the_segment() -> None:
    recorder = Recorder()
    recorder.on_request("GET", "/a", 1.5)
    recorder.on_request("GET", "/a", 2.5, exception=ValueError("no"))
    first = recorder.end_second()
    recorder.on_request("POST", "/a", 9.75, response_length=3, context={})
    recorder.on_exception("MyUser", KeyError("x"))
    second = recorder.end_second()
    segment = recorder.end_segment()

    assert [
        (count.method, count.name, count.requests, count.failures) for count in first.counts()
    ] == [("GET", "/a", 2, 1)]
    assert first.sum().latency.max_ms == 2.5
    assert (second.sum().requests, second.exceptions) == (1, 1)
    assert (segment.sum().requests, segment.sum().failures, segment.exceptions) == (3, 1, 1)
    assert {(total.method, total.latency.count) for total in segment.totals()} == {
        ("GET", 2),
        ("POST", 1),
    }
    assert recorder.end_segment().sum().requests == 0


def test_latencies_keep_their_fraction_and_may_be_missing() -> None:
    recorder = Recorder()
    recorder.on_request("GET", "/", 0.125)
    recorder.on_request("GET", "/", None)
    total = recorder.end_second().sum()
    assert total.requests == 2
    assert total.latency.count == 1
    assert total.latency.percentile(50) == pytest.approx(0.125, rel=0.01)


def test_endpoints_beyond_the_limit_are_counted_together_and_the_first_keep_their_names() -> None:
    recorder = Recorder()
    for number in range(MAX_ENDPOINTS + 50):
        recorder.on_request("GET", f"/item/{number}", 1.0)
    recorder.end_second()
    recorder.on_request("GET", "/item/0", 1.0)
    recorder.on_request("GET", "/item/new", 1.0)
    recorder.end_second()
    endpoints = recorder.end_segment().endpoints
    assert len(endpoints) == MAX_ENDPOINTS + 1
    assert endpoints["GET", "/item/0"].requests == 2
    assert endpoints[FURTHER_ENDPOINTS].requests == 51


@pytest.mark.parametrize(
    ("name", "counted_as"),
    [
        ("/" + "x" * 10_000, "/" + "x" * (MAX_NAME - 1)),
        ("/lone\udc80surrogate", "/lone\\udc80surrogate"),
        ("two\nlines", "two lines"),
        (b"/bytes", "b'/bytes'"),
        (None, "None"),
    ],
)
def test_names_are_made_fit_to_send(name: Any, counted_as: str) -> None:
    recorder = Recorder()
    recorder.on_request("GET", name, 1.0)
    assert list(recorder.end_second().endpoints) == [("GET", counted_as)]


class LocustBadStatusCode(Exception):  # noqa: N818 - as Locust's is named, which patches a process
    code = 404


@pytest.mark.parametrize(
    ("exception", "text"),
    [
        (LocustBadStatusCode(), "HTTP 404"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection reset by peer"),
        (ConnectionError("odd"), "ConnectionError('odd')"),
    ],
)
def test_common_failures_are_told_in_plain_words(exception: Exception, text: str) -> None:
    recorder = Recorder()
    recorder.on_request("GET", "/", 1.0, exception=exception)
    assert samples(recorder) == {f"GET /: {text}": 1}


def test_failure_messages_are_counted_by_text_without_addresses() -> None:
    recorder = Recorder()
    for address in ("0x7f0012ab", "0x7f99"):
        recorder.on_request("GET", "/", 1.0, exception=OSError(f"<socket at {address}>"))
    assert recorder.failures.news() == (FailureSample("GET /: OSError('<socket at 0x...>')", 2),)
    assert recorder.failures.news() == ()


def test_failure_messages_are_few_and_short_and_all_are_counted() -> None:
    recorder = Recorder()
    for number in range(100):
        recorder.on_request("GET", "/", 1.0, exception=OSError(f"{number} " + "x" * 1000))
    counted = samples(recorder)
    assert len(counted) == MAX_SAMPLES + 1
    assert counted[OTHER_MESSAGES] == 100 - MAX_SAMPLES
    assert max(map(len, counted)) == MAX_MESSAGE


def test_an_exception_that_cannot_be_printed_is_named() -> None:
    recorder = Recorder()
    recorder.on_exception("MyUser", Unprintable())
    assert samples(recorder) == {"MyUser: Unprintable": 1}
    assert recorder.failures.last == "MyUser: Unprintable"


def test_under_a_schedule_latency_counts_from_when_a_request_was_due() -> None:
    late = iter([0.0, 200.0])
    recorder = ScheduledRecorder(lambda: next(late))
    recorder.on_request("GET", "/", 0.25)
    recorder.on_request("GET", "/", 5.0, exception=ValueError("no"))
    recorder.on_request("GET", "/", None)
    second = recorder.end_second()
    assert (second.sum().requests, second.sum().failures) == (3, 1)
    assert second.sum().latency.max_ms == 205.0
    assert second.sum().latency.percentile(50) == pytest.approx(0.25, rel=0.01)
    assert second.latency_sent.max_ms == 5.0
    assert recorder.end_segment().latency_sent.count == 2


class ReadTimeout(Exception):  # noqa: N818 - as requests calls it
    pass


class Answer:
    def __init__(self, status_code: object) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(
    ("exception", "response", "kind"),
    [
        (ValueError("HTTP 404"), Answer(404), "4xx"),
        (ValueError("wrong text"), Answer(503), "5xx"),
        (ValueError("wrong text"), Answer(200), "other"),
        (TimeoutError(), Answer(0), "timeout"),
        (ReadTimeout(), None, "timeout"),
        (ConnectionRefusedError(), Answer(None), "other"),
        (ValueError(), Answer("502 Bad"), "other"),
    ],
)
def test_failures_are_told_apart(exception: Exception, response: object, kind: str) -> None:
    recorder = Recorder()
    recorder.on_request("GET", "/", 1.0, exception=exception, response=response)
    recorder.on_request("GET", "/", 1.0, response=response)
    assert recorder.end_second().failure_kinds == {kind: 1}
