"""What one core makes, measured with the real load against the real stand-in."""

import socket
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tsprof.capacity.calibration import calibrate
from tsprof.capacity.stand_in import stand_in
from tsprof.errors import UsageError

LOCUSTFILE = """
from locust import HttpUser, task

class MyUser(HttpUser):
    @task
    def order(self):
        self.client.post("/order", json={"items": list(range(100))})

    @task
    def wrong(self):
        with self.client.get("/", catch_response=True) as response:
            response.failure("not what I want")
"""


def test_users_that_cost_more_make_fewer_requests_per_core(tmp_path: Path) -> None:
    locustfile = tmp_path / "heavy.py"
    locustfile.write_text(LOCUSTFILE)
    before = set(psutil.Process().children(recursive=True))
    plain = calibrate(None, ("/", "/items"))
    heavy = calibrate(locustfile, ())
    assert set(psutil.Process().children(recursive=True)) <= before
    # Some 40 and 700 us of CPU per request: whatever the machine does besides, they are far apart.
    assert plain.per_core > 3 * heavy.per_core > 0
    assert plain.requests > 1_000
    assert plain.failures == 0
    assert 0 < heavy.failures < heavy.requests


def test_a_load_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        calibrate(tmp_path / "none.py", ())
    with pytest.raises(UsageError, match="does not start with a slash"):
        calibrate(None, ("items",))


def test_the_stand_in_answers_bodies_pipelines_and_nonsense() -> None:
    with stand_in() as host:
        address = ("127.0.0.1", int(host.rpartition(":")[2]))
        with socket.create_connection(address, 10) as client:
            client.sendall(
                b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n"
            )
            answer = b""
            while answer.count(b'{"status":"ok"}') < 2:
                answer += client.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        with socket.create_connection(address, 10) as client:
            client.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
            with suppress(ConnectionResetError):
                assert client.recv(4096) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 10)
