"""The allocators' own counters, read as a leak detector would read them."""

import ctypes
import re


class _Mallinfo2(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


def live_bytes() -> int:
    """Bytes in pymalloc's allocated blocks and in glibc's chunks."""
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Mallinfo2
    info = libc.mallinfo2()
    return _pymalloc_bytes(libc) + int(info.uordblks) + int(info.hblkhd)


def _pymalloc_bytes(libc: ctypes.CDLL) -> int:
    buffer, length = ctypes.c_void_p(), ctypes.c_size_t()
    libc.open_memstream.restype = ctypes.c_void_p
    stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(buffer), ctypes.byref(length)))
    ctypes.pythonapi._PyObject_DebugMallocStats(stream)  # noqa: SLF001 - CPython has no public name
    libc.fclose(stream)
    text = ctypes.string_at(buffer, length.value)
    libc.free(buffer)
    found = re.search(rb"bytes in allocated blocks\s*=\s*([\d,]+)", text)
    assert found is not None, "CPython's allocator statistics have changed"
    return int(found[1].replace(b",", b""))
