"""By how much live memory goes up and down."""

import pytest
from fabricate import Process, growing, growing_outside, reading, taken

from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.scatter import largest_fall, live_bytes
from tsprof.records import ProcessReading

HELD = 3_000_000
"""Bytes that are let go of every second."""


def swinging(number: int) -> ProcessReading:
    """A process that has let go of everything at two checkpoints of three."""
    return reading(number, grown=HELD if number % 3 == 0 else 0)


def test_what_comes_and_goes_between_checkpoints() -> None:
    assert largest_fall(look(taken(swinging, count=7))) == pytest.approx(HELD, abs=1000)


@pytest.mark.parametrize(
    ("process", "count"),
    [
        (swinging, 4),  # too few to tell it from a warm-up
        (swinging, 8),  # the last one shows little
        (lambda number: reading(number, grown=HELD / 12 * (number % 3 == 0)), 7),
        (growing(per_request=300), 24),
        (growing(), 24),
        (growing_outside(), 7),
    ],
    ids=["too few", "low", "little", "a leak", "clean", "without an agent"],
)
def test_nothing_to_wait_for(process: Process, count: int) -> None:
    assert largest_fall(look(taken(process, count=count))) == 0.0


def test_live_bytes_are_those_of_watched_processes() -> None:
    checkpoints = taken(growing(), growing_outside(pid=101))
    last = checkpoints[-1]
    assert live_bytes(look(checkpoints), last) == {100: last.processes[0].live}
