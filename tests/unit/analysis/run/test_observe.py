"""Which processes and checkpoints can be compared, and the series that they give."""

from dataclasses import replace

import pytest
from fabricate import Process, alive, counting, growing, growing_outside, outside, reading, taken

from tsprof.analysis.run import observe
from tsprof.records import Checkpoint


def test_processes_that_stay_are_all_watched() -> None:
    view = observe.watched(taken(growing(), growing(pid=101), growing_outside(pid=102)))
    assert {pid for pid, _ in view.identities} == {100, 101, 102}
    assert (len(view.checkpoints), view.restarts) == (24, 0)


@pytest.mark.parametrize(
    "processes",
    [
        (alive(growing(pid=101), last=9),),
        (alive(growing(pid=101), first=10),),
        (alive(growing_outside(pid=101), last=9),),
        (alive(growing_outside(pid=101), first=10),),
        (alive(growing(pid=101), last=9), alive(growing(pid=102), first=10)),
        (lambda n: reading(n, 101, started=1.0 if n < 10 else 2.0),),
        (lambda n: reading(n, 101) if n < 10 else outside(101),),
        (lambda n: outside(101) if n < 10 else reading(n, 101),),
    ],
    ids=[
        "one went",
        "one came",
        "a native one went",
        "a large native one came",
        "one was replaced",
        "its pid was used again",
        "its agent fell silent",
        "its agent came",
    ],
)
def test_growth_is_judged_since_the_last_change(processes: tuple[Process, ...]) -> None:
    view = observe.watched(taken(growing(), *processes))
    assert view.restarts == 1
    assert view.checkpoints[0].number == 10
    assert {(r.pid, r.started) for r in view.checkpoints[-1].processes} == view.identities


def test_growth_is_judged_since_the_last_segment_whose_requests_are_not_all_counted() -> None:
    checkpoints = taken(growing())
    checkpoints[10] = replace(checkpoints[10], uncertain=True)
    view = observe.watched(checkpoints)
    assert (view.restarts, view.uncertain) == (0, 1)
    assert view.checkpoints[0].number == 10
    assert len(view.checkpoints) == 14


def test_growth_is_judged_since_the_target_has_time_to_tidy_up() -> None:
    checkpoints = [
        replace(point, rested=2.5 if point.number >= 7 else 0.0) for point in taken(growing())
    ]
    view = observe.watched(checkpoints)
    assert (view.restarts, view.checkpoints[0].number) == (0, 7)


def test_a_small_native_child_is_no_change() -> None:
    child = alive(lambda _: outside(101, rss=1_000_000), first=10)
    view = observe.watched(taken(growing(), child))
    assert view.restarts == 0
    assert {pid for pid, _ in view.identities} == {100}


def test_nothing_is_watched_where_nothing_was_taken() -> None:
    view = observe.watched([])
    assert view == observe.Watched(frozenset(), (), 0)
    assert observe.series(view, observe.live) is None
    assert observe.process_count([]).values == ()


def test_a_series_sums_the_processes_that_have_the_counter() -> None:
    view = observe.watched(taken(growing(), growing(300, pid=101), growing_outside(300, pid=102)))
    live = observe.series(view, observe.live)
    native = observe.series(view, observe.outside)
    assert live is not None
    assert native is not None
    assert live.values[-1] - live.values[0] == pytest.approx(300 * 1000 * 23, abs=1000)
    assert native.values[-1] - native.values[0] == pytest.approx(300 * 1000 * 23, abs=4096)
    assert live.requests == tuple(range(1000, 25_000, 1000))


def test_tasks_begin_with_asyncio() -> None:
    view = observe.watched(taken(lambda n: reading(n, tasks=None if n < 3 else n)))
    series = observe.series(view, observe.tasks)
    assert series is not None
    assert series.values[:5] == (0, 0, 0, 3, 4)
    assert observe.series(observe.watched(taken(growing_outside())), observe.tasks) is None


def test_clocks_are_errors_and_several_endpoints() -> None:
    def with_endpoints(**endpoints: int) -> Checkpoint:
        (checkpoint,) = taken(growing(), count=1, failing=0.1)
        return Checkpoint(**{**vars(checkpoint), "endpoints": endpoints})

    view = observe.watched([with_endpoints(), with_endpoints(a=3, b=5)])
    series = observe.series(view, observe.live)
    assert series is not None
    assert series.clocks == {"errors": (100.0, 100.0), "a": (0.0, 3.0), "b": (0.0, 5.0)}
    (alone,) = taken(growing(), count=1)
    assert observe.process_count([alone]).clocks == {}


def test_what_the_counters_are() -> None:
    process = reading(descriptors=7, threads=3)
    assert observe.descriptors(process) == 7
    assert observe.threads(process) == 3
    assert observe.slack(process) == 800_000
    assert observe.unowned(process) == 0
    for value in (observe.live, observe.slack, observe.unowned):
        assert value(outside()) is None
    assert observe.outside(process) is None


def test_processes_are_counted_over_the_whole_run() -> None:
    checkpoints = taken(counting("threads", 10), alive(growing(pid=101), first=5))
    assert observe.process_count(checkpoints).values == (1.0,) * 5 + (2.0,) * 19
