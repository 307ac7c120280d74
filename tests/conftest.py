"""What unit and integration tests share."""

from collections.abc import Iterator

import pytest

from tsprof.supervisor.agents import Agents


@pytest.fixture
def agents() -> Iterator[Agents]:
    """The supervisor's end of the agents' socket, at which nobody is yet."""
    with Agents() as agents:
        yield agents
