"""How long descriptors last."""

import math
from dataclasses import replace

import pytest

from tsprof.records import Checkpoint, ProcessReading
from tsprof.supervisor.descriptors import requests_left


def points(numbers: list[int]) -> list[Checkpoint]:
    return [
        Checkpoint(
            number=at,
            seconds=1.3 * at,
            requests=1000 * at,
            failures=0,
            processes=(
                ProcessReading(
                    pid=1, started=0, command="service", source="agent", rss=0, descriptors=number
                ),
            ),
        )
        for at, number in enumerate(numbers)
    ]


@pytest.mark.parametrize(
    ("numbers", "left"),
    [
        ([100, 200, 300], {1: 7_240}),
        ([100, 200, 250], {1: 15_480}),
        ([30, 900, 900], {1: math.inf}),
        ([1024, 1024, 1024], {1: math.inf}),
        ([1000, 1010, 1024], {1: 0}),
        ([24, 24], {1: math.inf}),
        ([520, 924], {1: 100 / 0.9}),
        ([24], {1: math.inf}),
    ],
)
def test_requests_left(numbers: list[int], left: dict[int, float]) -> None:
    """Before there are two segments, what was open before the load counts, and its 10 users."""
    found = requests_left(points(numbers), {1: 1024}, {1: 4}, users=10)
    assert found == pytest.approx(left)


def test_a_process_without_a_limit_has_enough_and_a_new_one_does_not_grow() -> None:
    assert requests_left(points([1, 2, 3]), {}, {}, 1) == {}
    first, second, third = points([1, 200, 300])
    first, before = (replace(point, processes=()) for point in (first, second))
    assert requests_left([first, second, third], {1: 1024}, {}, 1) == {1: math.inf}
    assert requests_left([first, before, third], {1: 1024}, {}, 1) == {1: math.inf}
