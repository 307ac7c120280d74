"""Resident memory by kind of mapping, read of this process."""

import ctypes
import mmap
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tsprof.probes.mappings import Resident, resident

MIB = 1 << 20
NOISE = 2 * MIB
"""Bytes that this process may gain or lose by itself between two looks."""


def here() -> Resident:
    return resident(psutil.Process())


def test_the_kinds_add_up_to_the_resident_memory() -> None:
    found = here()
    assert found.total == found.anonymous + found.stacks + found.file_mapped
    assert found.total == pytest.approx(psutil.Process().memory_info().rss, abs=NOISE)
    assert min(found.anonymous, found.stacks, found.file_mapped) > 0


def test_mapped_memory_of_no_file_is_anonymous() -> None:
    before = here()
    with mmap.mmap(-1, 32 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
        area.write(b"x" * len(area))
        after = here()
    assert after.anonymous - before.anonymous == pytest.approx(32 * MIB, abs=NOISE)
    assert after.stacks - before.stacks < NOISE


def test_mapped_files_count_as_such() -> None:
    before = here()
    with tempfile.TemporaryFile() as file:
        file.write(bytes(16 * MIB))
        file.flush()
        with mmap.mmap(file.fileno(), 16 * MIB) as area:
            assert area.find(b"x") == -1
            after = here()
    assert after.file_mapped - before.file_mapped == pytest.approx(16 * MIB, abs=NOISE)


@contextmanager
def threads_with_deep_stacks(count: int) -> Iterator[None]:
    end = threading.Event()
    touched = threading.Barrier(count + 1)

    def descend(depth: int) -> None:
        # Each level of sorted() with a Python key is a frame on the C stack.
        if depth:
            sorted([0], key=lambda _: descend(depth - 1))
        else:
            touched.wait(30)
            end.wait(30)

    size = threading.stack_size(8 * MIB)
    threads = [threading.Thread(target=descend, args=(150,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    threading.stack_size(size)
    touched.wait(30)
    yield
    end.set()
    for thread in threads:
        thread.join()


def test_stacks_of_threads_are_told_from_other_memory() -> None:
    before = here()
    with threads_with_deep_stacks(20):
        after = here()
    assert after.stacks - before.stacks > 20 * 64 * 1024


def test_the_next_heap_of_an_arena_is_no_stack() -> None:
    """It begins at 64 MiB, behind the page that a full one left inaccessible."""
    heap, page, used = 64 * MIB, mmap.PAGESIZE, 16 * MIB
    libc = ctypes.CDLL(None)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    accessible = mmap.PROT_READ | mmap.PROT_WRITE
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    with mmap.mmap(-1, 3 * heap, flags=flags) as area:
        view = ctypes.c_char.from_buffer(area)
        first = ctypes.addressof(view) + -ctypes.addressof(view) % heap
        before = here()
        assert libc.mprotect(first + heap - page, page, 0) == 0
        ctypes.memset(first + heap, 1, used)
        after = here()
        assert libc.mprotect(first + heap - page, page, accessible) == 0
        del view
    assert after.anonymous - before.anonymous == pytest.approx(used, abs=NOISE)
    assert after.stacks - before.stacks < NOISE
