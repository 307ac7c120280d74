"""Allocators that the program calls by ctypes, led through memray for the time of a window.

memray replaces the addresses of malloc and its kin in the tables by which shared objects call each
other. What ctypes looks up by name goes past these tables.
"""

from __future__ import annotations

import ctypes
import gc
import struct

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any, Iterator

_NAMES = ("malloc", "calloc", "realloc", "free")
_LOADED, _DYNAMIC = 1, 2  # program headers (elf.h: PT_LOAD, PT_DYNAMIC)
_STRINGS, _SYMBOLS = 5, 6  # entries of the dynamic section (elf.h: DT_STRTAB, DT_SYMTAB)
_RELOCATIONS = ((23, 2), (7, 8))  # addresses and sizes (DT_JMPREL, DT_PLTRELSZ; DT_RELA, DT_RELASZ)
_PAGE = 4096
_ELF64 = b"\x7fELF\x02"


class _Info(ctypes.Structure):
    _fields_ = (
        ("path", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def find() -> list[tuple[Any, int, int]]:
    """Find the program's ctypes functions that are an allocator.

    Returns:
        For ``redirect`` and ``restore``: each function, the allocator's address, and where the
        interpreter's own pointer to it is. Nothing where one of the allocators cannot be found
        there: to redirect malloc, but not free, would invent leaks.
    """
    library = ctypes.CDLL(None)
    originals = {_pointer(getattr(library, name)): name.encode() for name in _NAMES}
    tables = {name: slot for name, slot in _imports() if name in originals.values()}
    if len(tables) < len(_NAMES):
        return []
    found = []
    kind: Any = ctypes._CFuncPtr  # type: ignore[attr-defined]  # noqa: SLF001 - no other name
    for function in gc.get_objects():
        if issubclass(type(function), kind):
            original = _pointer(function)
            if original in originals:
                found.append((function, original, tables[originals[original]]))
    return found


def redirect(found: list[tuple[Any, int, int]]) -> None:
    """Let the functions call what the interpreter calls, now that memray traces that."""
    for function, _, table in found:
        _point(function, _read(table))


def restore(found: list[tuple[Any, int, int]]) -> None:
    """Undo what ``redirect`` did."""
    for function, original, _ in found:
        _point(function, original)


def _read(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def _pointer(function: Any) -> int:
    return _read(ctypes.addressof(function))


def _point(function: Any, address: int) -> None:
    ctypes.c_uint64.from_address(ctypes.addressof(function)).value = address


def _imports() -> Iterator[tuple[bytes, int]]:
    """Yield the names that the interpreter's object imports, and where their addresses are."""
    info = _Info()
    ours = ctypes.c_void_p(_pointer(ctypes.pythonapi.PyMem_RawMalloc))
    if not ctypes.CDLL(None).dladdr(ours, ctypes.byref(info)) or not info.base:
        return
    if ctypes.string_at(info.base, 5) != _ELF64:
        return
    (table,) = struct.unpack("=Q", ctypes.string_at(info.base + 32, 8))
    size, number = struct.unpack("=HH", ctypes.string_at(info.base + 54, 4))
    content = ctypes.string_at(info.base + table, size * number)
    headers = list(struct.iter_unpack("=IIQQQQQQ", content))
    bias = info.base - min(h[3] for h in headers if h[0] == _LOADED) // _PAGE * _PAGE
    found: dict[int, int] = {}
    for header in headers:
        if header[0] == _DYNAMIC:
            section = ctypes.string_at(bias + header[3], header[6])
            found.update(struct.iter_unpack("=qQ", section))
    strings, symbols = (_absolute(found[entry], bias) for entry in (_STRINGS, _SYMBOLS))
    for where, length in _RELOCATIONS:
        if where in found:
            relocations = ctypes.string_at(_absolute(found[where], bias), found[length])
            for offset, kind, _ in struct.iter_unpack("=QQq", relocations):
                if kind >> 32:
                    name = ctypes.c_uint32.from_address(symbols + (kind >> 32) * 24).value
                    yield ctypes.string_at(strings + name), bias + offset


def _absolute(address: int, bias: int) -> int:
    """Return an address of the dynamic section; glibc has made it absolute, musl has not."""
    return address if address >= bias else address + bias
