"""What the positive control plants is what it says, to the byte."""

from collections.abc import Iterator

import pytest

from tsprof.agent.control import BLOCKS, Control
from tsprof.agent.counters import Allocators

NOISE = 20_000
"""Bytes that the test itself may allocate between two readings."""


@pytest.fixture
def control() -> Iterator[Control]:
    control = Control()
    yield control
    control.unplant({})


def live() -> int:
    allocators = Allocators()
    python, native = allocators.python(), allocators.native()
    assert python is not None
    assert native is not None
    return python["live"] + native["live"]


def test_it_plants_what_it_says(control: Control) -> None:
    live()
    before = live()
    planted = control.plant({})
    assert planted["blocks"] == BLOCKS
    expected = planted["python_bytes"] + planted["native_bytes"]
    assert live() - before == pytest.approx(expected, abs=NOISE)


def test_it_takes_it_back(control: Control) -> None:
    control.plant({})
    control.unplant({})
    before = live()
    for _ in range(10):
        control.plant({})
        control.unplant({})
    assert abs(live() - before) < NOISE


def test_to_plant_or_to_take_back_twice_is_no_leak(control: Control) -> None:
    control.plant({})
    control.unplant({})
    before = live()
    control.plant({})
    control.plant({})
    control.unplant({})
    control.unplant({})
    assert abs(live() - before) < NOISE
