"""What CPython keeps of freed objects hides where memory is allocated; a window does without.

The blocks of dicts, lists, tuples and floats that were freed wait in free lists. An object that
takes one of them over seems to come from where another was made: of the dicts that multidict 6.3.1
leaked, none seemed to come from the line that made them, and all did with empty free lists. A full
collection empties them, and takes microseconds where all older objects are frozen.
"""

from __future__ import annotations

import gc
import sys

from . import heap

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_THRESHOLDS = (5, 0, 0)
"""A full collection for every 20 new containers or so: 0.4 ms in a request that makes 100."""
_OLDEST = 2
_MOST_KEPT = 1_000


class Reuse:
    """Keeps the free lists empty from a start to a stop."""

    def __init__(self) -> None:
        """Change nothing yet."""
        self._thresholds: tuple[int, ...] = ()
        self._kept: list[Any] = []

    def start(self) -> None:
        """Freeze what there is, and collect all the time; not where the program does either."""
        if gc.isenabled() and not heap.is_frozen():
            self._thresholds = gc.get_threshold()
            gc.freeze()
            gc.collect()
            gc.callbacks.append(self._collected)
            gc.set_threshold(*_THRESHOLDS)

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        """Freeze what has stayed: beside much of it CPython puts full collections off.

        The dicts by which CPython tells of collections are kept until a full one begins, lest they
        be in the free list themselves.
        """
        full = info["generation"] == _OLDEST
        if (full and phase == "start") or len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        else:
            self._kept.append(info)
        if full and phase == "stop":
            gc.freeze()

    def stop(self) -> None:
        """Collect as the program wants it, and give back what was frozen, the oldest first."""
        if self._thresholds:
            if gc.get_threshold() == _THRESHOLDS:
                gc.set_threshold(*self._thresholds)
            if self._collected in gc.callbacks:  # the program may have cleared them
                gc.callbacks.remove(self._collected)
            gc.freeze()
            gc.unfreeze()
            self._thresholds = ()
            self._kept.clear()


def clear_caches() -> None:
    """Empty the cache of attribute lookups, which keeps their names: some 4,000 strings."""
    clear: Any = getattr(sys, "_clear_internal_caches", None) or getattr(
        sys, "_clear_type_cache", None
    )
    if clear is not None:
        clear()
