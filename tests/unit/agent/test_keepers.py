"""Who keeps the numbers of descriptors that C code opened."""

import ctypes
import os
from collections.abc import Iterator

import pytest

from tsprof.agent import resources
from tsprof.agent.keepers import instances, keepers, where_stored

LIBC = ctypes.CDLL(None)


class Watcher:
    def __init__(self) -> None:
        number = LIBC.inotify_init()
        self.watches = {"of": number}
        self.descriptor = number


class Slotted:
    __slots__ = ("descriptor",)

    def __init__(self, number: int) -> None:
        self.descriptor = number


class Item:
    def __init__(self, number: int) -> None:
        self.number = number


@pytest.fixture
def watchers() -> Iterator[list[Watcher]]:
    assert resources.start({})["recording"] is True
    made = [Watcher() for _ in range(6)]
    yield made
    resources.forget({})
    for watcher in made:
        os.close(watcher.descriptor)


def test_a_listing_tells_the_object_and_the_line_that_stores_the_number(
    watchers: list[Watcher],
) -> None:
    reply = resources.stop({})
    for watcher in watchers:
        found = reply["descriptors"][str(watcher.descriptor)]
        assert found["id"] == id(watcher)
        ((function, file, _),) = reply["stacks"][found["origin"]]
        assert (function, file) == ("Watcher.__init__", __file__)


def test_slots_and_what_has_no_class_of_its_own() -> None:
    kept = [Slotted(number) for number in (1_000_001, 1_000_002, 1_000_003)]
    opened = {1_000_001, 1_000_002, 1_000_003}
    found = keepers([1_000_001, 1_000_002], opened, {})
    assert found == {1_000_001: (kept[0], "descriptor"), 1_000_002: (kept[1], "descriptor")}
    assert where_stored(Slotted, "descriptor")[0][0] == "Slotted.__init__"
    assert where_stored(Slotted, "nothing") == []


def test_numbers_that_are_no_descriptors_are_not_taken_for_some() -> None:
    items = [Item(number) for number in range(1_000_000, 1_000_100)]
    assert not keepers([1_000_001, 1_000_002], {1_000_001, 1_000_002}, {})
    assert len(items) == 100


def test_one_of_several_descriptors_may_be_a_number_by_chance() -> None:
    item = Item(1_000_001)
    assert not keepers([1_000_001, 1_000_002], {1_000_001, 1_000_002}, {})
    assert item.number


def test_objects_that_were_there_before_have_not_opened_anything() -> None:
    members = [Slotted(1_000_001), Slotted(1_000_002)]
    opened = {1_000_001, 1_000_002}
    assert keepers(opened, opened, {})
    assert not keepers(opened, opened, instances())
    del members


def test_numbers_that_come_twice_are_no_descriptors() -> None:
    levels = [Slotted(number) for number in (1_000_001, 1_000_002) for _ in range(4)]
    assert not keepers([1_000_001, 1_000_002], {1_000_001, 1_000_002}, {})
    assert len(levels) == 8
