"""When a target is ready, told by its port, its answers and its log."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tsprof.supervisor.launch import free_port
from tsprof.supervisor.readiness import readiness


def ready_by(
    ready: str | None, host: str, *paths: str, log: Path = Path("/dev/null")
) -> Callable[[], bool]:
    return readiness(ready, host, paths, log)[0]


def within_a_minute(check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_port_that_accepts_is_enough_where_that_is_asked_for_or_nothing_is_requested() -> None:
    host = f"http://127.0.0.1:{free_port()}"
    assert not ready_by("tcp", host, "/")()
    with socket.create_server(("127.0.0.1", int(host.rpartition(":")[2]))):
        assert ready_by("tcp", host, "/")()
        assert ready_by(None, host)()


@pytest.mark.parametrize(
    "reaction",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 500 Oh\r\n\r\n", b"\x00 no HTTP at all", b""],
    ids=["200", "500", "no HTTP", "end"],
)
def test_a_server_that_listens_is_ready_once_it_reacts_to_a_request(reaction: bytes) -> None:
    port = free_port()
    check = ready_by(None, f"http://127.0.0.1:{port}", "/items")
    assert not check()
    with socket.create_server(("127.0.0.1", port)) as server:
        for _ in range(3):
            assert not check()
        connection, _ = server.accept()
        with connection:
            assert connection.recv(65536).startswith(b"GET /items HTTP/1.1\r\nHost: 127.0.0.1:")
            connection.sendall(reaction)
        assert within_a_minute(check)
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):  # one request was sent, and no other
            server.accept()


@pytest.fixture
def answer() -> Iterator[tuple[str, list[bytes]]]:
    """A server that sends what stands in the list to everyone, whatever they ask."""
    content: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(content[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", content
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("content", "ready"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 503 Not Yet\r\ncontent-length: 0\r\n\r\n", False),
        (b"", False),
        (b"\x00\xff\x13 no HTTP at all\r\n\r\n", False),
        (b"HTTP/1.1 " + b"x" * 100_000, False),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n", False),
        (b"HTTP/1.1 302 Found\r\nlocation: ftp://elsewhere\r\n\r\n", True),
    ],
    ids=["200", "204", "404", "503", "nothing", "garbage", "endless", "headers", "redirect"],
)
def test_a_url_is_ready_when_it_answers(
    answer: tuple[str, list[bytes]], content: bytes, *, ready: bool
) -> None:
    host, sent = answer
    sent.append(content)
    for url in (f"{host}/ready", "/ready", "ready"):
        assert ready_by(url, host)() is ready


def test_a_url_where_nothing_listens_is_not_ready() -> None:
    assert not ready_by("/", f"http://127.0.0.1:{free_port()}")()


def test_a_line_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    check = ready_by(r"log:^server (up|ready)$", "", log=log)
    assert not check()
    with log.open("ab", buffering=0) as file:
        file.write(b"starting \xff\nserver re")
        assert not check()
        file.write(b"ady\nanother line\n")
        assert check()


def test_a_line_that_was_followed_by_much_else(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    check = ready_by("log:ready", "", log=log)
    log.write_bytes(b"ready\n" + b"x" * 999_999 + b"\n")
    assert check()


def test_a_log_that_began_anew(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    check = ready_by("log:ready", "", log=log)
    log.write_bytes(b"x" * 1000)
    assert not check()
    log.write_bytes(b"ready\n")
    assert check()
