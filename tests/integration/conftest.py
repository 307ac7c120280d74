"""What the integration tests share."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from load_targets.lean import KINDS, User
from load_targets.loading import Loads
from load_targets.scripted import ScriptedServer
from load_targets.server import CountingServer


@pytest.fixture
def tsprof(tmp_path: Path) -> Iterator[CommandLine]:
    """Commands in a folder of their own, of which nothing may be left running."""
    command_line = CommandLine(tmp_path)
    yield command_line
    left = command_line.left()
    command_line.clear()
    assert left == []


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def user_processes() -> Iterator[dict[str, User]]:
    """Locust's FastHttpUser and the lean one, each in a process."""
    users = {kind: User(kind) for kind in KINDS}
    yield users
    for user in users.values():
        user.end()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that does what the test tells it."""
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture(params=KINDS)
def any_user(
    request: pytest.FixtureRequest, user_processes: dict[str, User], scripted: ScriptedServer
) -> User:
    """One of the two, new, with the scripted server for its host."""
    user = user_processes[request.param]
    user.new(scripted.host)
    return user


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """A server that counts what it answers."""
    with CountingServer() as server:
        yield server


@pytest.fixture
def loads(server: CountingServer, tmp_path: Path) -> Iterator[Loads]:
    """Starts load processes on that server, of which nothing may be left running."""
    with Loads(server, tmp_path) as loads:
        yield loads
