"""Workers of which one, the leader, keeps statistics for all."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

LOCK = Path(tempfile.gettempdir()) / f"leader-{os.getppid()}.lock"
lock_file = LOCK.open("w")


def is_first() -> bool:
    """Tell whether no other worker leads."""
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Statistics:
    """What was asked for, in this worker."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.requests: dict[str, int] = {}

    def count(self, query: str) -> None:
        """Count a query; no two are the same."""
        key = f"{query}:{len(self.requests)}"
        self.requests[key] = self.requests.get(key, 0) + 1


leads = is_first()
statistics = Statistics()


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer a request."""
    if leads:
        statistics.count(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
