"""One look at a run: what leaks, what is settled, and what could have been seen."""

from dataclasses import replace

import pytest
from fabricate import (
    NATIVE,
    PYTHON,
    SEGMENT,
    Process,
    alive,
    counting,
    filling,
    growing,
    growing_outside,
    outside,
    reading,
    taken,
)

from tsprof.analysis.run.assessments import (
    OUTSIDE_BLIND_SPOT,
    blind_spot,
    look,
    requests_between,
)


def test_a_clean_process_leans_to_clean() -> None:
    seen = look(taken(growing()))
    assert seen.lean == "clean"
    assert seen.leaking == ()
    assert seen.detectable is not None
    assert seen.detectable < 2


@pytest.mark.parametrize("per_request", [4.0, 33.0, 300.0, 20_000.0])
def test_a_leak_of_any_size_leans_to_leak(per_request: float) -> None:
    seen = look(taken(growing(per_request), count=40))
    assert seen.lean == "leak"
    assert seen.leaking == ("memory",)
    assert seen.memory is not None
    assert seen.memory.rate.value == pytest.approx(per_request, rel=0.05)


@pytest.mark.parametrize(
    ("processes", "count", "told"),
    [
        ((growing(),), 24, True),
        ((growing(300),), 24, True),
        ((counting("descriptors", 100),), 24, True),
        ((growing(300),), 4, False),
        ((filling(40_000_000, 8),), 16, False),
    ],
)
def test_all_is_told_when_each_resource_leaks_or_does_not(
    processes: tuple[Process, ...], count: int, *, told: bool
) -> None:
    assert look(taken(*processes, count=count)).is_told is told


def test_growth_below_the_floor_is_no_leak() -> None:
    seen = look(taken(growing(1.0), count=60))
    assert seen.lean != "leak"


def test_a_few_kilobytes_are_no_leak_however_steady() -> None:
    steady = taken(lambda n: reading(n, grown=700 * n), count=24)
    assert look(steady).leaking == ()


def test_a_leak_in_one_worker_of_several_is_seen() -> None:
    seen = look(taken(growing(pid=1), growing(300, pid=2), growing(pid=3)))
    assert seen.leaking == ("memory",)


def test_every_counted_resource_is_looked_at() -> None:
    assert set(look(taken(growing())).counts) == {"fd", "thread", "task", "process"}


def test_temporary_files_are_judged_where_the_target_has_a_folder_for_them() -> None:
    points = taken(growing())
    left = [replace(c, temporary_files=10 + c.requests // 100) for c in points]
    removed = [replace(c, temporary_files=10) for c in points]
    assert "temporary_file" in look(left).leaking
    assert "temporary_file" not in look(removed).leaking
    assert "temporary_file" not in look([*left[:-1], points[-1]]).counts
    assert look(taken(counting("descriptors", 100))).leaking == ("fd",)


def test_a_filling_cache_is_undecided() -> None:
    assert look(taken(filling(40_000_000, 8), count=16)).lean == "undecided"


def test_before_the_first_checkpoint_nothing_is_known() -> None:
    seen = look([])
    assert seen.lean == "undecided"
    assert seen.detectable is None
    assert blind_spot(seen.view) == OUTSIDE_BLIND_SPOT


def test_from_outside_small_leaks_stay_unseen() -> None:
    short = look(taken(growing_outside(), count=12))
    assert short.lean == "undecided"
    assert short.detectable is not None
    assert short.detectable >= OUTSIDE_BLIND_SPOT / (12 * SEGMENT)
    long = look(taken(growing_outside(), count=200))
    assert long.detectable is not None
    assert long.detectable < short.detectable
    assert long.lean == "clean"


def test_a_leak_from_outside_shows_after_megabytes() -> None:
    assert look(taken(growing_outside(3000))).leaking == ("memory",)
    assert look(taken(growing_outside(30))).leaking == ()


def test_a_large_process_without_an_agent_limits_what_could_be_seen() -> None:
    alone = look(taken(growing()))
    beside = look(taken(growing(), growing_outside(pid=101)))
    small = look(taken(growing(), lambda _: outside(101, rss=1_000_000, anonymous=900_000)))
    assert alone.detectable is not None
    assert beside.detectable is not None
    assert beside.detectable > 100 * alone.detectable
    assert small.detectable == pytest.approx(alone.detectable)


def test_memory_that_no_allocator_holds_limits_what_could_be_seen() -> None:
    """Such as a garbage-collected heap."""
    alone = look(taken(growing()))
    mapped = PYTHON + NATIVE
    beside = look(taken(growing(anonymous=2 * mapped)))
    little = look(taken(growing(anonymous=mapped + 1_050_000)))
    assert alone.detectable is not None
    assert beside.detectable is not None
    assert beside.detectable > 100 * alone.detectable
    assert little.detectable == pytest.approx(alone.detectable)
    assert [seen.unowned_matters for seen in (alone, beside, little)] == [False, True, False]


def test_the_blind_spot_grows_with_the_memory() -> None:
    large = look(taken(lambda n: reading(n, rss=2_000_000_000)))
    assert blind_spot(large.view) == 20_000_000


def test_requests_of_the_window_exclude_the_warm_up() -> None:
    warm_up = [3_000_000, 5_000_000, 5_500_000]
    seen = look(
        taken(lambda n: reading(n, grown=(warm_up[n] if n < 3 else 6_000_000) + 300_000 * n))
    )
    assert seen.memory is not None
    assert 0 < requests_between(seen.view, seen.memory) < 23 * SEGMENT
    assert seen.memory.rate.value == pytest.approx(300, rel=0.05)


@pytest.mark.parametrize(
    ("fields", "per_request"),
    [
        ({"gc_enabled": False, "garbage_bytes": 400 * SEGMENT}, 400),
        ({"gc_enabled": True, "garbage_bytes": 400 * SEGMENT}, 0),
        ({"gc_enabled": False, "garbage_bytes": 0}, 0),
    ],
)
def test_garbage_counts_where_no_collector_runs(fields: dict[str, int], per_request: float) -> None:
    seen = look(taken(growing(**fields)))
    assert seen.garbage_per_request == pytest.approx(per_request, rel=0.05)


def test_garbage_of_a_collector_that_was_switched_off_later_is_not_judged() -> None:
    def late(number: int) -> object:
        return reading(number, gc_enabled=number < 8, garbage_bytes=400 * SEGMENT)

    assert look(taken(late)).garbage_per_request == 0  # type: ignore[arg-type]  # a process


def test_a_worker_that_ended_is_not_in_the_look() -> None:
    seen = look(taken(growing(), alive(growing(3000, pid=101), last=4)))
    assert seen.leaking == ()
    assert seen.view.restarts == 1
