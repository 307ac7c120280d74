"""The gate: counted admission, and knowing when nothing is in flight."""

import gc
import weakref
from collections.abc import Iterator
from time import monotonic

import gevent
import gevent.event
import pytest

from tsprof.load.gate import Gate
from tsprof.load.messages import Pace


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


def test_of_a_shared_rate_the_first_request_waits_for_its_turn() -> None:
    gate = Gate(rate=1000)
    for delay in (0.05, 0.0):
        began = monotonic()
        gate.open(3, Pace(rate=100, delay=delay))
        for _ in range(3):
            gate.release(gate.admit())
        assert monotonic() - began >= delay + 2 / 100
        gate.finish()
    gate.open(None, Pace(rate=1, delay=60.0))
    gate.close()
    arrivals = gate.finish().arrivals
    assert arrivals is not None
    assert arrivals.due == 0


def test_what_a_stall_held_back_is_sent_late_and_none_is_left_out() -> None:
    gate = Gate(rate=100)
    gate.open(30)
    gate.admit()
    gevent.sleep(0.2)
    late = []
    for _ in range(29):
        gate.admit()
        late.append(gate.lateness_ms())
    assert late[0] >= 180
    assert late[:10] == sorted(late[:10], reverse=True)
    for ticket in range(1, 31):
        gate.release(ticket)
    segment = gate.finish()
    assert segment.seconds >= 29 / 100
    assert segment.arrivals is not None
    assert (segment.arrivals.sent, segment.arrivals.unsent) == (30, 0)
    assert segment.arrivals.late >= segment.arrivals.late_without_user >= 15
    assert segment.arrivals.most_in_flight == 30


def test_what_was_due_and_found_no_user_before_the_end_is_counted() -> None:
    gate = Gate(rate=100)
    gate.open(None)
    gate.admit()
    gevent.sleep(0.1)
    gate.close()
    gate.release(1)
    arrivals = gate.finish().arrivals
    assert arrivals is not None
    assert arrivals.sent == 1
    assert arrivals.unsent >= 8
    gate.open(3)
    gate.admit()
    gevent.sleep(0.1)
    gate.close()
    gate.release(1)
    arrivals = gate.finish().arrivals
    assert arrivals is not None
    assert (arrivals.unsent, arrivals.due) == (2, 3)


def test_a_request_that_becomes_due_at_the_end_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tsprof.load.gate.monotonic", lambda: 50.0)
    gate = Gate(rate=100)
    gate.open(None)
    gate.release(gate.admit())
    # The second is due since 2 ms.
    monkeypatch.setattr("tsprof.load.gate.monotonic", lambda: 50.012)
    gate.close()
    arrivals = gate.finish().arrivals
    assert arrivals is not None
    assert (arrivals.sent, arrivals.unsent) == (1, 0)


def test_users_that_wait_for_a_far_slot_are_there_when_the_next_segment_opens() -> None:
    gate = Gate(rate=0.2)
    users = Users(gate, 3)
    for _ in range(2):
        began = monotonic()
        gate.open(None)
        gevent.sleep(0.01)
        gate.close()
        settle(gate)
        arrivals = gate.finish().arrivals
        assert arrivals is not None
        assert (arrivals.sent, arrivals.unsent, arrivals.late_without_user) == (1, 0, 0)
        assert monotonic() - began < 5
    gevent.killall(users.greenlets)


def test_a_user_that_is_killed_while_it_waits_for_its_slot_leaves_it_to_the_next() -> None:
    gate = Gate(rate=20)
    gate.open(2)
    gate.admit()
    waiting = gevent.spawn(gate.admit)
    gevent.sleep(0)
    waiting.kill()
    assert gate.admit() == 2


def test_the_lateness_of_a_greenlet_that_ended_is_forgotten() -> None:
    gate = Gate(rate=1000)
    gate.open(1)
    greenlet = gevent.spawn(gate.admit)
    greenlet.join()
    gevent.sleep(0)  # what woke this greenlet up was that one
    ended = weakref.ref(greenlet)
    del greenlet
    gc.collect()
    assert ended() is not None
    gate.let_go_of_the_dead()
    gc.collect()
    assert ended() is None


def test_without_a_rate_there_is_no_schedule(gate: Gate) -> None:
    gate.open(1)
    gate.release(gate.admit())
    assert gate.finish().arrivals is None
    assert gate.lateness_ms() == 0


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
