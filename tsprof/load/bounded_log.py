"""Standard output and error of the load process, in a file that cannot fill the disk."""

import io
import os
import sys
from typing import cast

LIMIT = 10_000_000
"""Bytes. A Locust file that prints in every task writes some MB per second."""
TAIL = 1_000_000
"""Bytes that stay when the limit is passed: the latest, because they tell why it ended."""


class BoundedLog(io.RawIOBase):
    """Appends to a file and cuts its beginning off when it grows too long."""

    def __init__(self, fd: int) -> None:
        """Write to a file.

        Args:
            fd: The file, open for reading and appending.
        """
        super().__init__()
        self._fd = fd
        self._size = os.fstat(fd).st_size

    def fileno(self) -> int:
        """Return the file descriptor, for what wants to write to it by itself."""
        return self._fd

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # TextIOWrapper passes bytes
        """Append all of ``data``, and return how many bytes that were."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self._size += len(data)
        if self._size > LIMIT:
            self.cut()
        return len(data)

    def cut(self) -> None:
        """Cut the file if it is too long, also by what others wrote to it."""
        self._size = os.fstat(self._fd).st_size
        if self._size <= LIMIT:
            return
        tail = os.pread(self._fd, TAIL, self._size - TAIL)
        os.ftruncate(self._fd, 0)
        note = f"[tsprof: cut after {LIMIT:,} bytes; this is the end of it]\n".encode()
        os.write(self._fd, note + tail)
        self._size = len(note) + len(tail)


def redirect_output() -> BoundedLog:
    """Send ``sys.stdout`` and ``sys.stderr`` through a bounded log on file descriptor 1."""
    log = BoundedLog(1)
    for name in ("stdout", "stderr"):
        # Unbuffered, as Python's own -u does it; the annotation only knows buffered files.
        raw = cast("io.BufferedWriter", log)
        text = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)
        setattr(sys, name, text)
    return log
