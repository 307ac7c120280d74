"""The gate: counted admission, and knowing when nothing is in flight."""

from collections.abc import Iterator
from time import monotonic

import gevent
import gevent.event
import pytest

from tsprof.load.gate import CATCH_UP_SECONDS, Gate


class Users:
    """Greenlets that take tickets in a loop and stay in flight while told to."""

    def __init__(self, gate: Gate, number: int) -> None:
        self.gate = gate
        self.sent = 0
        self.answers = gevent.event.Event()
        self.answers.set()
        self.greenlets = [gevent.spawn(self._run) for _ in range(number)]

    def _run(self) -> None:
        while True:
            ticket = self.gate.admit()
            self.sent += 1
            gevent.sleep(0)
            self.answers.wait()
            self.gate.release(ticket)


@pytest.fixture
def gate() -> Gate:
    gate = Gate(rate=None)
    gate.engage()
    return gate


@pytest.fixture
def users(gate: Gate) -> Iterator[Users]:
    users = Users(gate, 7)
    yield users
    gevent.killall(users.greenlets)


def settle(gate: Gate) -> None:
    """Wait until the gate says that it is quiet."""
    with gevent.Timeout(10):
        while not gate.is_quiet:
            gate.settled.wait()
            gate.settled.clear()


@pytest.mark.parametrize("tickets", [1, 6, 7, 8, 1000])
def test_admits_exactly_the_tickets_of_each_segment(gate: Gate, users: Users, tickets: int) -> None:
    for number in range(1, 4):
        gate.open(tickets)
        settle(gate)
        gevent.sleep(0.002)
        assert users.sent == number * tickets
        assert gate.finish().admitted == tickets
        assert (gate.in_flight, gate.is_open, gate.is_quiet) == (0, False, False)


def test_without_a_number_it_stays_open_until_it_is_closed(gate: Gate, users: Users) -> None:
    gate.open(None)
    gevent.sleep(0.01)
    assert gate.is_open
    gate.close()
    settle(gate)
    sent = users.sent
    gevent.sleep(0.005)
    assert users.sent == sent == gate.finish().admitted > 7


def test_is_not_quiet_while_requests_are_in_flight(gate: Gate, users: Users) -> None:
    users.answers.clear()
    gate.open(3)
    gevent.sleep(0.02)
    assert (gate.in_flight, gate.is_open, gate.is_quiet) == (3, False, False)
    assert gate.oldest_seconds >= 0.01
    users.answers.set()
    settle(gate)
    assert gate.oldest_seconds == 0
    assert gate.finish().seconds >= 0.01


def test_closing_an_idle_gate_is_quiet_at_once(gate: Gate) -> None:
    gate.open(None)
    gate.close()
    assert gate.settled.is_set()
    assert gate.is_quiet
    assert gate.finish().admitted == 0


def test_a_free_gate_admits_and_counts_nothing() -> None:
    gate = Gate(rate=None)
    ticket = gate.admit()
    gate.wait_open()
    assert gate.in_flight == 0
    gate.release(ticket)
    assert not gate.is_quiet


def test_a_user_that_is_killed_while_waiting_takes_no_ticket(gate: Gate) -> None:
    waiting = gevent.spawn(gate.admit)
    gevent.sleep(0)
    waiting.kill()
    gate.open(1)
    assert gate.admit() == 1


@pytest.mark.parametrize("tickets", [12, None])
def test_a_rate_spaces_the_tickets(tickets: int | None) -> None:
    gate = Gate(rate=200)
    gate.engage()
    users = Users(gate, 30)
    began = monotonic()
    gate.open(tickets)
    if tickets is None:
        gevent.sleep(0.06)
        gate.close()
    settle(gate)
    admitted = gate.finish().admitted
    assert 0 < admitted <= (monotonic() - began) * 200 + 1
    assert admitted == users.sent
    # The users still wait for slots of the first segment; they must not crowd into the next.
    began = monotonic()
    gate.open(12)
    settle(gate)
    assert monotonic() - began >= 11 / 200
    assert gate.finish().admitted == 12
    gevent.killall(users.greenlets)


def test_after_a_stall_the_rate_goes_on_without_a_long_burst() -> None:
    gate = Gate(rate=100)
    gate.open(None)
    gate.admit()
    gevent.sleep(0.4)
    began = monotonic()
    for _ in range(25):
        gate.admit()
    assert monotonic() - began >= (25 - 1) / 100 - CATCH_UP_SECONDS - 0.001


def test_a_task_keeps_its_ticket_to_its_end(gate: Gate) -> None:
    finish = gevent.event.Event()

    def task() -> None:
        gate.admit_task()
        finish.wait()
        gate.let_go()

    gate.open(1)
    greenlet = gevent.spawn(task)
    gevent.sleep(0)
    assert (gate.in_flight, gate.is_open) == (1, False)
    finish.set()
    greenlet.join()
    assert gate.is_quiet


def test_the_first_request_of_a_task_uses_the_ticket_of_the_task(gate: Gate) -> None:
    gate.open(2)
    gate.admit_task()
    gate.release(gate.admit())
    assert gate.in_flight == 0
    gate.release(gate.admit())
    gate.let_go()
    assert gate.is_quiet
    assert gate.finish().admitted == 2


def test_a_held_ticket_is_back_when_its_greenlet_takes_the_next(gate: Gate) -> None:
    gate.open(2)
    gate.hold(gate.admit())
    assert gate.in_flight == 1
    ticket = gate.admit()
    assert gate.in_flight == 1
    gate.release(ticket)
    assert gate.is_quiet


def test_a_held_ticket_is_back_when_its_greenlet_begins_a_task(gate: Gate) -> None:
    gate.open(2)
    gate.hold(gate.admit())
    gate.wait_open()
    assert gate.in_flight == 0


def test_a_held_ticket_is_back_when_its_greenlet_has_ended(gate: Gate) -> None:
    gate.open(1)
    gevent.spawn(lambda: gate.hold(gate.admit())).join()
    assert not gate.is_quiet
    gate.let_go_of_the_dead()
    assert gate.is_quiet


def test_waiting_for_the_gate_to_open_takes_no_ticket(gate: Gate) -> None:
    waiting = gevent.spawn(gate.wait_open)
    gevent.sleep(0)
    assert not waiting.dead
    gate.open(1)
    waiting.join(timeout=5)
    assert waiting.successful()
    assert (gate.in_flight, gate.is_open) == (0, True)


def test_letting_go_twice_gives_back_one_ticket(gate: Gate) -> None:
    gate.open(2)
    first, second = gate.admit(), gate.admit()
    gate.release(first)
    gate.release(first)
    assert gate.in_flight == 1
    gate.release(second)
    assert gate.in_flight == 0
