"""Every byte of resident growth has an owner."""

import random
from dataclasses import replace

import pytest
from fabricate import NATIVE, outside, reading, taken

from tsprof.analysis.run.ledger import (
    OWNERS,
    growth_rows,
    large_python_growth,
    owners,
    total_owners,
)
from tsprof.records import ProcessReading
from tsprof.report.model import LedgerRow


def scattered(seed: int) -> ProcessReading:
    """Read a process whose counters may contradict each other, as those of a real one may."""
    numbers = random.Random(seed)

    def some() -> int:
        return numbers.randrange(200_000_000)

    anonymous, stacks, files = some(), some(), some()
    return ProcessReading(
        pid=1,
        started=1.0,
        command="",
        source="agent",
        rss=anonymous + stacks + files,
        anonymous=anonymous,
        stacks=stacks,
        file_mapped=files,
        python_live=numbers.choice([None, some()]),
        python_held=some(),
        native_live=numbers.choice([None, some()]),
        native_held=some(),
        blocks=some(),
        small_blocks=some(),
    )


@pytest.mark.parametrize("seed", range(100))
def test_the_owners_of_a_process_add_up_to_its_resident_memory(seed: int) -> None:
    process = scattered(seed)
    assert sum(owners(process).values()) == process.rss


@pytest.mark.parametrize("seed", range(100))
def test_the_rows_add_up_to_the_resident_growth(seed: int) -> None:
    before, after = scattered(seed), scattered(seed + 1000)
    rows = growth_rows([before], [after], 1000, container_bytes_per_request=seed * 100.0)
    split = before.live is not None and after.live is not None
    assert [row.owner for row in rows] == (list(OWNERS) if split else ["other"])
    grown = sum(row.bytes_per_request for row in rows)
    assert grown == pytest.approx((after.rss - before.rss) / 1000)
    assert sum(row.bytes_now for row in rows) == after.rss


def test_each_byte_goes_to_its_owner() -> None:
    process = reading()
    assert process.python_live is not None
    assert owners(process) == {
        "python_objects": process.python_live,
        "native_heap": NATIVE,
        "allocator_slack": 800_000,
        "stacks": 100_000,
        "mappings": 9_000_000,
        "other": 0,
    }


def test_memory_that_no_allocator_holds_is_mapped() -> None:
    process = replace(reading(), anonymous=reading().anonymous + 7000, rss=reading().rss + 7000)
    assert owners(process)["mappings"] == 9_007_000
    assert owners(process)["other"] == 0


def test_live_memory_that_is_not_resident_makes_the_rest_negative() -> None:
    process = replace(reading(), native_live=NATIVE + 50_000_000, native_held=NATIVE + 50_000_000)
    split = owners(process)
    assert split["native_heap"] == NATIVE + 50_000_000
    assert split["allocator_slack"] == 0
    assert split["other"] < -40_000_000


def test_a_native_program_has_no_python_objects() -> None:
    before, after = (
        reading(number, source="native", python_live=None, native_live=5_000_000 + 64_000 * number)
        for number in (0, 1)
    )
    rows = {r.owner: r.bytes_per_request for r in growth_rows([before], [after], 1000)}
    assert "python_objects" not in rows
    assert rows["native_heap"] == 64


def test_a_process_without_an_agent_is_not_split() -> None:
    before, after = outside(), outside(grown=409_600)
    assert owners(before) == {"other": before.rss}
    (row,) = growth_rows([before], [after], 100)
    assert row == LedgerRow(owner="other", bytes_per_request=4096, bytes_now=after.rss)
    (checkpoint,) = taken(lambda _: before, count=1)
    assert total_owners(checkpoint) == {"other": before.rss}


def test_a_process_that_lost_its_agent_grew_by_what_its_resident_memory_did() -> None:
    before, after = reading(), outside()
    (row,) = growth_rows([before], [after], 1)
    assert (row.owner, row.bytes_per_request) == ("other", after.rss - before.rss)


def test_processes_that_were_not_there_at_both_ends_are_left_out() -> None:
    stayed = (reading(0, 1), reading(0, 1, grown=500_000))
    rows = growth_rows(
        [stayed[0], reading(0, 2)],
        [stayed[1], reading(0, 3, grown=9_000_000), reading(0, 2, started=9.0)],
        1000,
    )
    assert {row.owner: row.bytes_per_request for row in rows if row.bytes_per_request} == {
        "python_objects": 500.0
    }


def test_no_requests_are_no_division_by_zero() -> None:
    assert growth_rows([reading()], [reading()], 0)[0].bytes_per_request == 0


def test_the_owners_of_a_checkpoint_are_those_of_its_processes() -> None:
    (checkpoint,) = taken(lambda n: reading(n, 1), lambda n: reading(n, 2), count=1)
    total = total_owners(checkpoint)
    assert sum(total.values()) == sum(process.rss for process in checkpoint.processes)


def grown_by(blocks: int, native: int, small: int = 0) -> ProcessReading:
    start = reading()
    return replace(
        start,
        blocks=start.blocks + blocks + small,
        small_blocks=start.small_blocks + small,
        native_live=NATIVE + native,
        native_held=NATIVE + native,
        anonymous=start.anonymous + native,
        rss=start.rss + native,
    )


@pytest.mark.parametrize(
    ("after", "python"),
    [
        (grown_by(1000, 1_000_000), 1000.0),
        (grown_by(0, 1_000_000), 0.0),
        (grown_by(0, 1_000_000, small=1000), 0.0),
        (grown_by(9, 1_000_000), 0.0),
        (grown_by(1000, 1000 * 511), 0.0),
        (grown_by(1000, 1000 * (4 << 20) + 1000), 0.0),
        (grown_by(-1000, -1_000_000), 0.0),
    ],
    ids=["large blocks", "none", "small ones", "too few", "too small", "too large", "fewer"],
)
def test_native_growth_in_large_python_blocks_is_pythons(
    after: ProcessReading, python: float
) -> None:
    assert large_python_growth(reading(), after) / 1000 == python
    rows = {row.owner: row for row in growth_rows([reading()], [after], 1000)}
    assert rows["python_objects"].bytes_per_request == python
    native = (after.native_live or 0) - NATIVE
    assert rows["native_heap"].bytes_per_request == pytest.approx(native / 1000 - python)


def test_containers_take_no_more_than_the_native_growth() -> None:
    after = grown_by(0, 100_000)
    rows = {
        row.owner: row.bytes_per_request
        for row in growth_rows([reading()], [after], 1000, container_bytes_per_request=500.0)
    }
    assert (rows["python_objects"], rows["native_heap"]) == (100.0, 0.0)
