"""Locust's own page beside a run: it shows the load and cannot change it."""

import http.client
import json
import re
import sys
from typing import Any

from command_line import SERVICE, CommandLine, Started, wait_for

ADDRESS = re.compile(r"Locust's page, to look at only: http://127\.0\.0\.1:(\d+)/\n")


def started_with_page(tsprof: CommandLine, *options: str) -> tuple[Started, int]:
    started = tsprof.start(
        *("baseline", "--url", "/", "--rate", "100", "--users", "4", "--duration", "6"),
        *("--no-attribute", "--drain", "0", "--locust-ui", "0", *options),
        *("--", sys.executable, SERVICE, "{port}", "answer"),
    )
    assert started.process.stderr is not None
    for line in started.process.stderr:
        if found := ADDRESS.fullmatch(line):
            return started, int(found[1])
    raise AssertionError("the address was not printed")


def ask(
    port: int, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, bytes, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, body, {**form, **headers})
    response = connection.getresponse()
    answer = response.status, response.read(), response.headers
    connection.close()
    return answer


def statistics(port: int) -> Any:
    return json.loads(ask(port, "/stats/requests")[1])


def test_the_page_shows_the_load_and_refuses_to_change_it(tsprof: CommandLine) -> None:
    started, port = started_with_page(tsprof)
    wait_for(lambda: statistics(port)["state"] == "running", "the users")
    status, page, headers = ask(port, "/", Origin="http://evil.example")
    assert status == 200
    assert b"not started, changed or stopped" in page
    assert b"templateArgs" in page
    assert headers["Access-Control-Allow-Origin"] is None
    (script,) = re.findall(rb'src="\./(assets/[^"]+)"', page)
    assert ask(port, f"/{script.decode()}")[0] == 200
    swarm = "user_count=50&spawn_rate=50&host=http://127.0.0.1:1"
    status, body, _ = ask(port, "/swarm", "POST", swarm)
    assert (status, json.loads(body)["success"]) == (200, False)
    for method, path in (
        ("POST", "/stop"),
        ("GET", "/stop"),
        ("GET", "/stats/reset"),
        ("POST", "/user"),
        ("POST", "/"),
        ("GET", "/anything"),
    ):
        assert ask(port, path, method)[0] == 403, path
    assert ask(port, "/", Host="evil.example")[0] == 421
    for path in ("/tasks", "/exceptions", "/logs", "/stats/report", "/stats/requests/csv"):
        assert ask(port, path)[0] == 200, path
    shown = wait_for(lambda: seen_with_percentiles(port), "current percentiles")
    assert shown["user_count"] == 4
    assert {entry["name"] for entry in shown["stats"]} == {"/", "Aggregated"}
    report = started.finish().report
    assert report["failures"] == 0
    # A start from the page would have sent to another port, without a rate, from 50 users.
    assert report["latency"]["requests_per_second"] < 120


def seen_with_percentiles(port: int) -> Any:
    seen = statistics(port)
    return seen if seen["current_response_time_percentiles"]["response_time_percentile_0.95"] else 0


def test_the_master_shows_what_all_workers_send(tsprof: CommandLine) -> None:
    started, port = started_with_page(tsprof, "--load-processes", "2")
    shown = wait_for(lambda: two_at_work(port), "both workers")
    assert shown["user_count"] == 4
    assert ask(port, "/stop", "POST")[0] == 403
    assert started.finish().report["failures"] == 0


def two_at_work(port: int) -> Any:
    seen = statistics(port)
    at_work = [worker for worker in seen.get("workers", ()) if worker["user_count"] == 2]
    return seen if len(at_work) == 2 and seen["user_count"] == 4 else None


def test_a_port_that_is_taken_is_said_in_one_line(tsprof: CommandLine, busy_port: int) -> None:
    command = (sys.executable, SERVICE, "{port}")
    finished = tsprof.check("--locust-ui", str(busy_port), "--", *command)
    assert finished.code == 2
    assert f"--locust-ui: port {busy_port} cannot be listened at" in finished.err
