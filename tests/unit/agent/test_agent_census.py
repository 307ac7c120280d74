import gc
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

import pytest

from tsprof.agent import heap
from tsprof.agent.census import Census

LONG = {"budget": 60.0}

GROWING: list[Any] = []


class Record:
    def __init__(self, number: int) -> None:
        self.number = number


class Mapping(dict[Any, Any]):
    def __len__(self) -> int:
        raise AssertionError


@pytest.fixture
def census() -> Iterator[Census]:
    gc.collect()
    yield Census()
    GROWING.clear()


def entry_of(reply: dict[str, Any], container: Any) -> dict[str, Any]:
    (entry,) = [one for one in reply["containers"] if one["id"] == id(container)]
    assert isinstance(entry, dict)
    return entry


def test_instances_are_counted_by_type(census: Census) -> None:
    before = census.take(LONG)
    kept = [Record(number) for number in range(1_000)]
    after = census.take(LONG)
    name = f"{__name__}.Record"
    assert before["complete"]
    assert after["complete"]
    assert after["types"][name] - before["types"].get(name, 0) == len(kept)


@pytest.mark.parametrize(
    "container",
    [[], {}, set(), deque(), OrderedDict(), Mapping(), bytearray()],
    ids=lambda container: type(container).__name__,
)
def test_a_container_that_grows_is_found(census: Census, container: Any) -> None:
    GROWING.append(container)
    fill(container, 0, 100)
    census.take(LONG)
    fill(container, 100, 350)
    entry = entry_of(census.take(LONG), container)
    assert (entry["previous"], entry["length"]) == (100, 350)
    assert entry["type"] == heap.type_name(type(container))


def fill(container: Any, start: int, stop: int) -> None:
    for number in range(start, stop):
        if isinstance(container, dict):
            container[number] = str(number)
        elif isinstance(container, set):
            container.add(number)
        else:
            container.append(number % 256)


def test_a_dict_of_plain_values_is_found_though_the_collector_does_not_track_it(
    census: Census,
) -> None:
    plain = {f"key-{number}": number for number in range(100)}
    GROWING.append(plain)
    census.take(LONG)
    plain.update({f"key-{number}": number for number in range(100, 500)})
    assert entry_of(census.take(LONG), plain)["length"] == 500


def test_a_container_that_does_not_grow_is_no_candidate(census: Census) -> None:
    GROWING.append(list(range(1_000)))
    census.take(LONG)
    reply = census.take(LONG)
    assert id(GROWING[0]) not in [entry["id"] for entry in reply["containers"]]


def test_slots_that_are_there_from_the_start_are_filled(census: Census) -> None:
    ring: list[Any] = [None] * 2_000
    appended: list[Any] = [None] * 300
    GROWING.extend([ring, appended])
    ring[:500] = range(500)
    appended[::2] = range(150)
    census.take(LONG)
    ring[500:700] = range(200)
    appended.extend(range(100))
    reply = census.take(LONG)
    entry = entry_of(reply, ring)
    assert (entry["previous"], entry["length"], entry["slots"]) == (500, 700, 2_000)
    entry = entry_of(reply, appended)
    assert (entry["previous"], entry["length"]) == (150, 250)
    assert "slots" not in entry
    ring[:] = range(2_000)
    entry = entry_of(census.take(LONG), ring)
    assert (entry["previous"], entry["length"], entry["slots"]) == (700, 2_000, 2_000)


def test_none_that_is_appended_is_an_entry(census: Census) -> None:
    results: list[Any] = [None] * 300
    GROWING.append(results)
    census.take(LONG)
    results.extend([None] * 100)
    entry = entry_of(census.take(LONG), results)
    assert entry["length"] - entry["previous"] == 100
    assert "slots" not in entry


def test_a_new_container_has_no_previous_length(census: Census) -> None:
    census.take(LONG)
    GROWING.append(list(range(100_000)))
    assert entry_of(census.take(LONG), GROWING[0])["previous"] is None


def test_it_does_not_find_itself(census: Census) -> None:
    GROWING.extend([number] for number in range(1_000))
    known = {entry["id"] for entry in census.take(LONG)["containers"]}
    for _ in range(3):
        found = census.take(LONG)["containers"]
        assert {entry["id"] for entry in found} <= known


def test_small_containers_that_grow_together_are_estimated(census: Census) -> None:
    GROWING.extend([number] for number in range(20_000))
    census.take(LONG)
    census.take(LONG)
    for history in GROWING:
        history += [1, 2]
    spread = census.take(LONG)["spread"]
    assert spread["entries"] == pytest.approx(40_000, rel=0.2)
    assert spread["ids"]
    assert set(spread["ids"]) <= set(map(id, GROWING))


def test_a_census_leaves_nothing_behind(census: Census) -> None:
    GROWING.extend([number] for number in range(50_000))
    states = [census.take(LONG)["state_bytes"] for _ in range(3)]
    gc.collect()
    gc.disable()  # what only the collector could free is left behind
    try:
        objects = []
        for _ in range(3):
            census.take(LONG)
            objects.append(len(gc.get_objects()))
    finally:
        gc.enable()
    assert max(states) < 1_000_000
    assert objects[-1] == objects[0]


def test_a_census_keeps_no_object_alive(census: Census) -> None:
    GROWING.append([Record(number) for number in range(100)])
    census.take(LONG)
    GROWING.clear()
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is Record]


def test_it_goes_on_where_the_budget_ended(census: Census) -> None:
    growing = list(range(100))
    GROWING.extend([[[number] for number in range(100_000)], growing])
    for _ in range(2):
        reply = census.take({"budget": 0.0})
        assert not reply["complete"]
        assert 0 < reply["scanned"] < reply["objects"]
        while reply["scanned"] < reply["objects"]:
            reply = census.go_on({"budget": 0.0})
        assert reply["state_bytes"] < 1_000_000
        growing += range(100)
    assert reply["complete"]
    assert reply["types"]["list"] > 100_000
    assert entry_of(reply, growing)["previous"] == 100
    with pytest.raises(ValueError, match="under way"):
        census.go_on(LONG)


def test_of_many_long_containers_it_remembers_few(census: Census) -> None:
    GROWING.extend([0] * 64 for _ in range(100_000))
    growing = list(range(100))
    GROWING.append(growing)
    for _ in range(2):
        growing += range(100)
        reply = census.take(LONG)
        assert reply["state_bytes"] < 1_000_000
    assert entry_of(reply, growing)["previous"] == 200


def test_the_collector_is_left_as_it_was(census: Census) -> None:
    census.take(LONG)
    assert gc.isenabled()
    gc.disable()
    try:
        census.take(LONG)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_frozen_objects_are_seen(census: Census) -> None:
    growing = list(range(100))
    GROWING.append(growing)
    gc.freeze()
    try:
        census.take(LONG)
        growing += range(400)
        assert gc.get_freeze_count() > 1_000
        assert entry_of(census.take(LONG), growing)["previous"] == 100
        assert GROWING in heap.referrers([growing], heap.frozen_objects(gc.get_objects()))
    finally:
        gc.unfreeze()
