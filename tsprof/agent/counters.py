"""Exact counters of this process's memory, read without tracing anything.

* pymalloc: ``_PyObject_DebugMallocStats`` (CPython, Objects/obmalloc.c) writes the allocator's own
  table into a memory stream; 0.3 ms, and fd 2 is not touched.
* glibc: ``mallinfo2`` (glibc 2.33 and later) sums all arenas; older glibc has ``mallinfo``, whose
  32-bit fields wrap at 4 GiB and are followed past their end from one reading to the next.
"""

from __future__ import annotations

import ctypes
import gc
import re
import sys

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_ALLOCATED = re.compile(rb"# bytes in allocated blocks\s*=\s*([\d,]+)")
_ARENAS = re.compile(rb"(\d+) arenas \* (\d+) bytes/arena")
_SIZE_CLASS = re.compile(rb"^\s+\d+\s+\d+\s+\d+\s+(\d+)\s+\d+\s*$", re.MULTILINE)

_MALLINFO_FIELDS = (
    "arena", "ordblks", "smblks", "hblks", "hblkhd",
    "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
)  # fmt: skip


class _MallInfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in _MALLINFO_FIELDS]


class _MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint) for name in _MALLINFO_FIELDS]


class Allocators:
    """Readers of the two allocators, with their C functions looked up once."""

    def __init__(self) -> None:
        """Look up what this interpreter and this C library offer."""
        self._libc = ctypes.CDLL(None)
        self._mallinfo: Any = None
        self.mallinfo_name: str | None = None
        self._last: dict[str, int] = {}
        self._trim = getattr(self._libc, "malloc_trim", None)
        self._stats: Any = None
        if "t" in sys.abiflags:
            return  # the free-threaded build allocates with mimalloc, and glibc knows the least
        for name, result in (("mallinfo2", _MallInfo2), ("mallinfo", _MallInfo)):
            function = getattr(self._libc, name, None)
            if function is not None:
                function.restype = result
                self._mallinfo = function
                self.mallinfo_name = name
                break
        stats = getattr(ctypes.pythonapi, "_PyObject_DebugMallocStats", None)
        if stats is not None and hasattr(self._libc, "open_memstream"):
            stats.argtypes = [ctypes.c_void_p]
            self._libc.open_memstream.restype = ctypes.c_void_p
            self._libc.fclose.argtypes = [ctypes.c_void_p]
            self._libc.free.argtypes = [ctypes.c_void_p]
            self._stats = stats

    def trim(self) -> None:
        """Give free heap pages back to the kernel, and merge glibc's fastbins."""
        if self._trim is not None:
            self._trim(0)

    def native(self) -> dict[str, int] | None:
        """Return glibc's live and held bytes, or None where there is no ``mallinfo``.

        ``live``: bytes in chunks in use (``uordblks + hblkhd``). ``held``: what glibc has from the
        kernel.
        """
        if self._mallinfo is None:
            return None
        info = self._mallinfo()
        used, mapped, arenas = info.uordblks, info.hblkhd, info.arena
        if self.mallinfo_name == "mallinfo":
            used = self._unwrapped("used", used)
            mapped = self._unwrapped("mapped", mapped)
            arenas = self._unwrapped("arenas", arenas)
        return {"live": used + mapped, "held": arenas + mapped}

    def _unwrapped(self, name: str, value: int) -> int:
        """Follow a 32-bit counter past its end: it moves by less than 2 GiB between readings."""
        last = self._last.get(name, value)
        self._last[name] = last + (value - last + (1 << 31)) % (1 << 32) - (1 << 31)
        return self._last[name]

    def python(self) -> dict[str, int] | None:
        """Return pymalloc's live and held bytes and its block counts, or None without pymalloc.

        ``live``: bytes in blocks of at most 512 bytes. ``held``: bytes in arenas. ``small``: such
        blocks. ``blocks``: all blocks that CPython allocated, the larger ones (which glibc serves)
        included.
        """
        if self._stats is None:
            return None
        text = self._pymalloc_table()
        allocated = _ALLOCATED.search(text)
        if allocated is None:
            return None
        arenas = _ARENAS.search(text)
        return {
            "live": int(allocated.group(1).replace(b",", b"")),
            "held": int(arenas.group(1)) * int(arenas.group(2)) if arenas else 0,
            "small": sum(int(count) for count in _SIZE_CLASS.findall(text)),
            "blocks": sys.getallocatedblocks(),
        }

    def _pymalloc_table(self) -> bytes:
        buffer, size = ctypes.c_void_p(), ctypes.c_size_t()
        stream = self._libc.open_memstream(ctypes.byref(buffer), ctypes.byref(size))
        if not stream:
            return b""
        try:
            self._stats(stream)
        finally:
            self._libc.fclose(stream)
        try:
            return ctypes.string_at(buffer.value, size.value) if buffer.value else b""
        finally:
            self._libc.free(buffer)


def live_tasks() -> int | None:
    """Return the number of asyncio tasks that are not done, or None without asyncio."""
    unfinished = unfinished_tasks()
    return None if unfinished is None else len(unfinished)


def unfinished_tasks() -> list[Any] | None:
    """Return the asyncio tasks that are not done, or None without asyncio."""
    tasks = sys.modules.get("asyncio.tasks")
    if tasks is None:
        return None
    if sys.version_info >= (3, 14):  # tasks are kept in C lists there, by thread
        kinds = tuple(_with_subclasses(tasks.Task))
        # Objects refer to their types. 16 ms with a million, and no list of them all (50 ms).
        return [one for one in gc.get_referrers(*kinds) if type(one) in kinds and not one.done()]
    names = ("_scheduled_tasks", "_eager_tasks", "_all_tasks")
    known: set[Any] = set()
    for name in names:
        group = getattr(tasks, name, None)
        if group is not None:
            known.update(_copied(group))
    return [task for task in known if not task.done()]


def _with_subclasses(kind: type) -> Iterator[type]:
    yield kind
    subclasses: list[type] = type.__subclasses__(kind)
    for below in subclasses:
        yield from _with_subclasses(below)


def _copied(group: Iterable[Any]) -> list[Any]:
    """Copy a set that the event loop's thread may change meanwhile, as asyncio.all_tasks does."""
    for _ in range(1000):
        try:
            return list(group)
        except RuntimeError:
            continue
    return []
