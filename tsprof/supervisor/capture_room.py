"""How much of the disk the captures of a window may take, and whether they have taken it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

DISK_LIMIT = 128 << 20
"""Bytes that the captures of a window may take: what is read in some 40 s (28 MB took 8 s). A
window of 12 s wrote 30 to 95 MB, with native traces or without."""
LEFT_FREE = 256 << 20
"""Bytes that stay free, whatever else writes to the same disk."""


@dataclass(frozen=True)
class CaptureRoom:
    """What a window may write."""

    folder: Path
    """Where captures are written."""
    limit: int
    """Bytes that they may take."""

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Return the room that a folder has, which may be none.

        Raises:
            OSError: The folder cannot be looked at.
        """
        free = shutil.disk_usage(folder).free
        return cls(folder, max(0, min(DISK_LIMIT, free - LEFT_FREE)))

    def is_used_up(self, share: float = 1.0) -> bool:
        """Tell whether the captures have taken their room, or a part of it.

        Args:
            share: of the limit, above 0.
        """
        free = shutil.disk_usage(self.folder).free
        return self._taken() >= share * self.limit or free < LEFT_FREE

    def _taken(self) -> int:
        return sum(file.stat().st_size for file in self.folder.iterdir())

    def __str__(self) -> str:
        """Return what was taken, and the limit, in megabytes."""
        return f"{self._taken() / 1e6:,.0f} MB (limit: {self.limit / 1e6:,.0f} MB)"
