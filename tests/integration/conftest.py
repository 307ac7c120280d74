"""What the integration tests share."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine


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
