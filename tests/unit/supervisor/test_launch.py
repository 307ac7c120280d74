"""Ports, readiness and the words for how a process ended; launching is in the integration tests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tsprof.errors import UsageError
from tsprof.supervisor.launch import (
    LaunchOrder,
    Target,
    describe_exit,
    free_port,
    is_listening,
    readiness,
)


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
        assert readiness("tcp", f"http://127.0.0.1:{port}", Path("/dev/null"))()


def test_an_address_that_cannot_be_reached() -> None:
    assert not is_listening("http://no-such-host.invalid:80")


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
        assert readiness(url, host, Path("/dev/null"))() is ready


def test_a_url_where_nothing_listens_is_not_ready() -> None:
    assert not readiness("/", f"http://127.0.0.1:{free_port()}", Path("/dev/null"))()


def test_a_line_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    check = readiness(r"log:^server (up|ready)$", "", log)
    assert not check()
    with log.open("ab", buffering=0) as file:
        file.write(b"starting \xff\nserver re")
        assert not check()
        file.write(b"ady\nanother line\n")
        assert check()


def test_a_line_that_was_followed_by_much_else(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    check = readiness("log:ready", "", log)
    log.write_bytes(b"ready\n" + b"x" * 999_999 + b"\n")
    assert check()


def test_a_log_that_began_anew(tmp_path: Path) -> None:
    log = tmp_path / "target.log"
    check = readiness("log:ready", "", log)
    log.write_bytes(b"x" * 1000)
    assert not check()
    log.write_bytes(b"ready\n")
    assert check()
