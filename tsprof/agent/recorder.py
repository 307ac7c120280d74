"""heaptrack's recorder beside tracemalloc: what native code allocates, which Python does not see.

It is loaded while the target rests, and takes its hooks out at the window's end. It knows functions
of native code, and no lines of Python: it stands in where there is no memray.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_MARK = 7624097  # HEAPTRACK_MARK of the native agent


class Recorder:
    """A recorder that is running in this process."""

    def __init__(self, library: str, file: str) -> None:
        """Begin a record.

        Args:
            library: path of heaptrack's shared library for running programs.
            file: path of the record.

        Raises:
            OSError: the file cannot be written, or the library not loaded.
            AttributeError: it is none of heaptrack's.
        """
        self._file = file
        # What cannot be written would be told on the program's own output, and not to us.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        # A PyDLL keeps the GIL: no line of Python runs while the hooks are set or taken out.
        recorder: Any = ctypes.PyDLL(library, ctypes.DEFAULT_MODE)
        start, self._stop = recorder.heaptrack_inject, recorder.heaptrack_stop
        start.argtypes, start.restype = [ctypes.c_char_p], None
        self._stop.restype = None
        start(os.fsencode(file))

    def mark(self) -> None:
        """Allocate a block whose size tells it from all others, and whose caller is Python."""
        take, give = ctypes.pythonapi.PyMem_RawMalloc, ctypes.pythonapi.PyMem_RawFree
        take.argtypes, take.restype = [ctypes.c_size_t], ctypes.c_void_p
        give.argtypes, give.restype = [ctypes.c_void_p], None
        give(take(_MARK))

    def size(self) -> int:
        """Return the record's bytes."""
        return os.stat(self._file).st_size

    def stop(self) -> None:
        """End the record."""
        self._stop()

    def abandon(self) -> None:
        """Leave it: heaptrack switches itself off in a forked child."""
