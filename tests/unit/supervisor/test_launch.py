"""Ports and the words for how a process ended; launching is in the integration tests."""

import socket
from pathlib import Path

import pytest

from tsprof.errors import UsageError
from tsprof.supervisor.launch import LaunchOrder, Target, describe_exit, free_port, is_listening


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


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["gunicornn -b 127.0.0.1:1 app:app"], "remove the quotes"),
        (["cd . && gunicornn app:app"], "no shell is run: use --cwd"),
        (["setup; gunicornn app:app"], "no shell is run"),
        (["cd", "."], "no shell is run"),
        (["gunicornn", "|", "tee"], "no shell is run"),
        (["nginxx", "-g", "daemon off;"], "give the program"),
        (["gunicornn"], "give the program"),
    ],
)
def test_a_command_meant_for_a_shell_is_told(command: list[str], hint: str, tmp_path: Path) -> None:
    order = LaunchOrder(command=command, cwd=tmp_path, environment={}, log=tmp_path / "log")
    with pytest.raises(UsageError, match="was not found") as caught:
        Target(order)
    assert caught.value.hint.startswith(hint)


def test_a_free_port_is_free() -> None:
    port = free_port()
    assert not is_listening(f"http://127.0.0.1:{port}")
    with socket.create_server(("127.0.0.1", port)):
        assert is_listening(f"http://127.0.0.1:{port}")


def test_an_address_that_cannot_be_reached() -> None:
    assert not is_listening("http://no-such-host.invalid:80")
