"""A target that serves, but at a port of its own choice: its command has no place for another."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import psutil

from tsprof.errors import NotReadyError
from tsprof.probes.resources import listening_ports

PATIENCE = 3.0
"""Seconds for which it must have listened there and nowhere else: a server may have several ports,
and opens them one by one."""
LOOK_EVERY = 0.5


def has_no_place(command: Sequence[str], environment: Mapping[str, str], host: str) -> bool:
    """Tell whether a target is not told of the free port at which it is expected."""
    told = any("{port}" in text for text in (*command, *environment.values()))
    return "{port}" in host and not told


def ports_of(processes: Iterable[psutil.Process]) -> set[int]:
    """Return the TCP ports on which processes listen."""
    ports: set[int] = set()
    for process in processes:
        with suppress(psutil.Error):
            ports |= listening_ports(process.net_connections("inet"))
    return ports


def watch_for_wrong_port(
    processes: Callable[[], Iterable[psutil.Process]], host: str
) -> Callable[[], None]:
    """Return what is to be called while the target is waited for.

    It raises NotReadyError once the target has listened elsewhere for a while.

    Args:
        processes: returns those of the target.
        host: the URL at which it is expected.
    """
    seen: set[int] = set()
    since = looked = time.monotonic()

    def look() -> None:
        nonlocal seen, since, looked
        now = time.monotonic()
        if now - looked < LOOK_EVERY:
            return
        looked = now
        ports = ports_of(processes())
        if ports != seen:
            seen, since = ports, now
        elif ports and now - since >= PATIENCE:
            raise NotReadyError(
                f"the target listens on port {', '.join(map(str, sorted(ports)))}, but is expected "
                f"at {host}",
                hint="write {port} in its command where the port stands; tsprof puts a free one "
                f"there. Or keep the port, and add --host http://127.0.0.1:{min(ports)}",
            )

    return look
