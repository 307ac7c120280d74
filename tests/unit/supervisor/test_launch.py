"""Ports and the words for how a process ended; launching is in the integration tests."""

import socket

import pytest

from tsprof.supervisor.launch import describe_exit, free_port, is_listening


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "killed by SIGKILL"),
        (-11, "killed by SIGSEGV"),
        (-99, "killed by signal 99"),
        (None, "how is not known"),
    ],
)
def test_how_a_process_ended(status: int | None, words: str) -> None:
    assert describe_exit(status) == words


def test_a_free_port_is_free() -> None:
    port = free_port()
    assert not is_listening(f"http://127.0.0.1:{port}")
    with socket.create_server(("127.0.0.1", port)):
        assert is_listening(f"http://127.0.0.1:{port}")


def test_an_address_that_cannot_be_reached() -> None:
    assert not is_listening("http://no-such-host.invalid:80")
