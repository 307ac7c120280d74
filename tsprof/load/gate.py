"""The gate in front of the target: requests take a ticket before they are sent.

All of this runs in one gevent hub, where nothing is interrupted between two switches: plain
integers and dicts are enough, and a request costs well under a microsecond here.
"""

import math
from dataclasses import dataclass
from time import monotonic

import gevent
from gevent.event import Event

CATCH_UP_SECONDS = 0.1
"""With slots of 5 ms, one user and a busy machine: 183 of 200 requests per second without."""


@dataclass(frozen=True)
class Segment:
    """What the gate counted between its opening and the last completion."""

    admitted: int
    seconds: float


class Gate:
    """Admits counted requests, and knows when the last of them is finished.

    The gate starts out *free*: requests pass uncounted, so that the hooks of a Locust file can
    prepare the target. From ``engage`` on every request needs a ticket.
    """

    def __init__(self, rate: float | None) -> None:
        """Make a free gate.

        Args:
            rate: Requests per second to admit at most; None for no limit.
        """
        self.settled = Event()
        """Set when the gate is closed and nothing is in flight any more."""
        self._interval = None if rate is None else 1 / rate
        self._next_slot = 0.0
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

    def open(self, requests: int | None) -> None:
        """Begin a segment.

        Args:
            requests: How many tickets there are; None for no limit, until ``close``.
        """
        self._free = False
        self._segment_open = True
        self._segment_number += 1
        self._admitted = 0
        self._tickets = math.inf if requests is None else requests
        self._opened_at = self._last_completion = self._next_slot = monotonic()
        self._opened.set()

    def close(self) -> None:
        """Admit no more requests."""
        self._tickets = 0
        self._opened.clear()
        if not self._flying:
            self.settled.set()

    def finish(self) -> Segment:
        """End the segment, once it is quiet, and return its counts."""
        self._segment_open = False
        return Segment(self._admitted, self._last_completion - self._opened_at)

    def admit(self) -> int:
        """Wait for a ticket and take it.

        Returns:
            The ticket, to be given to ``release``; 0 when the gate is free.
        """
        if self._held:
            ticket = self._take_over(gevent.getcurrent())
            if ticket:
                return ticket
        if self._tickets > 0 and self._interval is None:
            return self._issue()
        return self._wait_for_ticket()

    def release(self, ticket: int) -> None:
        """Give a ticket back: what it was for is finished."""
        if self._flying.pop(ticket, None) is None:
            return
        self._last_completion = monotonic()
        if self._tickets <= 0 and not self._flying:
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
        """Give back the tickets of greenlets that ended while they held one."""
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
        while not self._free:
            if self._tickets <= 0:
                self._opened.wait()
            elif self._slot_came():
                return self._issue()
        return 0

    def _slot_came(self) -> bool:
        """Wait for the next time slot of the rate; False when the segment ended meanwhile.

        A slot that nobody took is caught up on for a tenth of a second, so that late wake-ups do
        not lower the rate; after a longer stall the load goes on without a burst.
        """
        if self._interval is None:
            return True
        number = self._segment_number
        now = monotonic()
        slot = max(self._next_slot, now - CATCH_UP_SECONDS)
        self._next_slot = slot + self._interval
        if slot > now:
            gevent.sleep(slot - now)
        return self._tickets > 0 and self._segment_number == number

    def _issue(self) -> int:
        self._tickets -= 1
        self._admitted += 1
        self._flying[self._admitted] = monotonic()
        if self._tickets <= 0:
            self._opened.clear()
        return self._admitted
