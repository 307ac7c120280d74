"""What a busy machine can have added to a latency, and what is certain in spite of it."""

import math

import pytest

from tsprof.analysis.service.room import most_added_ms
from tsprof.analysis.service.stability import Stability, judge_stability, load_qualities
from tsprof.histogram import Histogram, bucket
from tsprof.records import Arrivals, Generator, Segment

BUSY = "the load process waited for a processor"


def soak(
    latency_ms: float, slower: float, *, rate: bool = True, told: bool = True
) -> list[Segment]:
    """A soak of 20 segments whose median rises; the load process woke 1 ms late."""
    lag = Histogram()
    lag.record(1.0)
    generator = Generator(cpu_share=0.02, waited_share=0.06, lag=lag)
    arrivals = Arrivals(sent=1000, unsent=0, late=0, late_without_user=0, most_in_flight=9)
    return [
        Segment(
            number=number,
            seconds=20,
            requests=1000,
            failures=0,
            intended=None,
            latency={bucket(latency_ms * (1 + slower * number / 19)): 1000},
            latency_max_ms=2 * latency_ms,
            arrivals=arrivals if rate else None,
            generator=generator if told else None,
        )
        for number in range(20)
    ]


def judged(segments: list[Segment], cpu_ms: float | None = 0.5) -> Stability:
    qualities = load_qualities(segments, {"p50_drift": 0.03}, cpu_ms=cpu_ms)
    return judge_stability(segments, qualities, no_room=BUSY)


def test_each_wake_up_can_be_late_and_the_target_half_as_fast() -> None:
    assert most_added_ms(soak(100, 0.1), 50, 0.5) == pytest.approx(4 * 1.0 + 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("segments", "cpu_ms"),
    [(soak(100, 0.1, rate=False), 0.5), (soak(100, 0.1, told=False), 0.5), (soak(100, 0.1), None)],
)
def test_where_it_is_not_known_it_can_be_anything(
    segments: list[Segment], cpu_ms: float | None
) -> None:
    assert math.isinf(most_added_ms(segments, 50, cpu_ms))
    (criterion,) = judged(segments, cpu_ms).criteria
    assert (criterion.met, criterion.reason) == (None, BUSY)


def test_more_than_a_busy_machine_can_add_is_certain() -> None:
    stability = judged(soak(100, 0.1))
    assert [criterion.met for criterion in stability.criteria] == [False]
    assert [finding.key for finding in stability.findings] == ["latency:drift:p50"]


def test_what_a_busy_machine_can_have_added_is_uncertain() -> None:
    (criterion,) = judged(soak(10, 0.1)).criteria
    assert (criterion.met, criterion.reason) == (None, BUSY)
