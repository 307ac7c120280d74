"""The positive control: a planted amount of memory that the ledger must show exactly."""

from __future__ import annotations

import ctypes

BLOCKS = 1000
_PAYLOAD = 200
_NATIVE_BYTES = 100_000


class Control:
    """Plants a known number of blocks and bytes, and takes them back."""

    def __init__(self) -> None:
        """Allocate the holder beforehand, so that only what is declared is planted."""
        self._held: list[bytes | None] = [None] * BLOCKS
        self._native: int | None = None
        self._libc = ctypes.CDLL(None)
        self._libc.malloc.restype = ctypes.c_void_p
        self._libc.malloc.argtypes = [ctypes.c_size_t]
        self._libc.free.argtypes = [ctypes.c_void_p]

    def plant(self, _arguments: dict[str, object]) -> dict[str, int]:
        """Plant ``BLOCKS`` Python blocks and one native block; return what was planted."""
        self.unplant({})  # the answer to an earlier plant may have been lost
        for index in range(BLOCKS):
            self._held[index] = bytes(_PAYLOAD)
        self._native = self._libc.malloc(_NATIVE_BYTES)
        size = bytes(_PAYLOAD).__sizeof__()
        return {
            "blocks": BLOCKS,
            # pymalloc's blocks are multiples of 16 bytes
            "python_bytes": BLOCKS * ((size + 15) // 16 * 16),
            "native_bytes": _NATIVE_BYTES,
        }

    def unplant(self, _arguments: dict[str, object]) -> dict[str, int]:
        """Take back what ``plant`` planted."""
        for index in range(BLOCKS):
            self._held[index] = None
        if self._native is not None:
            self._libc.free(self._native)
            self._native = None
        return {}
