"""Asking a target for its gauges: real sockets, and answers that are wrong in many ways."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tsprof.probes import gauges
from tsprof.probes.gauges import LARGEST_REPLY, NoGaugesError, ask

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def serving(answer: Callable[[socket.socket, bytes], None]) -> Iterator[str]:
    """Serve one connection; the answer is given the request as it came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as connection:
                answer(connection, connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            thread.join(20)


def sends(*parts: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: [connection.sendall(part) for part in parts] and None


def refused(answer: Callable[[socket.socket, bytes], None]) -> str:
    with serving(answer) as host, pytest.raises(NoGaugesError) as caught:
        ask(f"{host}/metrics")
    return str(caught.value)


def test_numbers_are_read_in_one_plain_request() -> None:
    requests: list[bytes] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        requests.append(request)
        connection.sendall(HEAD + b'Content-Length: 8\r\n\r\n{"a": 1}')

    with serving(answer) as host:
        assert ask(f"{host}/stats?full=1").levels == {"a": 1.0}
    assert requests[0].startswith(b"GET /stats?full=1 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "reply",
    [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\na_b 2\r\n1\r\n\n\r\n0\r\n\r\n",
        HEAD + b"Connection: close\r\n\r\na_b 2\n",
        b"HTTP/1.0 200 OK\r\n\r\na_b 2",
    ],
    ids=["chunked", "until the end", "old"],
)
def test_a_reply_may_come_in_any_form(reply: bytes) -> None:
    with serving(sends(*(reply[n : n + 7] for n in range(0, len(reply), 7)))) as host:
        assert ask(f"{host}/metrics").levels == {"a_b": 2.0}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", "no answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no answer"),
        (HEAD + b"Content-Length: 50\r\n\r\na_b 2\n", "cut short"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "no answer"),
        (HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n", "no answer"),
        (HEAD + b"X: y\r\n" * 500 + b"\r\n", "no answer"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "status 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n", "status 302"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\na 1", "status 500"),
        (HEAD + b"Content-Length: 0\r\n\r\n", "no number"),
        (HEAD + b"\r\n<html>", "neither Prometheus"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00", "neither Prometheus"),
        (HEAD + b"\r\n" + b"a_b 2\n" * (LARGEST_REPLY // 6 + 1), "more than 2,000,000 bytes"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_in_one_line(reply: bytes, reason: str) -> None:
    told = refused(sends(reply))
    assert reason in told
    assert "\n" not in told


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoGaugesError, match="refused"):
        ask(f"http://127.0.0.1:{port}/metrics")


@pytest.mark.parametrize(
    ("start", "drip"), [(b"", b""), (b"", b"H"), (HEAD, b"X"), (HEAD + b"\r\n", b"1")]
)
def test_a_late_answer_is_given_up(
    start: bytes, drip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes byte by byte as well, of which each would renew a socket's own limit."""
    monkeypatch.setattr(gauges, "PATIENCE", 0.3)
    given_up = threading.Event()

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        deadline = time.monotonic() + 10
        while not given_up.is_set() and time.monotonic() < deadline:
            connection.sendall(drip)
            time.sleep(0.02)

    with serving(answer) as host:
        try:
            with pytest.raises(NoGaugesError, match="no complete answer within"):
                ask(f"{host}/metrics")
        finally:
            given_up.set()
