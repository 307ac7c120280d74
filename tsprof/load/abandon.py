"""Takes back what a process has sent and nobody has received."""

import contextlib
import os
import socket
import struct
from pathlib import Path


def abandon_connections() -> None:
    """Have the kernel drop what waits in this process's TCP connections when it ends.

    Else it goes on to deliver: of a worker that was cut off, requests arrived when the network was
    back, although the process had ended by then.
    """
    for name in [entry.name for entry in Path("/proc/self/fd").iterdir()]:
        with contextlib.suppress(OSError):  # it is no socket, or it was the folder itself
            _reset_on_close(int(name))


def _reset_on_close(fd: int) -> None:
    copy = os.dup(fd)
    try:
        connection = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with connection:
        if connection.family in {socket.AF_INET, socket.AF_INET6}:
            linger = struct.pack("ii", 1, 0)  # on, for no time: close(2) resets
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
