"""Load with a rate: requests are due when they are due, whatever the target does."""

from pathlib import Path

import pytest
from load_targets.loading import USERS, Loads, segment, ticks_until, to_the_end
from load_targets.server import CountingServer
from load_targets.stalling import StallingServer

from tsprof.load.client import LoadProcess
from tsprof.load.spec import LoadSpec

RATE = 61.618
"""No whole number, so that the requests of ten seconds meet the stalls at different moments."""


@pytest.mark.alone
def test_the_latency_of_a_stalling_target_is_that_of_whoever_comes(tmp_path: Path) -> None:
    """A stall of 0.2 s in each second makes 0.2 - x of all who come wait for longer than x.

    A busy machine adds to it; benchmarks/open_model.py holds it to 5 % on an idle one.
    """
    with StallingServer() as server:
        spec = LoadSpec(server.host, users=2, paths=("/",), rate=RATE)
        with LoadProcess.start(spec, tmp_path / "load.log") as load:
            _, quiet = segment(load, round(8 * RATE))
    due, sent = quiet.latency, quiet.latency_sent
    assert sent is not None
    for percent, expected_ms in ((90, 100.0), (95, 150.0), (99, 190.0)):
        found = due.percentile(percent)
        assert found is not None
        assert 0.95 * expected_ms <= found <= 1.5 * expected_ms
    # Two of the twelve that come within a stall are under way; the others are not even sent.
    assert (sent.percentile(90) or 0.0) < 50
    assert quiet.arrivals is not None
    assert (quiet.arrivals.due, quiet.arrivals.most_in_flight) == (round(8 * RATE), 2)
    assert quiet.arrivals.late_without_user > 0.1 * quiet.arrivals.due


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser", "LeanHttpUser"])
def test_what_a_request_waited_for_its_user_is_in_its_latency(user: str, loads: Loads) -> None:
    """One user, busy for 20 ms with each request, of which one is due every 5 ms."""
    load = loads.start(
        f"""
        from locust import FastHttpUser, HttpUser, task
        from tsprof.load import LeanHttpUser

        class MyUser({user}):
            @task
            def slow(self):
                with self.client.get("/slow", catch_response=True) as response:
                    response.success()
        """,
        users=1,
        rate=200,
    )
    _, quiet = segment(load, 20)
    assert quiet.latency.max_ms >= 19 * (20 - 5)
    assert quiet.latency_sent is not None
    assert quiet.latency_sent.max_ms < quiet.latency.max_ms - 100
    assert [endpoint.latency for endpoint in quiet.endpoints] == [quiet.latency]


def test_a_target_that_cannot_keep_up_ends_its_segment_and_starts_the_next_without_debt(
    loads: Loads, server: CountingServer
) -> None:
    load = loads.start(paths=("/slow",), users=2, rate=1000)
    load.open_gate(None)
    ticks_until(load, lambda tick: tick.seconds > 0.5)
    load.close_gate()
    _, quiet = to_the_end(load)
    assert quiet.arrivals is not None
    assert quiet.arrivals.sent == quiet.completed == server.count
    assert quiet.arrivals.unsent > quiet.completed
    assert quiet.arrivals.most_in_flight == quiet.users == 2
    _, quiet = segment(load, 2)
    assert quiet.latency.max_ms < 500


def test_users_that_wait_between_requests_are_not_ready_before(loads: Loads) -> None:
    load = loads.start(
        """
        from locust import HttpUser, constant, task

        class MyUser(HttpUser):
            wait_time = constant(0.2)

            @task
            def index(self):
                self.client.get("/")
        """,
        rate=1000,
    )
    _, quiet = segment(load, 3 * USERS)
    assert quiet.arrivals is not None
    assert quiet.seconds >= 2 * 0.2
    assert quiet.arrivals.late_without_user >= USERS
    assert quiet.arrivals.most_in_flight <= USERS
