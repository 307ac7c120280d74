"""How long descriptors last."""

import math

import pytest

from tsprof.records import Checkpoint, ProcessReading
from tsprof.supervisor.descriptors import segments_left, spared


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
        ([100, 200, 300, 400, 500], {1: 5.24}),
        ([900, 30, 30, 30, 30], {1: math.inf}),
        ([30, 1024, 1024, 1024, 1024, 1024], {1: math.inf}),
        ([30, 500, 1000, 1010, 1024], {1: 0.0}),
        ([30, 31, 32, 33, 1000], {1: 24.0}),
        ([100, 200, 300], {}),
    ],
)
def test_segments_left(numbers: list[int], left: dict[int, float]) -> None:
    assert segments_left(points(numbers), {1: 1024}) == pytest.approx(left)


def test_the_latest_segment_tells_how_long_they_last_at_its_growth() -> None:
    assert segments_left(points([30, 31, 131]), {1: 1131}, recent=1) == pytest.approx({1: 10.0})


def test_segments_are_made_smaller_where_descriptors_grow_scarce() -> None:
    assert spared(1_000, math.inf) == 1_000
    assert spared(1_000, 12.0) == 1_000
    assert spared(1_000, 6.0) == 250


def test_a_process_without_a_limit_has_enough() -> None:
    assert segments_left(points([1, 2, 3, 4, 5]), {}) == {}
