"""The gate in front of the target: requests take a ticket before they are sent.

All of this runs in one gevent hub, where nothing is interrupted between two switches: plain
integers and dicts are enough, and a request costs well under a microsecond here; with a rate two,
and 20 where it is waited for.

With a rate the load is an open one: request *i* of a segment is due ``i / rate`` seconds after the
gate opened, whatever the target does. A request for which no user is free is sent as soon as one
is, and none is left out; how late it was sent is part of its latency. Without that, a stalled
target would be asked less often just while it is slow, and the slow answers would be missing from
the latencies: coordinated omission, as Gil Tene calls it, whose wrk2 counts as this gate does.
"""

import math
from collections import deque
from dataclasses import dataclass
from time import monotonic

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from tsprof.load.alarm import Alarm
from tsprof.load.messages import Pace
from tsprof.records import Arrivals

ON_TIME_SECONDS = 0.010
"""A request is on time up to so much after it was due. While a user stood ready, 9 in 10 were sent
within 0.2 ms, and beside two other busy processes on two cores none of 6,160 later than this."""


@dataclass(frozen=True)
class Segment:
    """What the gate counted between its opening and the last completion."""

    admitted: int
    seconds: float
    arrivals: Arrivals | None
    """Of the schedule; None without a rate."""


@dataclass(frozen=True)
class Piece:
    """A part of a segment's schedule with one rate."""

    first: int
    """Number of its first request, from 0 at the start of the segment."""
    began: float
    """When that one is due, as ``time.monotonic`` tells it."""
    interval: float
    """Seconds from one to the next."""

    def due(self, number: int) -> float:
        """Return when a request is due."""
        return self.began + (number - self.first) * self.interval

    def due_until(self, now: float) -> int:
        """Return how many requests of the segment are due by now."""
        if not self.interval:
            return self.first
        return self.first + max(0, int((now - self.began) / self.interval) + 1)


class Gate:
    """Admits counted requests, and knows when the last of them is finished.

    The gate starts out *free*: requests pass uncounted, so that the hooks of a Locust file can
    prepare the target. From ``engage`` on every request needs a ticket.
    """

    def __init__(self, rate: float | None) -> None:
        """Make a free gate.

        Args:
            rate: Requests per second that are due; None to admit what comes.
        """
        self.settled = Event()
        """Set when the gate is closed and nothing is in flight any more."""
        self._schedule = deque([Piece(0, 0.0, 0.0 if rate is None else 1 / rate)])
        """What is left of the segment's schedule; more than one piece after a change of rate."""
        self._alarm = None if rate is None else Alarm()
        self._turn = BoundedSemaphore()
        """Held by the user that waits for the next request to be due."""
        self._late = self._late_without_user = self._unsent = self._most_in_flight = 0
        self._lateness: dict[gevent.Greenlet, float] = {}
        """How late the latest request of each greenlet was sent, in seconds."""
        self._free = True
        self._segment_open = False
        self._segment_number = 0
        self._opened = Event()
        self._opened_at = 0.0
        self._last_completion = 0.0
        self._tickets = 0.0  # a float, so that "no limit" is infinity
        self._admitted = 0
        self._flying: dict[int, float] = {}  # ticket -> when it was taken, oldest first
        self._held: dict[gevent.Greenlet, int] = {}
        self._unspent: set[gevent.Greenlet] = set()

    @property
    def is_open(self) -> bool:
        """Whether tickets are left."""
        return self._tickets > 0

    @property
    def is_quiet(self) -> bool:
        """Whether the segment has no tickets left and nothing in flight."""
        return self._segment_open and self._tickets <= 0 and not self._flying

    @property
    def in_flight(self) -> int:
        """How many tickets are taken and not given back."""
        return len(self._flying)

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest ticket has been out; 0 when none is."""
        return monotonic() - next(iter(self._flying.values())) if self._flying else 0.0

    def engage(self) -> None:
        """From now on every request needs a ticket."""
        self._free = False

    def set_free(self) -> None:
        """Let new requests pass uncounted, for hooks that run at the end."""
        self._free = True

    def open(self, requests: int | None, pace: Pace | None = None) -> None:
        """Begin a segment.

        Args:
            requests: How many tickets there are; None for no limit, until ``close``.
            pace: In place of the rate, where several processes share one.
        """
        self._free = False
        self._segment_open = True
        self._segment_number += 1
        self._admitted = 0
        self._late = self._late_without_user = self._unsent = self._most_in_flight = 0
        self._tickets = math.inf if requests is None else requests
        self._opened_at = self._last_completion = monotonic()
        first = Piece(0, self._opened_at, self._schedule[-1].interval)
        if pace:
            first = Piece(0, self._opened_at + pace.delay, 1 / pace.rate)
        self._schedule = deque([first])
        self._opened.set()

    def close(self) -> None:
        """Admit no more requests, and count those that were due and could not be sent in time."""
        if self._alarm and self._tickets > 0:
            # One that became due just now has not had the time to be sent.
            due = self._schedule[-1].due_until(monotonic() - ON_TIME_SECONDS) - self._admitted
            self._unsent = int(min(max(0, due), self._tickets))
            self._alarm.ring()
        self._tickets = 0
        self._opened.clear()
        if not self._flying:
            self.settled.set()

    def set_rate(self, rate: float) -> None:
        """Let requests be due at another rate from now on; what is due already stays so.

        Args:
            rate: Requests per second, of a gate that has had one from the start.
        """
        if self._alarm is None:
            raise ValueError("a gate without a rate has no schedule")
        now = monotonic()
        self._schedule.append(Piece(self._schedule[-1].due_until(now), now, 1 / rate))
        self._alarm.ring()

    def finish(self) -> Segment:
        """End the segment, once it is quiet, and return its counts."""
        self._segment_open = False
        arrivals = Arrivals(
            sent=self._admitted,
            unsent=self._unsent,
            late=self._late,
            late_without_user=self._late_without_user,
            most_in_flight=self._most_in_flight,
        )
        return Segment(
            self._admitted,
            self._last_completion - self._opened_at,
            arrivals if self._alarm else None,
        )

    def lateness_ms(self) -> float:
        """Return by how many milliseconds the current greenlet's latest request was sent late."""
        return 1000 * self._lateness.get(gevent.getcurrent(), 0.0)

    def admit(self) -> int:
        """Wait for a ticket and take it.

        Returns:
            The ticket, to be given to ``release``; 0 when the gate is free.
        """
        if self._held:
            ticket = self._take_over(gevent.getcurrent())
            if ticket:
                return ticket
        if self._tickets > 0 and self._alarm is None:
            return self._issue()
        return self._wait_for_ticket()

    def release(self, ticket: int) -> None:
        """Give a ticket back: what it was for is finished."""
        if self._flying.pop(ticket, None) is None:
            return
        if not self._flying:  # as after the last one
            self._last_completion = monotonic()
            if self._tickets <= 0:
                self.settled.set()

    def wait_open(self) -> None:
        """Wait while the gate is closed, without taking a ticket, and give back a held one."""
        self.let_go()
        while self._tickets <= 0 and not self._free:
            self._opened.wait()

    def hold(self, ticket: int) -> None:
        """Keep a ticket for what the current greenlet goes on doing.

        It is given back by ``let_go``, when the greenlet takes its next ticket, or when it ends.
        """
        if ticket:
            self._held[gevent.getcurrent()] = ticket

    def admit_task(self) -> None:
        """Take a ticket for a task; the first request of the task uses the same ticket."""
        ticket = self.admit()
        if ticket:
            self.hold(ticket)
            self._unspent.add(gevent.getcurrent())

    def let_go(self) -> None:
        """Give back the ticket that the current greenlet holds, if any."""
        if self._held:
            self._give_back(gevent.getcurrent())

    def let_go_of_the_dead(self) -> None:
        """Give back the tickets of greenlets that ended while they held one, and forget them."""
        for greenlet in [greenlet for greenlet in self._lateness if greenlet.dead]:
            del self._lateness[greenlet]
        for greenlet in [greenlet for greenlet in self._held if greenlet.dead]:
            self._give_back(greenlet)

    def _give_back(self, greenlet: gevent.Greenlet) -> None:
        self._unspent.discard(greenlet)
        self.release(self._held.pop(greenlet, 0))

    def _take_over(self, greenlet: gevent.Greenlet) -> int:
        """Return the unused ticket of the greenlet's task, or give back a used one."""
        if greenlet in self._unspent:
            self._unspent.remove(greenlet)
            return self._held.pop(greenlet)
        self._give_back(greenlet)
        return 0

    def _wait_for_ticket(self) -> int:
        came = monotonic()
        while not self._free:
            if self._tickets <= 0:
                self._opened.wait()
            elif self._alarm is None:
                return self._issue()
            elif ticket := self._issue_when_due(self._alarm, came):
                return ticket
        return 0

    def _issue_when_due(self, alarm: Alarm, came: float) -> int:
        """Wait until the next request is due; 0 when the segment ended meanwhile.

        Args:
            alarm: What wakes this greenlet.
            came: When the user was free.
        """
        number = self._segment_number
        with self._turn:  # the others queue up here, so that a stall leaves no gap in the schedule
            while self._has_tickets(number) and monotonic() < (due := self._next_due()):
                alarm.wait_until(due)
            if not self._has_tickets(number):
                return 0
            due = self._next_due()
            ticket = self._issue()
            lateness = self._flying[ticket] - due
            self._lateness[gevent.getcurrent()] = lateness
            if lateness > ON_TIME_SECONDS:
                self._late += 1
                self._late_without_user += came > due
            self._most_in_flight = max(self._most_in_flight, len(self._flying))
            return ticket

    def _next_due(self) -> float:
        """Return when the next request of the schedule is due."""
        while len(self._schedule) > 1 and self._schedule[1].first <= self._admitted:
            self._schedule.popleft()
        return self._schedule[0].due(self._admitted)

    def _has_tickets(self, segment: int) -> bool:
        return self._tickets > 0 and self._segment_number == segment

    def _issue(self) -> int:
        self._tickets -= 1
        self._admitted += 1
        self._flying[self._admitted] = monotonic()
        if self._tickets <= 0:
            self._opened.clear()
        return self._admitted
