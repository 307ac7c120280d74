"""Which processes are looked into."""

import pytest
from fabricate import SEGMENT, growing, growing_outside, taken

from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.growing import MOST_PROCESSES, Growing, growing_between, growing_processes


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
