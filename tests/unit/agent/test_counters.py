"""Exact counters, read of this process."""

import asyncio
import ctypes
import gc

import pytest

from tsprof.agent import counters
from tsprof.agent.counters import Allocators, live_tasks

NOISE = 10_000
"""Bytes that the test itself may allocate between two readings."""


@pytest.fixture
def allocators() -> Allocators:
    return Allocators()


def test_small_blocks_show_to_the_byte(allocators: Allocators) -> None:
    gc.collect()
    held: list[bytes | None] = [None] * 10_000
    before = allocators.python()
    for index in range(len(held)):
        held[index] = bytes(200)
    after = allocators.python()
    assert before is not None
    assert after is not None
    assert after["live"] - before["live"] == pytest.approx(10_000 * 240, abs=NOISE)
    assert after["small"] - before["small"] == pytest.approx(10_000, abs=100)
    assert after["blocks"] - before["blocks"] == pytest.approx(10_000, abs=100)
    assert after["live"] <= after["held"]


def test_large_blocks_are_native_but_counted(allocators: Allocators) -> None:
    gc.collect()
    held: list[bytes | None] = [None] * 1000
    before_python, before_native = allocators.python(), allocators.native()
    for index in range(len(held)):
        held[index] = bytes(5000)
    after_python, after_native = allocators.python(), allocators.native()
    assert before_python is not None
    assert after_python is not None
    assert before_native is not None
    assert after_native is not None
    assert after_python["live"] - before_python["live"] < NOISE
    assert after_python["blocks"] - before_python["blocks"] == pytest.approx(1000, abs=100)
    grown = after_native["live"] - before_native["live"]
    assert grown == pytest.approx(1000 * 5040, rel=0.01)


def test_native_blocks_show_whether_small_or_mapped(allocators: Allocators) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    # A chunk of 112, its address as an object of 32 (not here) and a place of 8 in the list.
    for size, count, shown in ((100, 10_000, 120), (50_000_000, 3, 50_000_000)):
        before = allocators.native()
        blocks = [libc.malloc(size) for _ in range(count)]
        after = allocators.native()
        for block in blocks:
            libc.free(block)
        freed = allocators.native()
        assert before is not None
        assert after is not None
        assert freed is not None
        assert after["live"] - before["live"] == pytest.approx(shown * count, rel=0.02)
        assert freed["live"] - before["live"] < 9 * count + NOISE  # a list has room to grow
        assert after["live"] <= after["held"]


def test_reading_leaves_nothing_behind(allocators: Allocators) -> None:
    for _ in range(3):
        allocators.python()
        allocators.native()
        allocators.trim()
    before = allocators.native()
    for _ in range(500):
        allocators.python()
        allocators.native()
    after = allocators.native()
    assert before is not None
    assert after is not None
    assert after["live"] - before["live"] < NOISE


def test_old_counters_of_32_bits_go_on_counting_past_their_end() -> None:
    """glibc before 2.33 has no other, and a heap of 4 GiB is not rare."""
    allocators = Allocators()
    used = iter([3 << 30, (4 << 30) - 10, (4 << 30) + 20, 9 << 30, (4 << 30) + 20])

    class OldCounters:
        hblkhd = 0

        def __init__(self) -> None:
            self.uordblks = self.arena = next(used) % (1 << 32)

    allocators._mallinfo = OldCounters  # noqa: SLF001 - this glibc is newer
    allocators.mallinfo_name = "mallinfo"
    readings = [allocators.native() for _ in range(3)]
    assert [r["live"] for r in readings if r] == [3 << 30, (4 << 30) - 10, (4 << 30) + 20]
    assert [r["held"] for r in readings if r] == [3 << 30, (4 << 30) - 10, (4 << 30) + 20]


def test_there_may_be_no_counters_at_all() -> None:
    allocators = Allocators()
    allocators._mallinfo = allocators._stats = allocators._trim = None  # noqa: SLF001 - as under musl
    assert (allocators.native(), allocators.python()) == (None, None)
    allocators.trim()


def test_tasks_that_are_done_do_not_count() -> None:
    async def main() -> tuple[int | None, int | None]:
        tasks = [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(10)]
        await asyncio.sleep(0)
        many = live_tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return many, live_tasks()

    assert asyncio.run(main()) == (11, 1)


def test_the_set_of_tasks_may_change_while_it_is_read() -> None:
    class Restless:
        def __init__(self, failures: int) -> None:
            self.failures = failures

        def __iter__(self) -> object:
            self.failures -= 1
            if self.failures >= 0:
                raise RuntimeError("Set changed size during iteration")
            return iter([1, 2])

    assert counters._copied(Restless(5)) == [1, 2]  # type: ignore[arg-type]  # noqa: SLF001 - what weak sets do under other threads
    assert counters._copied(Restless(10**9)) == []  # type: ignore[arg-type]  # noqa: SLF001 - as above
