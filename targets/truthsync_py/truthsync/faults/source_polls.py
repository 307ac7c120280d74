"""task: an asyncio task per event that waits for a source which never answers."""

import asyncio

from truthsync.faults.base import Fault


class SourcePolls(Fault):
    """Asks sources for news about a claim."""

    def __init__(self) -> None:
        """Start without polls."""
        self._polls: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Cancel all tasks."""
        for poll in self._polls:
            poll.cancel()

    def plant(self, number: int) -> None:
        """Start a task that asks a source."""
        del number
        self._polls.add(asyncio.get_running_loop().create_task(poll_source()))


async def poll_source() -> None:
    """Wait for an answer without a timeout."""
    await asyncio.get_running_loop().create_future()
