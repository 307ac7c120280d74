"""How a load is divided, and how what several processes report becomes one report."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tsprof.histogram import Histogram
from tsprof.load.messages import EndpointCounts, EndpointTotals, FailureSample, Quiet, Tick
from tsprof.load.recorder import MAX_SAMPLES, OTHER_MESSAGES
from tsprof.load.sharing import (
    merged_failures,
    merged_quiet,
    merged_tick,
    paces,
    quiet_of_the_lost,
    shares,
)
from tsprof.records import Arrivals, Generator, LoadCost


def tick(**changes: object) -> Tick:
    values: dict[str, object] = {
        "second": 100,
        "seconds": 1.0,
        "requests": 3,
        "failures": 1,
        "exceptions": 2,
        "latency": Histogram({5: 3}, 2.0),
        "endpoints": (EndpointCounts("GET", "/", 2, 1), EndpointCounts("GET", "/a", 1, 0)),
        "users": 4,
        "in_flight": 2,
        "oldest_seconds": 0.5,
        "open": True,
        "cpu_seconds": 1.5,
        "failure_kinds": {"5xx": 1},
    }
    return Tick(**(values | changes))  # type: ignore[arg-type]


def quiet(name: str, requests: int, *, seconds: float = 1.0, uncertain: bool = False) -> Quiet:
    latency = Histogram({5: requests}, 2.0)
    return Quiet(
        admitted=requests + 1,
        completed=requests,
        failures=1,
        exceptions=2,
        seconds=seconds,
        latency=latency,
        endpoints=(
            EndpointTotals("GET", "/", requests, 1, latency),
            EndpointTotals("GET", name, 0, 0, Histogram()),
        ),
        processes=(LoadCost(name="", requests=requests, cpu_seconds=0.5),),
        users=4,
        arrivals=None,
        latency_sent=None,
        generator=Generator(cpu_share=0.5, waited_share=0.2, lag=Histogram({1: 20}, 1.0)),
        uncertain=uncertain,
    )


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1], [10]),
        (10, [1, 1], [5, 5]),
        (10, [4, 3, 3], [4, 3, 3]),
        (1, [1, 1, 1], [1, 0, 0]),
        (0, [1, 2], [0, 0]),
        (5, [0, 1], [0, 5]),
        (7, [2, 3], [3, 4]),
        (100, [1, 1, 1], [34, 33, 33]),
    ],
)
def test_parts_follow_the_weights(total: int, weights: list[int], parts: list[int]) -> None:
    assert shares(total, weights) == parts


def test_parts_add_up_and_are_less_than_one_from_exact() -> None:
    for total in range(120):
        for weights in ([1, 2, 3], [7, 7, 7, 7], [0, 1, 50], [3, 1, 4, 1, 5, 9]):
            parts = shares(total, weights)
            assert sum(parts) == total
            for part, weight in zip(parts, weights, strict=True):
                assert abs(part - Fraction(total * weight, sum(weights))) < 1


def test_processes_with_a_rate_send_in_turn() -> None:
    three = paces(30, [2, 2, 2])
    assert [pace.rate for pace in three] == [10, 10, 10]
    due = sorted(pace.delay + k / pace.rate for pace in three for k in range(4))
    assert due == pytest.approx([k / 30 for k in range(12)])


def test_a_rate_is_divided_by_weight() -> None:
    rates = [pace.rate for pace in paces(100, [4, 3, 3])]
    assert rates == [40, 30, 30]


def test_ticks_are_summed_and_the_standing_is_that_of_the_latest() -> None:
    ticks = [tick(), tick(second=101, seconds=0.4, endpoints=(EndpointCounts("GET", "/", 3, 0),))]
    silent = tick(users=1, in_flight=9, oldest_seconds=7.0, open=False)
    merged = merged_tick(ticks, [*ticks, silent])
    assert (merged.requests, merged.failures, merged.exceptions) == (6, 2, 4)
    assert merged.latency == Histogram({5: 6}, 2.0)
    assert merged.endpoints == (EndpointCounts("GET", "/", 5, 1), EndpointCounts("GET", "/a", 1, 0))
    assert (merged.second, merged.seconds) == (101, 1.0)
    assert (merged.users, merged.in_flight, merged.oldest_seconds) == (9, 13, 7.0)
    assert merged.open
    assert merged.cpu_seconds == 4.5
    assert merged.failure_kinds == {"5xx": 2}


def test_totals_of_a_segment_are_summed_and_say_who_did_what() -> None:
    first, second = quiet("one", 3, seconds=2.0), quiet("two", 4)
    merged = merged_quiet({"one": first, "two": second})
    assert (merged.admitted, merged.completed, merged.failures, merged.exceptions) == (9, 7, 2, 4)
    assert merged.seconds == 2.0
    assert merged.latency == Histogram({5: 7}, 2.0)
    assert merged.endpoints[0] == EndpointTotals("GET", "/", 7, 2, Histogram({5: 7}, 2.0))
    assert [endpoint.name for endpoint in merged.endpoints] == ["/", "one", "two"]
    assert [(cost.name, cost.requests) for cost in merged.processes] == [("one", 3), ("two", 4)]
    assert merged.users == 8
    assert (merged.arrivals, merged.latency_sent) == (None, None)
    assert not merged.uncertain
    assert first == quiet("one", 3, seconds=2.0), "what is merged stays as it was"
    assert merged_quiet({"one": first, "two": quiet("two", 1, uncertain=True)}).uncertain


def test_of_a_schedule_the_counts_are_summed_and_of_the_processes_the_busiest_is_told() -> None:
    arrivals = Arrivals(sent=10, unsent=1, late=3, late_without_user=2, most_in_flight=4)
    first = replace(quiet("one", 10), arrivals=arrivals, latency_sent=Histogram({4: 10}, 1.5))
    busy = Generator(cpu_share=0.9, waited_share=0.1, lag=Histogram({7: 20}, 9.0))
    merged = merged_quiet({"one": first, "two": replace(first, generator=busy)})
    assert merged.arrivals == Arrivals(
        sent=20, unsent=2, late=6, late_without_user=4, most_in_flight=8
    )
    assert merged.latency_sent == Histogram({4: 20}, 1.5)
    assert merged.generator == Generator(
        cpu_share=0.9, waited_share=0.1, lag=Histogram({1: 20, 7: 20}, 9.0)
    )


def test_of_a_lost_process_counts_what_it_had_reported() -> None:
    lost = quiet_of_the_lost([tick(), tick(cpu_seconds=2.5)])
    assert (lost.admitted, lost.completed, lost.failures) == (6, 6, 2)
    assert [(one.name, one.requests) for one in lost.endpoints] == [("/", 4), ("/a", 2)]
    assert lost.latency == Histogram({5: 6}, 2.0)
    assert lost.processes == (LoadCost(name="", requests=6, cpu_seconds=2.5),)
    assert lost.uncertain
    assert quiet_of_the_lost([]).completed == 0
    assert quiet_of_the_lost([]).uncertain


def test_failure_messages_are_merged_and_stay_few() -> None:
    several = [FailureSample(f"message {n}", 2) for n in range(MAX_SAMPLES)]
    further = [FailureSample("message 1", 3), FailureSample("new", 4), FailureSample("newer", 5)]
    merged = {sample.message: sample.count for sample in merged_failures([several, further])}
    assert len(merged) == MAX_SAMPLES + 1
    assert merged["message 1"] == 5
    assert merged[OTHER_MESSAGES] == 9
