import asyncio
import gc
import itertools
import sys
import threading
from collections.abc import Callable

import pytest
from heap_counters import live_bytes
from truthsync.cache import LRUCache
from truthsync.faults.catalogue import make_fault
from truthsync.faults.report_job import ReportJob
from truthsync.faults.specification import FAULTS, parse_faults
from truthsync.faults.truth import (
    dict_bytes,
    heap_block,
    list_bytes,
    malloc_block,
    set_bytes,
    true_bytes,
)

EVENTS = 5_000
"""Enough that a table of the interpreter's own (8 kB was seen) is below 2 bytes per event."""

FIRST_NUMBER = 1_000_000
HEAP_FAULTS = ("list", "callbacks", "dict", "tracebacks", "cycle", "native")


async def growth(text: str, events: int) -> tuple[int, int]:
    """Return the measured and the computed growth, in bytes, of that many events."""
    (specification,) = parse_faults(text)
    fault = make_fault(specification, LRUCache(100))
    size = int(specification.numbers.get("size", 0))
    numbers = itertools.count(FIRST_NUMBER)
    warm_up = 50  # free lists and caches of the interpreter fill

    async def plant(count: int) -> int:
        for number in itertools.islice(numbers, count):
            fault.plant(number)
            await asyncio.sleep(0)  # tasks that do a part of the work get their turn
        await asyncio.sleep(0.01)
        return live_bytes()

    gc.collect()
    gc.disable()
    fault.start()
    await plant(warm_up)
    before = live_bytes()
    after = await plant(events)
    live = fault.live(warm_up + events)
    fault.stop()
    assert live == warm_up + events
    expected = true_bytes(specification.name, size, live)
    return after - before, expected - true_bytes(specification.name, size, warm_up)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a report has no event to wait for
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("size", [20, 300, 2_000])
@pytest.mark.parametrize("name", HEAP_FAULTS)
def test_the_truth_is_what_the_allocators_count(name: str, size: int) -> None:
    measured, computed = asyncio.run(growth(f"{name}:1:{size}", EVENTS))

    assert measured / EVENTS == pytest.approx(computed / EVENTS, abs=4)


@pytest.mark.parametrize("text", ["lru:1:100000", "ttl:1:1000"])
def test_the_truth_of_a_cache_that_fills_is_what_the_allocators_count(text: str) -> None:
    measured, computed = asyncio.run(growth(text, EVENTS))

    assert measured / EVENTS == pytest.approx(computed / EVENTS, abs=4)


def test_the_constant_for_tasks_holds() -> None:
    measured, computed = asyncio.run(growth("task:1", EVENTS))

    assert measured == pytest.approx(computed, rel=0.08)


def test_the_constant_for_threads_holds() -> None:
    measured, computed = asyncio.run(growth("thread:1", 200))

    # A Thread's attributes take more where something has set another one on a Thread: 300 bytes,
    # with Python 3.14 780.
    assert measured == pytest.approx(computed, rel=0.2)
    for thread in threading.enumerate():
        if thread.name.startswith("notifier-"):
            thread.join()  # or the next test would measure how its memory goes


def test_the_rows_of_a_report_are_what_the_allocators_count() -> None:
    async def report() -> tuple[int, int]:
        job = ReportJob(seconds=0.2, size=2_000_000)
        gc.collect()
        gc.disable()
        before = live_bytes()
        job.start()
        await until(lambda: job.live(0) > 0)
        held, rows = live_bytes() - before, job.live(0)
        await until(lambda: job.live(0) == 0)
        job.stop()
        assert live_bytes() - before < held / 20
        return held, true_bytes("job", 0, rows)

    measured, computed = asyncio.run(report())
    assert measured == pytest.approx(computed, rel=0.02)


def test_containers_are_as_large_as_real_ones() -> None:
    real_list: list[int] = []
    real_dict: dict[str, int] = {}
    real_set: set[int] = set()
    assert list_bytes(0) == sys.getsizeof(real_list)
    assert dict_bytes(0) == sys.getsizeof(real_dict)
    assert set_bytes(0) == sys.getsizeof(real_set)
    for entries in range(1, 120_000):
        real_list.append(entries)
        real_dict[f"{entries:032x}"] = entries
        real_set.add(entries)
        if entries < 3_000 or entries % 101 == 0:
            assert list_bytes(entries) == sys.getsizeof(real_list)
            assert dict_bytes(entries) == sys.getsizeof(real_dict)
            assert set_bytes(entries) == sys.getsizeof(real_set)


@pytest.mark.parametrize(
    ("size", "block"), [(1, 16), (16, 16), (17, 32), (512, 512), (513, 528), (1_000, 1_008)]
)
def test_objects_take_whole_blocks(size: int, block: int) -> None:
    assert heap_block(size) == block


@pytest.mark.parametrize(("size", "chunk"), [(1, 32), (24, 32), (25, 48), (300, 320)])
def test_malloc_takes_whole_chunks(size: int, chunk: int) -> None:
    assert malloc_block(size) == chunk


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "lazy"])
def test_the_truth_is_known_for_every_fault(name: str) -> None:
    none, some, more = (true_bytes(name, 300, planted) for planted in (0, 1_000, 2_000))

    if name in ("fd", "latency", "reserve"):
        assert none == some == more == 0
    else:
        assert none < 1_000 < 32 * 1_000 <= some < more


@pytest.mark.parametrize("name", ["lazy", "lst", ""])
def test_what_cannot_be_known_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be computed"):
        true_bytes(name, 300, 1)
