"""The highest rate that a service sustains, and what gives way above it."""

from dataclasses import replace

import pytest

from tsprof.analysis.service.climb import (
    PRECISION,
    Step,
    best_step,
    first_beyond,
    held_back,
    next_rate,
    what_gave_way,
)


def held(rate: float | None, capacity: float, unheld: float) -> Step:
    answered = unheld if rate is None else min(rate, capacity)
    return Step(rate=rate, seconds=10, achieved=answered)


def climb(capacity: float, unheld: float) -> list[Step]:
    steps = [held(None, capacity, unheld)]
    while (rate := next_rate(steps)) is not None:
        steps.append(held(rate, capacity, unheld))
        assert len(steps) < 30, "the climb goes on for ever"
    return steps


@pytest.mark.parametrize("share", [0.13, 0.4, 0.77, 0.98, 1.0, 1.2, 1.43])
def test_the_highest_sustained_rate_is_found(share: float) -> None:
    steps = climb(capacity=share * 8000, unheld=8000)
    best, beyond = best_step(steps), first_beyond(steps)
    assert best is not None
    assert beyond is not None
    assert best.achieved == pytest.approx(share * 8000, rel=1.5 * PRECISION)
    assert beyond.rate == pytest.approx(share * 8000, rel=1.5 * PRECISION)


def test_a_service_that_sustains_all_rates_ends_the_climb() -> None:
    steps = climb(capacity=1e9, unheld=1000)
    assert first_beyond(steps) is None
    best = best_step(steps)
    assert best is not None
    assert best.rate == pytest.approx(1500, rel=0.1)


@pytest.mark.parametrize(("capacity", "unheld"), [(0, 0), (1e-9, 1000)])
def test_a_service_that_sustains_nothing_ends_the_climb(capacity: float, unheld: float) -> None:
    assert best_step(climb(capacity, unheld)) is None


def test_errors_and_a_backlog_are_not_sustained() -> None:
    good = Step(rate=100, seconds=10, achieved=100)
    assert good.is_sustained
    assert not replace(good, failed=0.02).is_sustained
    assert not replace(good, unsent=0.02).is_sustained
    assert not replace(good, achieved=98).is_sustained


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"generator": "it used 0.99 of a processor", "failed": 0.5}, "generator"),
        ({"failed": 0.5, "busiest": 1.0}, "50.0% of them failed"),
        ({"busiest": 0.97}, "its one busy process uses 0.97 of 4"),
        ({"busiest": 3.6}, "its busiest process uses 3.6 of 4"),
        ({"busiest": 0.5, "machine": 0.98}, "98% busy"),
        ({"busiest": 0.2, "machine": 0.2, "waited": 0.5}, "something else uses its processors"),
        ({"busiest": 0.2, "machine": 0.2}, "waits for something"),
    ],
)
def test_what_gave_way(step: dict[str, float | str], expected: str) -> None:
    beyond = replace(Step(rate=100, seconds=10, achieved=90), **step)  # type: ignore[arg-type]  # by name
    assert expected in what_gave_way(beyond, 4)
    beside_the_target = "generator" in step or expected.startswith("something else")
    assert bool(held_back(beyond, 4)) is beside_the_target
