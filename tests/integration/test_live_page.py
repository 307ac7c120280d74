"""The page of a run in a real browser: in the middle, at the end, and when the target dies."""

import http.client
import json
import re
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from browser import CHROMIUM, browser
from command_line import SERVICE, CommandLine, Started, wait_for

ADDRESS = re.compile(r"live page: http://127\.0\.0\.1:(\d+)/\n")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def port_of(started: Started) -> int:
    """Read what is printed until the address of the page is there."""
    assert started.process.stderr is not None
    for line in started.process.stderr:
        if found := ADDRESS.fullmatch(line):
            return int(found[1])
    raise AssertionError("the address was not printed")


def service(tsprof: CommandLine, behaviour: str, *options: str) -> Started:
    return tsprof.start(
        *("baseline", "--url", "/", "--rate", "200", "--no-attribute", "--drain", "0", "--web"),
        *(*options, "--", sys.executable, SERVICE, "{port}", behaviour),
    )


def ask(
    port: int, path: str = "/", host: str = "", method: str = "GET"
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@needs_chromium
def test_a_run_is_followed_to_its_end(tsprof: CommandLine) -> None:
    started = service(tsprof, "leaks", "--duration", "60", "--criterion", "p99_ms < 5000")
    port = port_of(started)
    with browser(CHROMIUM or "", tsprof.folder) as tab:
        tab.open(f"http://127.0.0.1:{port}/")
        wait_for(lambda: tab.shown("#chart-owners .u-legend"), "the memory by owner")
        wait_for(lambda: tab.shown("h1") == "RUNNING measuring", "load")
        assert "of 1 min" in tab.shown("#time")
        for chart in ("throughput", "latency", "owners", "growth", "resources"):
            assert tab.value(f"!!document.querySelector('#chart-{chart} canvas')"), chart
        table = tab.shown(".blocks")
        assert re.search(r"requests/s\t\d+\t\d+\t", table), table
        assert re.search(r"p99\t[\d.]+ ms\t[\d.]+ ms\t< 5,000 ms\tmet", table), table
        assert "Cache" not in table
        assert tab.shown("#path") == ""
        middle = tsprof.folder / "middle.png"
        tab.screenshot(middle)
        started.signal(signal.SIGINT)
        finished = started.finish()
        wait_for(lambda: "exit code 130" in tab.shown("#time"), "the end")
        assert tab.shown("h1").startswith(finished.report["verdict"].upper())
        findings = tab.value("document.querySelectorAll('#findings article').length")
        assert findings == len(finished.report["findings"])
        assert "interrupted by the user" in tab.shown("#events")
        assert Path(tab.shown("#path")) == tsprof.run_folder / "report.html"
        assert tab.shown("#notice") == ""
        end = tsprof.folder / "end.png"
        tab.screenshot(end)
        assert tab.messages == []
    # Measured: 20 kB for a page of this size without charts.
    assert min(middle.stat().st_size, end.stat().st_size) > 60_000


@needs_chromium
def test_a_target_that_dies_is_seen_to(tsprof: CommandLine) -> None:
    started = service(tsprof, "is_killed", "--duration", "60", "--rate", "500")
    port = port_of(started)
    with browser(CHROMIUM or "", tsprof.folder) as tab:
        tab.open(f"http://127.0.0.1:{port}/")
        finished = started.finish()
        wait_for(lambda: tab.shown("h1").startswith("FAIL"), "the verdict")
        assert "the target died under load (killed by SIGKILL)" in tab.shown("body")
        assert "killed by SIGKILL" in tab.shown("#events")
        assert tab.shown("#path")
        assert tab.messages == []
    assert finished.code == 1


@needs_chromium
def test_a_tsprof_that_is_killed_is_missed(tsprof: CommandLine) -> None:
    started = service(tsprof, "answer", "--duration", "60")
    port = port_of(started)
    with browser(CHROMIUM or "", tsprof.folder) as tab:
        tab.open(f"http://127.0.0.1:{port}/")
        wait_for(lambda: tab.shown("h1") == "RUNNING measuring", "load")
        started.signal(signal.SIGKILL)
        wait_for(lambda: "No news from tsprof" in tab.shown("#notice"), "a notice")
        assert tab.shown("h1") == "RUNNING measuring"
        assert "requests/s" in tab.shown(".blocks")
    started.process.communicate()
    wait_for(lambda: tsprof.left() == [], "the guard to end the target")


def test_only_this_machine_is_answered_and_slow_clients_disturb_nobody(
    tsprof: CommandLine,
) -> None:
    started = service(tsprof, "answer", "--duration", "4")
    port = port_of(started)
    with ExitStack() as crowd:
        for number in range(9):
            client = crowd.enter_context(socket.create_connection(("127.0.0.1", port)))
            if number < 3:  # asks, and reads nothing
                client.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            elif number < 6:  # asks for half, and stays
                client.sendall(b"GET /events HTTP/1.1\r\nHo")
            else:
                client.close()
        response, page = ask(port)
        assert response.status == 200
        assert b"RUNNING" in page
        assert response.headers["Cache-Control"] == "no-store"
        for strange in ("evil.example", f"evil.example:{port}", "127.0.0.1:1"):
            response, body = ask(port, host=strange)
            assert (response.status, b"RUNNING" in body) == (421, False)
            assert ask(port, "/events", host=strange)[0].status == 421
        assert ask(port, host=f"localhost:{port}")[0].status == 200
        assert ask(port, "/../etc/passwd")[0].status == 404
        assert ask(port, method="POST")[0].status == 501
        served = psutil.Process(started.pid).net_connections("inet")
        own = [each.laddr.ip for each in served if each.laddr.port == port and not each.raddr]
        assert own == ["127.0.0.1"]
        response, body = ask(port, "/events")
        finished = started.finish()
    assert response.headers["Content-Type"] == "text/event-stream"
    states: list[dict[str, Any]] = [
        json.loads(part.removeprefix(b"data: ")) for part in body.split(b"\n\n") if part
    ]
    assert len(states) > 2
    assert [state["over"] for state in states] == [False] * (len(states) - 1) + [True]
    assert states[-1]["word"] == finished.report["verdict"].upper()
    assert states[-1]["run"] == tsprof.run_folder.name


def test_a_run_that_never_began_tells_its_page_why(tsprof: CommandLine) -> None:
    started = tsprof.start(
        *("check", "--url", "/", "--web", "--ready-timeout", "1"),
        *("--", sys.executable, "-c", "import time; time.sleep(60)"),
    )
    _, body = ask(port_of(started), "/events")
    last = json.loads(body.rstrip().rpartition(b"data: ")[2])
    assert started.finish().code == 4
    assert (last["over"], last["word"]) == (True, "NO REPORT")
    assert "ready" in last["sentence"]


def test_a_port_that_is_taken_is_said_in_one_line(tsprof: CommandLine, busy_port: int) -> None:
    finished = tsprof.check("--web", str(busy_port), "--", sys.executable, SERVICE, "{port}")
    assert finished.code == 2
    assert f"--web: port {busy_port} cannot be listened at" in finished.err
    assert not list((tsprof.home / "runs").glob("*"))
