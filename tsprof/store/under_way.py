"""Whether a run is still being written: its folder is locked by the process that writes it.

The kernel lets go of the lock however that process ends, so that a run which was killed is never
taken for one that goes on.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def under_way(folder: Path) -> Iterator[None]:
    """Have others see that the run in a folder goes on.

    Where the file system has no locks, nobody sees it.
    """
    with _opened(folder) as descriptor:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def is_under_way(folder: Path) -> bool:
    """Tell whether some process is at the run in a folder."""
    try:
        with _opened(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
