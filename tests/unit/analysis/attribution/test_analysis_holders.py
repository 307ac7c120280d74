from typing import Any

import pytest

from tsprof.analysis.attribution.holders import (
    Eviction,
    Replies,
    gaining_types,
    growing_types,
    held_growth,
)

REQUESTS = 1_000


def found(identity: int, path: str, **changes: Any) -> dict[str, Any]:
    """A holder as the agent describes it."""
    return {
        "path": path,
        "root": "global",
        "type": "dict",
        "id": identity,
        "entries": 2_000,
        "bytes": 200_000,
        "table_bytes": 0,
        "sample": "str(8) -> bytes(40)",
        "file": "/srv/app.py",
        "line": 0,
        "parents": [],
        "element_types": {"bytes": 50},
        "found_by": [],
        "bound": None,
        "eviction": None,
        "keeps_frames": False,
        "writers": [],
        "callers": [],
        "removers": [],
        "notes": [],
    } | changes


def census(
    containers: list[tuple[int, str, int, int | None]] | None = None,
    types: dict[str, int] | None = None,
    spread: tuple[int, list[int]] = (0, []),
) -> dict[str, Any]:
    rows = [
        {"id": identity, "type": kind, "length": length, "previous": previous}
        for identity, kind, length, previous in containers or []
    ]
    return {
        "containers": rows,
        "types": types or {},
        "spread": {"containers": 0, "entries": spread[0], "ids": spread[1]},
    }


def process(*holders: dict[str, Any], after: dict[str, Any], before: Any = None) -> Replies:
    return Replies(before=before or census(), after=after, holders=holders)


def test_a_container_s_gain_becomes_a_rate() -> None:
    replies = process(
        found(1, 'app.py: module global "seen" -> dict'), after=census([(1, "dict", 2_000, 1_000)])
    )
    (cause,) = held_growth([replies], requests=REQUESTS)
    assert cause.holder.entries_per_request == 1.0
    assert cause.bytes_per_request == pytest.approx(100.0)
    assert cause.holder.path == 'app.py: module global "seen" -> dict'
    assert not cause.is_bounded
    assert cause.plateau_bytes is None


def test_processes_with_the_same_way_are_one_cause() -> None:
    replies = [
        process(found(identity, "way"), after=census([(identity, "dict", 2_000, 1_500)]))
        for identity in (1, 2)
    ]
    (cause,) = held_growth(replies, requests=REQUESTS)
    assert cause.holder.entries_per_request == 1.0
    assert cause.holder.entries == 4_000
    assert cause.bytes_per_request == pytest.approx(100.0)


def test_a_bound_has_a_plateau() -> None:
    replies = process(found(1, "cache", bound=10_000), after=census([(1, "dict", 2_000, 1_000)]))
    (cause,) = held_growth([replies], requests=REQUESTS)
    assert cause.is_bounded
    assert cause.plateau_bytes == pytest.approx(1_000_000)


def test_expiry_is_bounded_without_a_number() -> None:
    place = {"function": "Cache.purge", "file": "/srv/app.py", "line": 9, "kind": "time"}
    replies = process(found(1, "cache", eviction=place), after=census([(1, "dict", 2_000, 1_000)]))
    (cause,) = held_growth([replies], requests=REQUESTS)
    assert cause.eviction == Eviction(**place)
    assert cause.is_bounded
    assert cause.plateau_bytes is None


def test_what_an_entry_holds_is_part_of_the_outer_cause() -> None:
    outer = found(1, "sessions", bytes=400_000)
    inner = found(2, "sessions[...] -> list", type="list", parents=[[1, 2_000]])
    objects = found(
        3, "sessions[...] -> Session", type="app.Session", entries=None, parents=[[1, 2_000]]
    )
    replies = process(
        inner,
        objects,
        outer,
        before=census(types={"app.Session": 1_000}),
        after=census(
            [(1, "dict", 2_000, 1_000), (2, "list", 2_000, 1_000)], {"app.Session": 2_000}
        ),
    )
    (cause,) = held_growth([replies], requests=REQUESTS)
    assert cause.holder.path == "sessions"
    assert {part.path for part in cause.parts} == {
        "sessions[...] -> list",
        "sessions[...] -> Session",
    }


def test_two_leaks_are_two_causes_and_weak_holders_come_last() -> None:
    large = found(1, "large")
    small = found(2, "small", bytes=20_000)
    weak = found(3, "_all_tasks", type="set", element_types={"weakref.ReferenceType": 50})
    rows: list[tuple[int, str, int, int | None]] = [
        (1, "dict", 2_000, 1_000),
        (2, "dict", 2_000, 1_000),
        (3, "set", 2_000, 1_000),
    ]
    causes = held_growth([process(weak, small, large, after=census(rows))], requests=REQUESTS)
    assert [cause.holder.path for cause in causes] == ["large", "small", "_all_tasks"]
    assert [cause.weak for cause in causes] == [False, False, True]


def test_a_container_that_did_not_grow_is_no_cause() -> None:
    steady = found(1, "steady")
    assert held_growth([process(steady, after=census())], requests=REQUESTS) == ()


def test_an_lru_cache_is_counted_by_its_dict() -> None:
    cache = found(1, "load", type="functools.lru_cache", bound=4_096)
    (cause,) = held_growth(
        [process(cache, after=census([(1, "dict", 2_000, 1_500)]))], requests=REQUESTS
    )
    assert cause.holder.entries_per_request == 0.5
    assert cause.plateau_bytes == pytest.approx(4_096 * 100)


def test_objects_without_a_container_are_counted_by_their_type() -> None:
    node = found(1, "Chain.newest -> app.Node", type="app.Node", entries=None, bytes=64)
    (cause,) = held_growth(
        [
            process(
                node,
                before=census(types={"app.Node": 500}),
                after=census(types={"app.Node": 1_500}),
            )
        ],
        requests=REQUESTS,
    )
    assert cause.holder.entries_per_request == 1.0
    assert cause.bytes_per_request == pytest.approx(64.0)


def test_an_object_whose_kind_a_container_holds_is_no_cause() -> None:
    listeners = found(1, "listeners", type="list", found_by=["tuple", "dict"])
    stray = found(2, "Union.__args__ -> tuple", type="tuple", entries=None, bytes=9_000)
    replies = process(
        stray,
        listeners,
        before=census(types={"tuple": 500}),
        after=census([(1, "list", 2_000, 1_000)], {"tuple": 1_500, "dict": 60}),
    )
    (cause,) = held_growth([replies], requests=REQUESTS)
    assert cause.holder.path == "listeners"
    assert cause.brings == {"tuple": 1.0}


def test_small_containers_share_their_gain() -> None:
    paths = [
        found(identity, "histories[...] -> list", type="list", entries=10) for identity in (1, 2)
    ]
    (cause,) = held_growth(
        [process(*paths, after=census(spread=(2_000, [1, 2])))], requests=REQUESTS
    )
    assert cause.holder.entries_per_request == 2.0


def test_types_worth_looking_for() -> None:
    before = census(types={"dict": 1_000, "app.Session": 100, "app.Static": 70})
    after = census(
        types={
            "dict": 4_000,
            "app.Session": 1_100,
            "app.Static": 80,
            "weakref.ReferenceType": 5_000,
        }
    )
    wanted = growing_types(gaining_types(before, after, requests=REQUESTS))
    assert list(wanted.items()) == [("app.Session", 1_000), ("dict", 3_000)]
    assert gaining_types(after, after, requests=REQUESTS) == {}
