"""lru, a look-alike: a large bounded cache that takes long to fill."""

import functools

from truthsync.faults.base import Fault

SUMMARY_BYTES = 200


class SummaryCache(Fault):
    """Keeps the summaries of the last requests, ``entries`` at most."""

    def __init__(self, entries: int) -> None:
        """Take the number of summaries to keep."""
        self._summary = functools.lru_cache(maxsize=entries)(summarise)

    def plant(self, number: int) -> None:
        """Summarise the request."""
        self._summary(f"{number:032x}")

    def live(self, planted: int) -> int:
        """Return the entries in the cache."""
        del planted
        return self._summary.cache_info().currsize


def summarise(request_id: str) -> bytes:
    """Return the summary of a request."""
    return int(request_id, 16).to_bytes(SUMMARY_BYTES, "big")
