import asyncio
import gc
import os
import sys
import threading
from fractions import Fraction
from pathlib import Path

import pytest
from truthsync.cache import LRUCache
from truthsync.errors import SettingsError
from truthsync.faults.export_formats import MODULES
from truthsync.faults.injector import FaultInjector
from truthsync.faults.session_cache import SessionCache
from truthsync.faults.specification import FAULTS, parse_faults, usage
from truthsync.faults.truth import true_bytes
from truthsync.verifier import EVIDENCE_FILE, Verdict


def after_requests(text: str, requests: int) -> dict[str, float | None]:
    """Return the status of the only fault after that many requests."""

    async def run() -> dict[str, float | None]:
        injector = FaultInjector(parse_faults(text), LRUCache(100))
        injector.start()
        for _ in range(requests):
            await injector.on_request()
        await asyncio.sleep(0.01)
        (status,) = injector.status().values()
        injector.stop()
        return status

    return asyncio.run(run())


def test_nothing_is_planted_unless_asked_for() -> None:
    assert parse_faults("") == parse_faults(" , ,") == ()
    assert FaultInjector((), LRUCache(100)).status() == {}


def test_faults_are_read_with_their_numbers() -> None:
    first, second = parse_faults(" list:0.1:300 , fd:0.01")

    assert (first.name, first.rate, first.numbers["size"]) == (
        "list",
        Fraction(1, 10),
        Fraction(300),
    )
    assert (second.name, second.rate) == ("fd", Fraction(1, 100))


@pytest.mark.parametrize("name", FAULTS)
def test_numbers_have_defaults_except_the_rate(name: str) -> None:
    needs_rate = FAULTS[name][0].default is None

    (specification,) = parse_faults(f"{name}:0.5" if needs_rate else name)

    assert set(specification.numbers) == {parameter.name for parameter in FAULTS[name]}
    if needs_rate:
        with pytest.raises(SettingsError, match="needs its rate"):
            parse_faults(name)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lst:0.1", "unknown fault 'lst'; known are list:rate"),
        (":0.1", "unknown fault ''"),
        ("list:", "rate of 'list' must be a number"),
        ("list:x", "not 'x'"),
        ("list:nan", "not 'nan'"),
        ("list:1e-999999999", "not '1e-999999999'"),
        ("list:-1", "not '-1'"),
        ("list:0", "not '0'"),
        ("list:1.5", "from 1e-09 to 1"),
        ("list:0.1:15", "size of 'list' must be a whole number from 16"),
        ("list:0.1:20.5", "must be a whole number"),
        ("list:0.1:99999999999", "to 10000000"),
        ("list:0.1:³", "not '³'"),
        ("list:0.1:300:4", "too many numbers: list:rate"),
        ("fd:0.1:300", "too many numbers"),
        ("list:0.1,list:0.2", "more than once"),
        ("x" * 10_000, "unknown fault"),
    ],
)
def test_a_wrong_fault_is_one_clear_line(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_faults(text)

    message = str(caught.value)
    assert told in message
    assert "\n" not in message
    assert len(message) < 600


def test_an_unknown_name_is_answered_with_all_known_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_faults("leak:0.1")

    assert all(usage(name) in str(caught.value) for name in FAULTS)


@pytest.mark.parametrize("rate", ["1", "0.5", "0.3", "0.1", "0.01", "0.999", "0.333333333"])
def test_events_are_exactly_as_many_as_the_rate_says(rate: str) -> None:
    async def run() -> None:
        injector = FaultInjector(parse_faults(f"latency:{rate}:1"), LRUCache(100))
        for request in range(1, 300):
            await injector.on_request()
            assert injector.status()["latency"]["planted"] == request * Fraction(rate) // 1

    asyncio.run(run())


@pytest.mark.parametrize("name", ["list", "callbacks", "dict", "tracebacks", "native"])
def test_status_tells_count_bytes_and_bytes_per_request(name: str) -> None:
    status = after_requests(f"{name}:0.1:300", 1_000)

    assert (status["planted"], status["live"]) == (100, 100)
    assert status["bytes"] == true_bytes(name, 300, 100)
    assert status["bytes_per_request"] == pytest.approx(true_bytes(name, 300, 100) / 1_000)


def test_cycles_live_until_somebody_collects() -> None:
    async def run() -> None:
        injector = FaultInjector(parse_faults("cycle:1:300"), LRUCache(100))
        injector.start()
        assert not gc.isenabled()
        for _ in range(100):
            await injector.on_request()
        assert injector.status()["cycle"]["live"] == 100
        gc.collect()
        status = injector.status()["cycle"]
        assert (status["planted"], status["live"], status["bytes"]) == (100, 0, 0)
        injector.stop()
        assert gc.isenabled()

    asyncio.run(run())


def test_descriptors_stay_open() -> None:
    before = evidence_descriptors()
    try:
        status = after_requests("fd:0.1", 100)
        assert (status["planted"], status["bytes"]) == (10, 0)
        assert len(evidence_descriptors() - before) == 10
    finally:
        for descriptor in evidence_descriptors() - before:
            os.close(descriptor)


def evidence_descriptors() -> set[int]:
    """The descriptors of this process that are open on the evidence file."""
    links = Path("/proc/self/fd").iterdir()
    return {int(link.name) for link in links if os.path.realpath(link) == str(EVIDENCE_FILE)}


def test_threads_wait() -> None:
    async def run() -> None:
        injector = FaultInjector(parse_faults("thread:0.1"), LRUCache(100))
        before = threading.active_count()
        for _ in range(100):
            await injector.on_request()
        assert threading.active_count() == before + 10
        injector.stop()

    asyncio.run(run())


def test_tasks_wait() -> None:
    async def run() -> None:
        injector = FaultInjector(parse_faults("task:0.1"), LRUCache(100))
        before = len(asyncio.all_tasks())
        for _ in range(100):
            await injector.on_request()
        assert len(asyncio.all_tasks()) == before + 10
        assert injector.status()["task"]["live"] == 10
        injector.stop()
        await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) == before

    asyncio.run(run())


def test_latency_grows_with_every_event() -> None:
    status = after_requests("latency:0.5:100", 20)

    assert status["delay_seconds"] == pytest.approx(10 * 100e-6)
    assert status["bytes"] == 0


def test_a_bounded_cache_stops_growing() -> None:
    filling = after_requests("lru:1:100", 60)
    full = after_requests("lru:1:100", 300)

    assert (filling["live"], full["live"], full["planted"]) == (60, 100, 300)
    assert full["bytes"] == true_bytes("lru", 0, 100)


def test_sessions_end() -> None:
    cache = SessionCache(seconds=60)
    for number in range(10):
        cache.plant(number)
    assert cache.live(10) == 10

    cache.drop_expired(now=float("inf"))

    assert cache.live(10) == 0


def test_modules_are_imported_at_the_stated_request_only() -> None:
    early = after_requests("lazy:10", 9)
    late = after_requests("lazy:10", 30)

    assert (early["planted"], late["planted"]) == (0, 1)
    assert late["bytes"] is None
    assert set(MODULES) <= sys.modules.keys()


def test_reserved_slots_are_lost_to_the_cache_but_for_the_last() -> None:
    cache: LRUCache[Verdict] = LRUCache(5)

    async def run(requests: int) -> float | None:
        injector = FaultInjector(parse_faults("reserve:0.5"), cache)
        for _ in range(requests):
            await injector.on_request()
        return injector.status()["reserve"]["live"]

    assert asyncio.run(run(4)) == 2
    assert cache.maxsize == 3
    assert asyncio.run(run(20)) == 2
    assert cache.maxsize == 1
