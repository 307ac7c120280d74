"""Was the load what was asked for, and whose failing was it if not?"""

from dataclasses import replace

import pytest
from fabricate import growing, judge, segments, taken

from tsprof.analysis.service.delivery import (
    assess_delivery,
    doubted,
    obstacle_to_speed,
    unreached,
)
from tsprof.analysis.service.phases import climbed
from tsprof.histogram import Histogram, bucket
from tsprof.records import Arrivals, Generator, Phase, Segment
from tsprof.report.model import Criterion, Verdict

IDLE = Generator(cpu_share=0.1, waited_share=0.05, lag=Histogram({bucket(0.2): 100}, 0.3))
SATURATED = replace(IDLE, cpu_share=0.5, waited_share=0.45)
LAGGING = replace(IDLE, lag=Histogram({bucket(0.2): 60, bucket(80.0): 40}, 90.0))
ON_TIME = Arrivals(sent=1000, unsent=0, late=9, late_without_user=0, most_in_flight=10)
CRITERIA = tuple(
    Criterion(name=name, limit=10, value=5, met=met)
    for name, met in (
        ("p99_ms", True),
        ("p50_ms", False),
        ("p99_drift", True),
        ("requests_per_second", True),
        ("error_rate", True),
    )
)


def load(generator: Generator | None = IDLE, arrivals: Arrivals | None = ON_TIME) -> list[Segment]:
    return [
        replace(segment, generator=generator, arrivals=arrivals, users=10)
        for segment in segments(4, requests=1000)
    ]


def late(
    *, sent: int = 900, unsent: int = 100, without_user: int = 500, in_flight: int = 10
) -> Arrivals:
    return Arrivals(
        sent=sent,
        unsent=unsent,
        late=500,
        late_without_user=without_user,
        most_in_flight=in_flight,
    )


@pytest.mark.parametrize(
    ("generator", "arrivals", "limited_by", "words"),
    [
        (IDLE, ON_TIME, "", ""),
        (SATURATED, ON_TIME, "", ""),
        (SATURATED, None, "", ""),
        (IDLE, None, "", ""),
        (None, None, "", ""),
        (LAGGING, None, "generator", "its event loop came round 80"),
        (LAGGING, ON_TIME, "generator", "most of the p99 latency"),
        (SATURATED, late(), "generator", "used 50% of a core, waited for a processor in 45%"),
        (LAGGING, late(), "generator", "event loop came round late in 40.0% of all cases"),
        (IDLE, late(without_user=100), "generator", "60.0% of the 4,000 requests"),
        (IDLE, late(), "target", "all 10 users waited for its answers"),
        (IDLE, late(sent=1000, unsent=0), "target", "50.0% of the 4,000 requests"),
        (IDLE, late(in_flight=3), "users", "at most 3 of 10 waited for an answer"),
    ],
)
def test_what_limited_the_load(
    generator: Generator | None, arrivals: Arrivals | None, limited_by: str, words: str
) -> None:
    delivery = assess_delivery(load(generator, arrivals))
    assert delivery.limited_by == limited_by
    assert words in delivery.reason
    assert bool(delivery.reason) == bool(limited_by)
    assert bool(obstacle_to_speed(delivery)) == (limited_by in {"generator", "users"})


def test_a_lag_that_is_small_beside_the_latency_does_not_matter() -> None:
    slow = [
        replace(segment, latency={bucket(500.0): 1000}, latency_max_ms=510.0)
        for segment in load(LAGGING, None)
    ]
    assert assess_delivery(slow).limited_by == ""


def test_figures_are_those_of_all_segments() -> None:
    delivery = assess_delivery([*load(SATURATED), *load()])
    assert (delivery.due, delivery.late, delivery.unsent) == (8000, 72, 0)
    assert delivery.load_cpu_share == pytest.approx(0.3)
    assert delivery.load_waited_share == pytest.approx(0.25)
    assert delivery.loop_lag_p99_ms == pytest.approx(0.2, rel=0.01)


def test_speed_is_not_told_where_the_generator_fell_behind() -> None:
    delivery = assess_delivery(load(SATURATED, late()))
    judged = {c.name: c.met for c in doubted(CRITERIA, delivery)}
    assert judged == {
        "p99_ms": None, "p50_ms": None, "p99_drift": None, "requests_per_second": None,
        "error_rate": True,
    }  # fmt: skip


def test_a_target_that_fell_behind_misses_what_it_misses() -> None:
    """And keeps no limit of latency while some requests could not even be sent."""
    delivery = assess_delivery(load(IDLE, late()))
    judged = {c.name: c.met for c in doubted(CRITERIA, delivery)}
    assert judged == {
        "p99_ms": None, "p50_ms": False, "p99_drift": None, "requests_per_second": True,
        "error_rate": True,
    }  # fmt: skip
    all_sent = assess_delivery(load(IDLE, late(sent=1000, unsent=0)))
    assert doubted(CRITERIA, all_sent) == CRITERIA


def test_the_verdict_says_it_once_and_what_to_do() -> None:
    delivery = assess_delivery(load(SATURATED, late()))
    clean = taken(growing())
    decision = judge(clean, criteria=doubted(CRITERIA, delivery), delivery=delivery)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert len(decision.reasons) == 1
    assert decision.reasons[0].startswith("p99_ms, p50_ms, p99_drift, requests_per_second cannot")
    assert "--rate" in decision.advice[0]
    assert "LeanHttpUser" in decision.advice[0]


def test_a_leak_check_without_criteria_does_not_mind() -> None:
    delivery = assess_delivery(load(SATURATED, late()))
    assert judge(taken(growing()), delivery=delivery).verdict is Verdict.PASS
    assert judge(taken(growing(300)), delivery=delivery).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("generator", "met"),
    [(IDLE, False), (SATURATED, None), (replace(LAGGING, cpu_share=0.9), None)],
)
def test_a_rate_that_the_load_could_not_send_is_not_missed(
    generator: Generator, *, met: bool | None
) -> None:
    """A climb under a busy machine came to 1,137 of 10,000 requests/s, and the target rested."""
    unheld, low, high = (replace(s, number=n, seconds=1.0) for n, s in enumerate(load()[:3]))
    phases = [
        Phase(name="held", segment=number, began=float(number), ended=number + 1.0, rate=rate)
        for number, rate in enumerate((None, 1000, 2000))
    ]
    beyond = replace(high, generator=generator, arrivals=late())
    outcome = climbed(phases, [unheld, low, beyond], [], 2)
    assert outcome.values["requests_per_second"] == 1000
    missed = (Criterion(name="requests_per_second", limit=10_000, value=1000, met=False),)
    (judged,) = unreached(missed, outcome.held_back)
    assert judged.met is met
    assert (judged.reason == "") is (met is False)
    reached = (missed[0].model_copy(update={"limit": 900, "met": True}),)
    assert unreached(reached, outcome.held_back) == reached
