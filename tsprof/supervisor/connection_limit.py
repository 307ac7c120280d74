"""Does a target that leaves requests unanswered hang, or does it take no more connections?

A server that has as many connections open as it may (waitress: 100) leaves the next in the kernel's
queue until a client closes one. Users that keep theirs open, as the load's do, never do.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tsprof.load.messages import Tick

CONNECTED = 0.9
"""Share of the users that do not wait that must have a connection: some have not sent anything yet.
Of 100 users of waitress 98 had one, 1 waited, and 1 had not begun."""
_LISTENING = "0A"


def full(target: Sequence[psutil.Process], last: Tick) -> str:
    """Say that the target takes no more connections; empty where that is not what it is.

    Args:
        target: its processes.
        last: what the load told of itself last.

    Returns:
        A sentence where every request that waits has a connection that nobody has accepted, while
        the users that do not wait have theirs.
    """
    own = [c for process in target for c in _connections(process)]
    ports = {c.laddr.port for c in own if c.status == psutil.CONN_LISTEN}
    held = sum(c.status == psutil.CONN_ESTABLISHED and c.laddr.port in ports for c in own)
    idle = last.users - last.in_flight
    if idle <= 0 or held < CONNECTED * idle:
        return ""
    if _unaccepted(target[0].pid, ports) < last.in_flight:
        return ""
    return (
        f"the target takes no more connections than the {held} that it has open: "
        f"{last.in_flight} of {last.users} users have waited for one for "
        f"{last.oldest_seconds:.0f} s; take fewer --users, or raise its own limit (waitress: "
        "--connection-limit)"
    )


def _connections(process: psutil.Process) -> Sequence[Any]:
    with suppress(psutil.Error):
        return process.net_connections("tcp")
    return ()


def _unaccepted(pid: int, ports: set[int]) -> int:
    """Return how many connections wait to be accepted: what the kernel calls a receive queue."""
    waiting = 0
    for table in ("tcp", "tcp6"):
        with suppress(OSError, ValueError, IndexError):
            for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                fields = row.split()
                port = int(fields[1].rpartition(":")[2], 16)
                if fields[3] == _LISTENING and port in ports:
                    waiting += int(fields[4].partition(":")[2], 16)
    return waiting
