"""Resident memory by kind of mapping, from ``smaps``."""

from dataclasses import dataclass
from typing import Any

import psutil

_GUARD_SIZES = (4096, 16384, 65536)
_ARENA_ALIGNMENT = 64 << 20
"""Where the heaps of glibc's arenas begin (HEAP_MAX_SIZE in its malloc/arena.c). The rest of a full
one, often a single page, is inaccessible and stands before the next: half of a service's growth was
taken for stacks."""


@dataclass(frozen=True)
class Resident:
    """Resident bytes of one process by kind of mapping."""

    anonymous: int
    stacks: int
    file_mapped: int

    @property
    def total(self) -> int:
        """All resident bytes."""
        return self.anonymous + self.stacks + self.file_mapped


def resident(process: psutil.Process) -> Resident:
    """Split a process's resident memory by kind.

    Pages that a mapped file's private mapping copied (relocations, a module's data) count as
    file-mapped: they do not grow with work. Thread stacks carry no name in Linux since 4.5: an
    anonymous mapping counts as one when an inaccessible guard mapping of a page or a few stands
    directly before it, as pthread_create(3) lays them out, and it does not begin where a heap does.

    Raises:
        psutil.Error: the process ended, or may not be looked into.
    """
    anonymous = stacks = file_mapped = 0
    before = None
    for this in process.memory_maps(grouped=False):
        guarded = before is not None and _is_guard(before, this) and not _may_be_heap(this)
        before = this
        if this.path == "[stack]" or (this.path in ("", "[anon]") and guarded):
            stacks += this.rss
        elif this.path in ("", "[anon]", "[heap]") or this.path.startswith("[anon:"):
            anonymous += this.rss
        else:
            file_mapped += this.rss
    return Resident(anonymous, stacks, file_mapped)


def _is_guard(before: Any, this: Any) -> bool:
    start, _, end = before.addr.partition("-")
    return (
        before.perms.startswith("---")
        and end == this.addr.partition("-")[0]
        and int(end, 16) - int(start, 16) in _GUARD_SIZES
    )


def _may_be_heap(this: Any) -> bool:
    return int(this.addr.partition("-")[0], 16) % _ARENA_ALIGNMENT == 0
