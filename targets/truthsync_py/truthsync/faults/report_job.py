"""job, a look-alike: a report that needs much memory now and then, and frees all of it."""

import asyncio

from truthsync.faults.base import Fault

ROW_BYTES = 1_000


class ReportJob(Fault):
    """Builds a report of ``size`` bytes every ``seconds``, and holds it for a quarter of them."""

    def __init__(self, seconds: float, size: int) -> None:
        """Take the seconds between reports and the bytes of one."""
        self._seconds = seconds
        self._rows_per_report = size // ROW_BYTES
        self._rows: list[bytes] = []
        self._job: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the job."""
        self._job = asyncio.get_running_loop().create_task(self.report_regularly())

    def stop(self) -> None:
        """End the job."""
        if self._job is not None:
            self._job.cancel()

    def plant(self, number: int) -> None:
        """Do nothing: the clock drives this one, not the requests."""

    def live(self, planted: int) -> int:
        """Return the rows of the report that is in memory now."""
        del planted
        return len(self._rows)

    async def report_regularly(self) -> None:
        """Build and drop reports until cancelled."""
        while True:
            await asyncio.sleep(self._seconds * 0.75)
            self._rows = [row.to_bytes(ROW_BYTES, "big") for row in range(self._rows_per_report)]
            await asyncio.sleep(self._seconds * 0.25)
            self._rows = []
