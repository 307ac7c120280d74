"""When a run may end before its time."""

from dataclasses import replace

import pytest
from checkpoint_of import checkpoint

from tsprof.analysis.run.assessments import look
from tsprof.records import Checkpoint, Segment
from tsprof.supervisor.measure import (
    MOST_SURE_LOOKS,
    SURE_LOOKS,
    _lean,
    looks_needed,
    may_stop,
    paced,
)
from tsprof.supervisor.plan import Plan

PLAN = Plan(scenario="check", segment_seconds=1.2, max_seconds=55, users=10)


def checkpoints(table_doubles_at: int = 99) -> list[Checkpoint]:
    return [
        checkpoint(number, 10_000_000 + 300_000 * number + 2_000_000 * (number >= table_doubles_at))
        for number in range(20)
    ]


LEAK = look(checkpoints())


def test_a_leak_ends_a_run_unless_it_grows_with_time_alone() -> None:
    assert LEAK.lean == "leak"
    assert LEAK.memory is not None
    with_time = replace(LEAK, memory=replace(LEAK.memory, clock="seconds"))
    assert with_time.lean == "leak"
    assert may_stop(PLAN, LEAK)
    assert not may_stop(PLAN, with_time)
    assert not may_stop(replace(PLAN, stop_on_leak=False, stop_when_sure=False), LEAK)


def test_a_leak_that_ends_in_a_jump_is_looked_at_once_more() -> None:
    """A table that doubled in the last segment is part of it: the next checkpoint tells."""
    growth = checkpoints(table_doubles_at=18)
    ends_in_jump, one_more = look(growth[:19]), look(growth)
    assert ends_in_jump.lean == one_more.lean == "leak"
    assert looks_needed(ends_in_jump) == MOST_SURE_LOOKS > SURE_LOOKS == looks_needed(one_more)
    assert looks_needed(LEAK) == SURE_LOOKS
    assert ends_in_jump.memory is not None
    assert one_more.memory is not None
    assert one_more.memory.rate.value > ends_in_jump.memory.rate.value + 100


@pytest.mark.parametrize(
    ("seconds", "requests", "expected"),
    [
        (1.2, 1000, 1000),
        (0.7, 1000, 1000),
        (2.3, 1000, 1000),
        (0.06, 20, 400),
        (12.0, 1000, 100),
        (12.0, 20, 20),
        (0.0, 0, 20),
        (5.0, 0, 20),
    ],
)
def test_segments_become_as_long_as_intended(seconds: float, requests: int, expected: int) -> None:
    segment = Segment(
        number=0,
        seconds=seconds,
        requests=requests,
        failures=0,
        intended=requests,
        latency={},
        latency_max_ms=0.0,
    )
    assert paced(segment, max(requests, 20), PLAN) == expected


def test_no_growth_is_shown_before_there_are_checkpoints_enough() -> None:
    shown = [_lean(look(checkpoints()[:count])) for count in (4, 10)]
    assert [each.growth_bytes_per_request is None for each in shown] == [True, False]
    assert "3 usable segments are too few" in shown[0].message
