"""Which processes are looked into."""

import pytest
from fabricate import SEGMENT, Process, growing, growing_outside, reading, taken

from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.growing import (
    MOST_PROCESSES,
    Growing,
    growing_between,
    growing_processes,
    part_of_requests,
)
from tsprof.records import ProcessReading


def test_those_that_grow_come_the_fastest_first() -> None:
    points = taken(growing(300, pid=1), growing(0, pid=2), growing(900, pid=3))
    assert growing_processes(look(points)) == Growing((3, 1))


def test_what_gains_less_than_a_tenth_of_the_fastest_is_left_out() -> None:
    points = taken(growing(1000, pid=1), growing(90, pid=2), growing(300, pid=3))
    assert growing_processes(look(points)) == Growing((1, 3))


def test_workers_that_share_the_growth_are_looked_into_however_many_they_are() -> None:
    points = taken(*(growing(300, pid=pid) for pid in range(1, MOST_PROCESSES + 4)))
    found = growing_processes(look(points))
    assert len(found.pids) == MOST_PROCESSES
    assert found.share == pytest.approx(MOST_PROCESSES / (MOST_PROCESSES + 3), rel=1e-3)


def test_no_more_than_a_few_are_looked_into() -> None:
    points = taken(*(growing(300 + pid, pid=pid) for pid in range(1, MOST_PROCESSES + 4)))
    found = growing_processes(look(points))
    assert len(found.pids) == MOST_PROCESSES
    assert found.pids[0] == MOST_PROCESSES + 3


def test_garbage_is_sought_where_it_lies() -> None:
    points = taken(growing(pid=1, gc_enabled=False, garbage_bytes=400 * SEGMENT), growing(pid=2))
    final = look(points)
    assert final.leaking == ("garbage",)
    assert growing_processes(final).pids == (1,)


def test_without_exact_counters_nobody_is() -> None:
    assert growing_processes(look([])) == Growing()
    assert growing_processes(look(taken(growing_outside(300)))) == Growing()


def test_a_fresh_process_has_gained_nothing_before() -> None:
    final = look(taken(growing(300, pid=1)))
    before, after = taken(growing(300, pid=1), count=2)
    later = taken(growing(300, pid=2), count=2)
    assert growing_between(before, after, final).pids == (1,)
    assert growing_between(before, later[1], final) == Growing()


def test_a_worker_that_is_slowed_down_has_a_smaller_part_of_the_requests() -> None:
    before = taken(keeping(2, pid=1), keeping(0, pid=2))
    first, last = taken(keeping(1.5, pid=1), keeping(0.5, pid=2), count=2)
    final = look(before)
    assert final.leaking
    assert part_of_requests(first, last, [1], final) == pytest.approx(0.75)
    assert part_of_requests(first, last, [1, 2], final) == pytest.approx(1)


def test_too_few_blocks_do_not_tell_the_part_of_the_requests() -> None:
    final = look(taken(keeping(2, pid=1)))
    first, last = taken(keeping(0.1, pid=1), count=2)
    assert part_of_requests(first, last, [1], final) is None
    assert part_of_requests(first, first, [1], final) is None
    assert part_of_requests(first, last, [1], look([])) is None


def keeping(blocks: float, pid: int) -> Process:
    """A process that keeps so many blocks of 64 bytes of each request."""

    def at(number: int) -> ProcessReading:
        kept = int(blocks * SEGMENT * number)
        return reading(number, pid, grown=64 * kept, blocks=101_000 + kept)

    return at
