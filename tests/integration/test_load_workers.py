"""Several load processes: exact counts over all of them, and what becomes of one that is lost."""

import os
import signal
from functools import partial

import pytest
from load_targets.loading import (
    USERS,
    Loads,
    events_until,
    is_gone,
    reason_of_loss,
    segment,
    ticks_until,
    to_the_end,
)
from load_targets.server import CountingServer
from waiting import wait_until

from tsprof.errors import LoadError
from tsprof.load.messages import Quiet, Tick, WorkerLost
from tsprof.load.spec import Workers

TWO = Workers(local=2)


def test_each_segment_sends_its_requests_over_all_processes(
    loads: Loads, server: CountingServer
) -> None:
    load = loads.start(paths=("/", "/fail"), workers=TWO)
    assert len(load.pids) == 2
    total = 0
    for requests in (1, USERS - 1, 100, 3, 200):
        ticks, quiet = segment(load, requests)
        total += requests
        assert server.count == total
        assert quiet.admitted == quiet.completed == quiet.latency.count == requests
        assert sum(endpoint.requests for endpoint in quiet.endpoints) == requests
        assert sum(cost.requests for cost in quiet.processes) == requests
        assert quiet.failures == sum(e.failures for e in quiet.endpoints if e.name == "/fail")
        assert sum(tick.requests for tick in ticks) == requests
        assert sum(tick.failures for tick in ticks) == quiet.failures
        assert not quiet.uncertain
        if requests >= USERS:
            assert [cost.requests for cost in quiet.processes] == [requests / 2] * 2
            assert ticks[-1].users == USERS
        assert server.active == 0
    assert load.failure_samples[0].message == "GET /fail: HTTP 500"
    assert load.failure_samples[0].count == server.paths["/fail"]
    load.open_gate(None)
    first = ticks_until(load, lambda tick: tick.requests > 0)
    load.close_gate()
    rest, quiet = to_the_end(load)
    assert first.requests + sum(tick.requests for tick in rest) == quiet.completed
    assert quiet.admitted == quiet.completed == server.count - total


def test_a_lost_process_ends_the_segment_and_the_others_take_its_part(
    loads: Loads, server: CountingServer
) -> None:
    load = loads.start(paths=("/",), workers=Workers(local=4))
    segment(load, 30)
    os.kill(load.pids[0], signal.SIGKILL)  # between segments: nothing is uncertain
    events_until(load, lambda event: isinstance(event, WorkerLost))
    _, quiet = segment(load, 30)
    assert (quiet.completed, quiet.uncertain, server.count) == (30, False, 60)

    for number, sign in ((signal.SIGKILL, "signal SIGKILL"), (signal.SIGSTOP, "no sign of life")):
        began = server.count
        load.open_gate(None)
        first = ticks_until(load, lambda tick: tick.requests > 0)
        victim = load.pids[0]
        os.kill(victim, number)
        *events, quiet = events_until(load, lambda event: isinstance(event, Quiet))
        assert isinstance(quiet, Quiet)
        assert quiet.uncertain
        (lost,) = [event for event in events if isinstance(event, WorkerLost)]
        assert sign in lost.reason
        counted = first.requests + sum(e.requests for e in events if isinstance(e, Tick))
        assert quiet.completed == counted <= server.count - began
        wait_until(partial(is_gone, victim))  # a stopped one is ended, lest it goes on
        wait_until(lambda: server.active == 0)
        before = server.count
        ticks, quiet = segment(load, 100)
        assert quiet.completed == server.count - before == 100
        assert not quiet.uncertain
        assert ticks[-1].users == USERS

    os.kill(load.pids[0], signal.SIGKILL)
    assert "no load process is left; load process 4" in reason_of_loss(load)


def test_users_that_end_all_are_a_lost_load(loads: Loads) -> None:
    load = loads.start(
        """
        from locust import HttpUser, task

        class MyUser(HttpUser):
            def on_start(self):
                raise KeyError("nobody")

            @task
            def index(self):
                self.client.get("/")
        """,
        workers=TWO,
    )
    load.open_gate(100)
    events_until(load, lambda event: "KeyError('nobody')" in getattr(event, "reason", ""))


def test_a_process_that_cannot_start_is_told_at_once(loads: Loads) -> None:
    with pytest.raises(LoadError, match=r"load process 1.*exit status 1.*only for a worker"):
        loads.start(
            """
            from locust import HttpUser, events, task
            from locust.runners import WorkerRunner

            @events.init.add_listener
            def init(environment, **_):
                if isinstance(environment.runner, WorkerRunner):
                    raise ValueError("only for a worker")

            class MyUser(HttpUser):
                @task
                def index(self):
                    self.client.get("/")
            """,
            workers=Workers(local=1, expected=1),
        )
