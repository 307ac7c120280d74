"""How long after a spike a service serves as it did before."""

import pytest

from tsprof.analysis.service.recovery import Second, recovery
from tsprof.histogram import Histogram


def seconds(*milliseconds: float, failures: int = 0) -> list[Second]:
    served = []
    for at, latency in enumerate(milliseconds):
        histogram = Histogram()
        for _ in range(100):
            histogram.record(latency)
        served.append(Second(at=at, requests=100, failures=failures, latency=histogram))
    return served


CALM = seconds(*[5.0, 5.2, 4.9, 5.1, 5.0, 6.0, 5.0, 5.1, 5.0, 4.9])


@pytest.mark.parametrize("slow", [0, 1, 7, 20])
def test_recovery_counts_from_the_end_of_the_spike(slow: int) -> None:
    after = seconds(*[80.0] * slow, *[5.1] * 30)
    assert recovery(CALM, after).seconds == slow


def test_one_slow_second_is_no_relapse() -> None:
    assert recovery(CALM, seconds(80, 5, 5, 20, 5, 5, 5, 5)).seconds == 1


def test_a_short_calm_does_not_count() -> None:
    assert recovery(CALM, seconds(80, 5, 5, 80, 80, 5, 5, 5, 5, 5)).seconds == 5


def test_failures_are_no_recovery() -> None:
    after = seconds(*[5.0] * 3, failures=1) + seconds(*[5.0] * 10)
    assert recovery(CALM, after).seconds == 3


def test_seconds_without_an_answer_are_not_calm() -> None:
    silent = Second(at=0, requests=0, failures=0, latency=Histogram())
    assert recovery(CALM, [silent] * 4 + seconds(*[5.0] * 10)).seconds == 4


@pytest.mark.parametrize(
    ("calm", "after", "reason"),
    [
        (CALM, seconds(*[80.0] * 20), "did not within the 20 s"),
        (CALM, seconds(5, 5), "too few to tell"),
        (CALM[:3], seconds(*[5.0] * 20), "too few to compare with"),
        ([], [], "too few to compare with"),
    ],
)
def test_what_cannot_be_told_has_a_reason(
    calm: list[Second], after: list[Second], reason: str
) -> None:
    found = recovery(calm, after)
    assert found.seconds is None
    assert reason in found.reason
