"""A target that takes no more connections, told from one that hangs: with sockets of our own."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tsprof.histogram import Histogram
from tsprof.load.messages import Tick
from tsprof.supervisor.connection_limit import full


@pytest.fixture
def clients() -> Iterator[socket.socket]:
    """A server with five clients, of which it has accepted none yet."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        for _ in range(5):
            stack.enter_context(socket.create_connection(server.getsockname()))
        yield server


def accept(server: socket.socket, stack: ExitStack, count: int) -> None:
    for _ in range(count):
        stack.enter_context(server.accept()[0])
    time.sleep(0.05)  # until the kernel's table shows it


def told(waiting: int) -> str:
    tick = Tick(
        second=1_700_000_000, seconds=1.0, requests=0, failures=0, exceptions=0,
        latency=Histogram(), endpoints=(), users=5, in_flight=waiting, oldest_seconds=31.0,
        open=False, cpu_seconds=0.1,
    )  # fmt: skip
    return full([psutil.Process()], tick)


def test_users_that_wait_for_a_connection_are_told_of(clients: socket.socket) -> None:
    with ExitStack() as stack:
        accept(clients, stack, 2)
        assert told(waiting=3).startswith(
            "the target takes no more connections than the 2 that it has open: 3 of 5 users"
        )


def test_a_request_that_was_accepted_hangs(clients: socket.socket) -> None:
    with ExitStack() as stack:
        accept(clients, stack, 3)
        assert told(waiting=3) == ""


def test_a_target_that_lets_nobody_in_hangs(clients: socket.socket) -> None:
    assert clients
    assert told(waiting=5) == ""
