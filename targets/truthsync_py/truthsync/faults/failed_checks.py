"""tracebacks: failures kept for a report, each with its traceback and so with its frames.

A task does the checks. Its own frame lives anyway, so a kept traceback holds exactly one frame
more than before: that of ``check_figures``. Raised in the request's own stack it would hold the
frames of the whole server, whose size nobody can state.
"""

import asyncio

from truthsync.faults.base import Fault


class FailedChecks(Fault):
    """Checks figures in claims after they were answered."""

    def __init__(self, size: int) -> None:
        """Take the bytes of payload per event."""
        self._size = size
        self._failures: list[ValueError] = []
        self._queue: asyncio.Queue[int] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that does the checks."""
        self._worker = asyncio.get_running_loop().create_task(self._check_all())

    def stop(self) -> None:
        """End the task."""
        if self._worker is not None:
            self._worker.cancel()

    def plant(self, number: int) -> None:
        """Put the request in line for its check."""
        self._queue.put_nowait(number)

    def live(self, planted: int) -> int:
        """Return the failures kept; the last checks may still be in line."""
        del planted
        return len(self._failures)

    async def _check_all(self) -> None:
        while True:
            number = await self._queue.get()
            try:
                check_figures(number, self._size)
            except ValueError as error:
                self._failures.append(error)


def check_figures(number: int, size: int) -> None:
    """Check the figures of a claim; none ever adds up."""
    figures = number.to_bytes(size, "big")
    raise ValueError(f"the figures of request {number} do not add up: {len(figures)} bytes")
