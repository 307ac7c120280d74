"""native: a C buffer for every text, freed by nobody."""

import ctypes

from truthsync.faults.base import Fault


class ScratchBuffers(Fault):
    """Gives a C library room to work in."""

    def __init__(self, size: int) -> None:
        """Take the bytes of payload per event."""
        self._size = size
        self._library = ctypes.CDLL(None)
        self._library.malloc.argtypes = (ctypes.c_size_t,)
        self._library.malloc.restype = ctypes.c_void_p

    def plant(self, number: int) -> None:
        """Fill a buffer for the request."""
        self.fill_scratch_buffer(number)

    def fill_scratch_buffer(self, number: int) -> None:
        """Allocate a buffer, write all of it, and forget where it was."""
        address = self._library.malloc(self._size)
        if address is None:
            raise MemoryError(f"no {self._size} bytes for a scratch buffer")
        ctypes.memset(address, number & 0xFF, self._size)
