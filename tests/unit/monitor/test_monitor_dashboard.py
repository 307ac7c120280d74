"""Where a run stands, from what it has stored."""

import pytest
from written_run import FAST, Written

from tsprof.histogram import Histogram
from tsprof.monitor.dashboard import standing
from tsprof.monitor.watch import RunWatch
from tsprof.records import Phase
from tsprof.report.standing import Row, Standing
from tsprof.store.follow import RunFollower


def seen(watch: RunWatch) -> Standing:
    return standing(*watch.look())


def rows(stands: Standing) -> dict[str, Row]:
    return {row.label: row for block in stands.blocks for row in block.rows}


def titles(stands: Standing) -> list[str]:
    return [block.title for block in stands.blocks]


def test_nothing_stored_is_nothing_shown(run: Written) -> None:
    run.begins("baseline", {"p99_ms": 10.0})
    stands = seen(RunWatch(run.folder))
    assert stands.blocks == ()
    assert stands.untold == ("p99_ms",)
    assert stands.lean == "undecided"


def test_the_last_seconds_the_whole_run_and_the_target(run: Written) -> None:
    run.begins("baseline", {"p99_ms": 10.0, "requests_per_second": 150.0, "error_rate": 0.01})
    watch = RunWatch(run.folder)
    run.seconds(12)
    run.segment()
    run.segment()
    found = rows(seen(watch))
    rate = found["requests/s"]
    assert (rate.now, rate.whole, rate.outcome) == (100.0, 100.0, "missed")
    assert rate.history == (100.0,) * 11  # the twelfth second may not be over
    assert found["p99"].now == pytest.approx(5.0, rel=0.01)
    assert found["p99"].outcome == "met"
    assert found["failed"].whole == 0.002
    assert found["failed"].target == "< 1 %"
    assert found["CPU"].now == pytest.approx(50.0)
    assert found["memory"].now == 1_000_012
    assert found["connections"].now == 7


def test_what_fails_is_told_by_kind(run: Written) -> None:
    run.begins("baseline", {})
    run.seconds(20, failures=3, **{"5xx": 2, "timeout": 1})
    found = rows(seen(RunWatch(run.folder)))
    assert (found["5xx"].whole, found["timeouts"].whole, found["4xx"].whole) == (40, 20, 0)
    assert found["5xx"].now == 2 * 5
    assert "other" not in found


def test_a_target_that_tells_nothing_of_a_cache_has_no_such_block(run: Written) -> None:
    run.begins("baseline", {}, gauge_limits={"cache_hit_rate": "> 80%"})
    run.seconds(3)
    run.segment()
    stands = seen(RunWatch(run.folder))
    assert titles(stands) == ["Performance", "Resources", "Errors"]
    assert stands.untold == ()


def test_the_cache_block_has_the_targets_own_gauges(run: Written) -> None:
    run.begins("baseline", {}, gauge_limits={"cache_hit_rate": "> 80%"})
    run.seconds(3)
    for _ in range(4):
        run.segment(cache={"hits_total": 70.0, "misses_total": 30.0, "evictions_total": 20.0})
    stands = seen(RunWatch(run.folder))
    found = rows(stands)
    assert titles(stands)[1] == "Cache"
    assert found["hit rate"].now == pytest.approx(0.7)
    assert found["hit rate"].outcome == "missed"
    assert found["size"].now == 40
    assert found["evictions/s"].now == pytest.approx(2.0)  # 20 in the 10 s of a segment


def test_a_limit_on_a_gauge_of_no_block_is_a_resource(run: Written) -> None:
    run.begins("baseline", {"queue_size": "< 10"})
    run.seconds(3)
    for _ in range(3):
        run.segment(queue={"drops_total": 0.0})
    stands = seen(RunWatch(run.folder))
    (resources,) = (block for block in stands.blocks if block.title == "Resources")
    assert [row.outcome for row in resources.rows if row.label == "queue_size"] == ["missed"]


def test_a_check_shows_what_matters_there(run: Written) -> None:
    run.begins("check", {"p50_ms": 1.0})
    run.seconds(3)
    run.segment()
    found = rows(seen(RunWatch(run.folder)))
    assert list(found) == ["requests/s", "p50", "p99", "memory", "failed"]


def test_a_climb_is_held_to_the_best_rate_that_was_sustained(run: Written) -> None:
    run.begins("stress", {"requests_per_second": 90.0, "machine_cpu_percent": 80.0})
    run.seconds(3)
    run.segment()
    for rate in (100.0, 200.0):
        run.segment()
        number = 1 if rate == 100.0 else 2
        run.database.add(Phase(name="", segment=number, began=0.0, ended=1.0, rate=rate))
    run.database.commit()
    found = rows(seen(RunWatch(run.folder)))
    assert (found["requests/s"].whole, found["requests/s"].outcome) == (100.0, "met")
    assert found["all CPUs"].now == pytest.approx(100 * 0.8 / 4)
    assert found["all CPUs"].outcome == ""


def test_speed_is_that_before_a_spike(run: Written) -> None:
    run.begins("spike", {"p99_ms": 10.0, "recovery_seconds": 30.0})
    run.seconds(3)
    for _ in range(3):
        run.segment()
    run.segment(slow=True)
    run.database.add(Phase(name="spike", segment=3, began=2.0, ended=3.0))
    run.database.commit()
    stands = seen(RunWatch(run.folder))
    assert rows(stands)["p99"].outcome == "met"
    assert stands.untold == ("recovery_seconds",)


def test_what_is_kept_of_a_long_run_is_bounded(run: Written) -> None:
    follower = RunFollower(run.folder)
    run.begins("endurance", {})
    for _ in range(5):
        run.seconds(500)
        so_far = follower.look()
    assert so_far.timeline.step == 8
    assert 300 <= len(so_far.timeline.points) < 600
    assert sum(point.requests for point in so_far.timeline.points) == 100 * 8 * len(
        so_far.timeline.points
    )
    assert len(so_far.recent) <= 6
    assert len(so_far.usage.cpu) == 1
    assert so_far.requests == 250_000
    assert so_far.latency.count == Histogram(FAST).count * 2500
