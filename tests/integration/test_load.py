"""The load process against real servers: counts, quiet, hooks."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from load_targets.loading import USERS, Loads, segment, ticks_until, to_the_end, write
from load_targets.locustfiles import HOOKS, TASK_BY_TASK
from load_targets.server import CountingServer
from waiting import wait_until

from tsprof.errors import LoadError


@pytest.mark.parametrize("kind", TASK_BY_TASK)
def test_each_segment_sends_its_requests_and_no_other(
    kind: str, loads: Loads, server: CountingServer
) -> None:
    load = loads.start(TASK_BY_TASK[kind])
    total = 0
    for requests in (1, USERS - 1, USERS, 100, 3, 50, 200):
        ticks, quiet = segment(load, requests)
        total += requests
        assert server.count == total
        assert quiet.admitted == quiet.completed == requests
        assert sum(endpoint.requests for endpoint in quiet.endpoints) == requests
        assert quiet.latency.count == requests
        assert sum(tick.requests for tick in ticks) == requests
        assert (quiet.failures, quiet.exceptions, load.failure_samples) == (0, 0, ())
        assert quiet.seconds > 0
        assert all(tick.users == USERS for tick in ticks)
        assert (ticks[-1].in_flight, ticks[-1].open) == (0, False)
        assert server.active == 0
    time.sleep(0.3)
    assert load.poll(0) == []
    assert server.count == total


def test_paths_are_requested_in_turn(loads: Loads, server: CountingServer) -> None:
    load = loads.start(paths=("/a", "/b?page=1", "/c d"))
    for _ in range(3):
        _, quiet = segment(load, 60)
        assert {endpoint.name: endpoint.requests for endpoint in quiet.endpoints} == {
            "/a": 20,
            "/b?page=1": 20,
            "/c d": 20,
        }
    assert server.paths == {"/a": 60, "/b?page=1": 60, "/c%20d": 60}


def test_users_that_send_nothing_let_the_others_run(loads: Loads, server: CountingServer) -> None:
    load = loads.start("""
        from locust import FastHttpUser, constant, task

        class Busy(FastHttpUser):
            wait_time = constant(0)

            @task
            def compute(self):
                sum(range(100))

        class Asking(FastHttpUser):
            wait_time = constant(0)

            @task
            def index(self):
                self.client.get("/")
    """)
    _, quiet = segment(load, 50)
    assert quiet.completed == server.count == 50


def test_paths_are_requested_on_new_connections_now_and_then(
    loads: Loads, server: CountingServer
) -> None:
    _, quiet = segment(loads.start(paths=("/",)), 500)
    assert quiet.failures == 0
    assert 500 / 50 < server.connections <= 500 / 50 + USERS


def test_all_of_many_users_send_at_the_same_time(loads: Loads, server: CountingServer) -> None:
    load = loads.start(paths=("/hang",), users=300)
    load.open_gate(300)
    wait_until(lambda: server.active == 300)
    server.answers.set()
    assert to_the_end(load)[1].completed == 300
    for requests in (1000, 50):
        before = server.count
        assert segment(load, requests)[1].completed == requests
        assert server.count - before == requests


def test_an_open_gate_ticks_until_it_is_closed(loads: Loads, server: CountingServer) -> None:
    load = loads.start(paths=("/",))
    load.open_gate(None)
    with pytest.raises(LoadError, match="quiet"):
        load.open_gate(1)
    first = ticks_until(load, lambda tick: tick.requests > 0)
    second = ticks_until(load, lambda tick: tick.second > first.second)
    assert first.open
    assert second.cpu_seconds > first.cpu_seconds
    load.close_gate()
    _, quiet = to_the_end(load)
    assert quiet.admitted == quiet.completed == server.count
    assert segment(load, 10)[1].admitted == 10
    with pytest.raises(ValueError, match="0 requests"):
        load.open_gate(0)


def test_the_rate_is_not_exceeded(loads: Loads) -> None:
    load = loads.start(paths=("/",), rate=100)
    for _ in range(2):
        assert segment(load, 40)[1].seconds >= 39 / 100


def test_a_redirect_is_one_request(loads: Loads, server: CountingServer) -> None:
    load = loads.start(paths=("/redirect",))
    assert segment(load, 20)[1].completed == 20
    assert server.paths == {"/redirect": 20, "/": 20}


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser", "LeanHttpUser"])
def test_is_not_quiet_while_a_body_streams(user: str, loads: Loads, server: CountingServer) -> None:
    load = loads.start(f"""
        from locust import FastHttpUser, HttpUser, task
        from tsprof.load import LeanHttpUser

        class MyUser({user}):
            @task
            def stream(self):
                response = self.client.get("/stream", stream=True)
                for _ in response.iter_content(1):
                    pass
    """)
    _, quiet = segment(load, USERS + 3)
    assert server.active == 0
    assert server.count == quiet.admitted == USERS + 3
    assert quiet.seconds >= 0.3


def test_a_response_that_is_judged_after_further_requests_does_not_hold_up(
    loads: Loads, server: CountingServer
) -> None:
    load = loads.start("""
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                with self.client.get("/outer", catch_response=True) as response:
                    self.client.get("/inner")
                    response.failure("judged")
    """)
    completed = 0
    for number in range(1, 6):
        _, quiet = segment(load, 25)
        completed += quiet.completed
        assert (quiet.admitted, server.count) == (25, number * 25)
        assert number * 25 - USERS <= completed <= number * 25


def test_users_that_sleep_between_tasks_are_quiet_at_once(
    loads: Loads, server: CountingServer
) -> None:
    load = loads.start("""
        from locust import HttpUser, constant, task

        class MyUser(HttpUser):
            wait_time = constant(3600)

            @task
            def index(self):
                self.client.get("/")
    """)
    load.open_gate(None)
    wait_until(lambda: server.count == USERS)
    load.close_gate()
    assert to_the_end(load)[1].admitted == USERS


def test_hooks_and_what_stands_beside_a_locust_file(
    loads: Loads, server: CountingServer, tmp_path: Path
) -> None:
    write(tmp_path / "helper_beside.py", "PATH = '/from-beside'")
    write(tmp_path / "lazy_beside.py", "VALUE = 'lazy'")
    load = loads.start(HOOKS, users=2)
    assert [note.split(" ")[0] for note in load.notes] == ["Stages"]
    assert server.count == 0
    assert segment(load, 10)[1].admitted == 10
    assert server.paths == {"/prepare": 1, "/from-beside": 10}
    load.stop()
    assert server.paths["/logout"] == 2
    said = [
        line.removeprefix("HOOK ")
        for line in loads.log.read_text(encoding="utf-8").splitlines()
        if line.startswith("HOOK")
    ]
    assert said == [
        "init /prefix BoundedRunner None",
        "test_start lazy",
        *["on_start"] * 2,
        "quitting",
        *["on_stop"] * 2,
        "test_stop 13 0",
    ]


def test_exceptions_in_tasks_are_counted_and_the_users_go_on(loads: Loads) -> None:
    load = loads.start("""
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                self.client.get("/fail")
                raise KeyError("mine")
    """)
    ticks, quiet = segment(load, 50)
    assert (quiet.admitted, quiet.completed, quiet.failures) == (50, 50, 50)
    # A user that waits for its next ticket has raised; one that got the last may raise later.
    assert 50 - USERS <= quiet.exceptions <= 50
    assert ticks[-1].users == USERS
    samples = {sample.message: sample.count for sample in load.failure_samples}
    assert samples["MyUser: KeyError('mine')"] == quiet.exceptions
    assert sum(samples.values()) == 50 + quiet.exceptions
    assert segment(load, 20)[1].admitted == 20


def test_refused_connections_are_failures_and_do_not_spin(
    loads: Loads, server: CountingServer
) -> None:
    load = loads.start(paths=("/",))
    server.shutdown()  # or its thread would go on to listen for a while
    server.server_close()
    began = time.monotonic()
    load.open_gate(None)
    ticks_until(load, lambda tick: tick.seconds > 0.9)
    load.close_gate()
    _, quiet = to_the_end(load)
    assert quiet.failures == quiet.completed == quiet.admitted
    assert 0 < quiet.completed <= USERS * ((time.monotonic() - began) / 0.010 + 1)
    assert "connection refused" in load.failure_samples[0].message
    assert sum(sample.count for sample in load.failure_samples) == quiet.failures


def test_a_hung_target_shows_as_requests_in_flight(loads: Loads, server: CountingServer) -> None:
    load = loads.start(paths=("/hang",))
    load.open_gate(3)
    tick = ticks_until(load, lambda tick: tick.oldest_seconds > 1.5)
    assert (tick.in_flight, tick.open, tick.requests) == (3, False, 0)
    server.answers.set()
    assert to_the_end(load)[1].completed == 3


def test_the_supervisors_side_imports_neither_locust_nor_gevent() -> None:
    code = (
        "import json, sys, tsprof.load.client, tsprof.load.spec, tsprof.load.messages;"
        "print(json.dumps([name for name in ('locust', 'gevent') if name in sys.modules]))"
    )
    output = subprocess.check_output([sys.executable, "-c", code])
    assert json.loads(output) == []


def test_the_same_seed_picks_the_same_tasks(loads: Loads, server: CountingServer) -> None:
    mixes = []
    for _ in range(2):
        server.paths.clear()
        load = loads.start(TASK_BY_TASK["many tasks"], users=1, seed=3)
        segment(load, 100)
        load.stop()
        mixes.append(dict(server.paths))
    assert mixes[0] == mixes[1]
    assert len(mixes[0]) > 5
