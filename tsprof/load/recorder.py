"""Counts requests and failures as Locust reports them, second by second and per segment."""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tsprof.histogram import Histogram
from tsprof.load.messages import EndpointCounts, EndpointTotals, FailureSample
from tsprof.records import FailureKind

MAX_ENDPOINTS = 200
"""Further names, such as URLs with an id in them, are counted together."""
MAX_NAME = 200
MAX_SAMPLES = 20
MAX_MESSAGE = 300

FURTHER_ENDPOINTS = ("*", "(further endpoints)")
OTHER_MESSAGES = "(other messages)"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def printable(value: object, limit: int) -> str:
    """Return a text that JSON can carry, on one line and cut to ``limit`` characters."""
    line = " ".join(str(value)[: 4 * limit].split())[:limit]
    return line.encode("utf-8", "backslashreplace").decode("utf-8")


def describe(exception: BaseException) -> str:
    """Return an exception as text; an exception that has none is described by its type.

    A wrong status is told as ``HTTP 404``, a lost connection in the system's words.
    """
    # By name: Locust patches a process that imports it, and this module is imported elsewhere, too.
    if type(exception).__name__ == "LocustBadStatusCode":
        return f"HTTP {getattr(exception, 'code', '')}"
    if isinstance(exception, ConnectionError) and exception.strerror:
        return exception.strerror.lower()
    try:
        return repr(exception)
    except Exception:  # noqa: BLE001 - __repr__ is the user's code and may raise anything
        return type(exception).__name__


def failure_kind(exception: BaseException, response: object) -> FailureKind:
    """Return how a request failed.

    Args:
        exception: Why it failed, as Locust reports it.
        response: The client's response; its status tells more than what a Locust file says.
    """
    status = getattr(response, "status_code", None)
    if isinstance(status, int) and 400 <= status < 600:  # noqa: PLR2004 - HTTP's classes of errors
        return "4xx" if status < 500 else "5xx"  # noqa: PLR2004
    is_timeout = isinstance(exception, TimeoutError) or "Timeout" in type(exception).__name__
    return "timeout" if is_timeout else "other"


class FailureLog:
    """The first different failure messages, and how often each of them came."""

    def __init__(self) -> None:
        """Start empty."""
        self.last = ""
        """The latest message."""
        self._counts: dict[str, int] = {}
        self._changed = False

    def add(self, message: str) -> None:
        """Count a message, without the memory addresses in it."""
        self.last = _ADDRESS.sub("0x...", printable(message, MAX_MESSAGE))
        known = self.last in self._counts or len(self._counts) < MAX_SAMPLES
        key = self.last if known else OTHER_MESSAGES
        self._counts[key] = self._counts.get(key, 0) + 1
        self._changed = True

    def news(self) -> tuple[FailureSample, ...]:
        """Return all messages if there were new ones since the last call, else nothing."""
        if not self._changed:
            return ()
        self._changed = False
        return tuple(FailureSample(message, count) for message, count in self._counts.items())


@dataclass
class Counts:
    """Requests to one endpoint."""

    requests: int = 0
    failures: int = 0
    latency: Histogram = field(default_factory=Histogram)
    total_ms: float = 0.0
    """All latencies together."""
    least_ms: float = math.inf
    """The least latency."""
    received: int = 0
    """Bytes of the answers' bodies."""

    def merge(self, other: "Counts") -> None:
        """Add everything that ``other`` has counted."""
        self.requests += other.requests
        self.failures += other.failures
        self.latency.merge(other.latency)
        self.total_ms += other.total_ms
        self.least_ms = min(self.least_ms, other.least_ms)
        self.received += other.received


@dataclass
class Tally:
    """Requests by endpoint, and exceptions, of some span of time."""

    endpoints: dict[tuple[str, str], Counts] = field(default_factory=dict)
    exceptions: int = 0
    failure_kinds: Counter[FailureKind] = field(default_factory=Counter)
    latency_sent: Histogram = field(default_factory=Histogram)
    """With a schedule: latency from when the requests were sent."""

    def merge(self, other: "Tally") -> None:
        """Add everything that ``other`` has counted."""
        for key, counts in other.endpoints.items():
            self.endpoints.setdefault(key, Counts()).merge(counts)
        self.exceptions += other.exceptions
        self.failure_kinds.update(other.failure_kinds)
        self.latency_sent.merge(other.latency_sent)

    def sum(self) -> Counts:
        """Return the counts of all endpoints together."""
        total = Counts()
        for counts in self.endpoints.values():
            total.merge(counts)
        return total

    def counts(self) -> tuple[EndpointCounts, ...]:
        """Return requests and failures of each endpoint."""
        return tuple(
            EndpointCounts(method, name, counts.requests, counts.failures)
            for (method, name), counts in self.endpoints.items()
        )

    def totals(self) -> tuple[EndpointTotals, ...]:
        """Return requests, failures and latencies of each endpoint."""
        return tuple(
            EndpointTotals(method, name, counts.requests, counts.failures, counts.latency)
            for (method, name), counts in self.endpoints.items()
        )


class Recorder:
    """Takes what Locust's request and user_error events say."""

    def __init__(self) -> None:
        """Start at zero."""
        self.failures = FailureLog()
        self.tell_failure: Callable[[str, str, Any], object] | None = None
        """Is told at once of each failed request: its method, its name, and why it failed."""
        self._second = Tally()
        self._segment = Tally()
        self._known = {FURTHER_ENDPOINTS}

    def on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        exception: BaseException | None = None,
        response_length: int = 0,
        *,
        response: object = None,
        **_: object,
    ) -> None:
        """Count a request; a listener of Locust's ``events.request``.

        Args:
            request_type: The method.
            name: The name that the request goes by, normally its path.
            response_time: Milliseconds; None where a client does not measure.
            exception: Why the request failed, if it did.
            response_length: Bytes of the answer's body.
            response: What the client made of the answer.
        """
        counts = self._second.endpoints.get((request_type, name)) or self._counts(
            request_type, name
        )
        counts.requests += 1
        counts.received += response_length
        if exception:
            counts.failures += 1
            self._second.failure_kinds[failure_kind(exception, response)] += 1
            self.failures.add(f"{request_type} {name}: {describe(exception)}")
            if self.tell_failure:
                self.tell_failure(request_type, name, exception)
        if response_time is not None:
            counts.latency.record(response_time)
            counts.total_ms += response_time
            if response_time < counts.least_ms:  # noqa: PLR1730 - min costs a call
                counts.least_ms = response_time

    def on_exception(self, where: str, exception: BaseException) -> None:
        """Count an exception of the Locust file's own code.

        Args:
            where: The class that it came out of.
            exception: The exception.
        """
        self._second.exceptions += 1
        self.failures.add(f"{where}: {describe(exception)}")

    def end_second(self) -> Tally:
        """Return what was counted since the last call."""
        second, self._second = self._second, Tally()
        self._segment.merge(second)
        return second

    def end_segment(self) -> Tally:
        """Return what all seconds since the last call counted."""
        segment, self._segment = self._segment, Tally()
        return segment

    def _counts(self, request_type: str, name: str) -> Counts:
        key = printable(request_type, MAX_NAME), printable(name, MAX_NAME)
        if key not in self._known:
            if len(self._known) > MAX_ENDPOINTS:
                key = FURTHER_ENDPOINTS
            self._known.add(key)
        return self._second.endpoints.setdefault(key, Counts())


class ScheduledRecorder(Recorder):
    """Counts the requests of a schedule: their latency is that from when they were due."""

    def __init__(self, lateness_ms: Callable[[], float]) -> None:
        """Start at zero.

        Args:
            lateness_ms: Tells how late the request was sent that is reported now.
        """
        super().__init__()
        self._lateness_ms = lateness_ms

    def on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        exception: BaseException | None = None,
        response_length: int = 0,
        *,
        response: object = None,
        **_: object,
    ) -> None:
        """Count a request; ``response_time`` counts from when it was sent."""
        if response_time is not None:
            self._second.latency_sent.record(response_time)
            response_time += self._lateness_ms()
        super().on_request(
            request_type, name, response_time, exception, response_length, response=response
        )
