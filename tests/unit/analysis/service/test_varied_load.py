"""Loads that rise and fall over a soak: neither a drift of their own, nor hiding one."""

from dataclasses import replace

import pytest
from soaks import soak

from tsprof.analysis.service.stability import Stability, judge_stability, load_qualities
from tsprof.analysis.service.varied_load import varied_load
from tsprof.histogram import bucket

LIMITS = {"p50_drift": 0.04, "throughput_drift": 0.1, "error_rate_drift": 0.001}


def judged(load: str, **made: float) -> Stability:
    segments = soak(load, **made)  # type: ignore[arg-type] - as it is declared
    return judge_stability(segments, load_qualities(segments, LIMITS))


def called(
    load: str, drift: float, *, segments: int = 60, runs: int = 20
) -> tuple[int, list[float]]:
    """Return how many runs were called degraded, and the drift that each found."""
    found = [
        judged(load, drift=drift, segments=segments, seed=seed).criteria[0] for seed in range(runs)
    ]
    values = [criterion.value for criterion in found if criterion.value is not None]
    return sum(criterion.met is False for criterion in found), values


@pytest.mark.parametrize("load", ["day", "day from noon", "two days"])
def test_the_cycle_of_a_day_is_no_drift(load: str) -> None:
    degraded, values = called(load, 0.0)
    assert degraded <= 1
    assert sum(values) / len(values) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("load", ["steady", "day", "day from noon", "two days"])
def test_a_drift_of_a_twentieth_is_found_with_its_slope(load: str) -> None:
    degraded, values = called(load, 0.05, segments=240)
    assert degraded >= 10
    assert sum(values) / len(values) == pytest.approx(0.05, abs=0.01)


def test_a_load_that_only_rises_leaves_it_open() -> None:
    latency, errors = judged("morning").criteria
    assert latency.met is None
    assert "the load itself rose or fell" in latency.reason
    assert errors.met is True  # there were none


def test_throughput_is_not_judged_where_it_is_the_load() -> None:
    names = [criterion.name for criterion in judged("day").criteria]
    assert names == ["p50_drift", "error_rate_drift"]
    (note,) = judged("day").notes
    assert note.startswith("the load itself varied between 5")
    assert "throughput_drift" in [criterion.name for criterion in judged("steady").criteria]


def test_a_load_varies_where_the_target_does_not_set_its_pace() -> None:
    segments = soak("day")
    assert len(varied_load(segments)) == len(segments)
    few = [replace(segment, users=1) for segment in segments]  # who all wait for answers
    assert varied_load(few) == ()
    assert varied_load(soak("steady")) == ()
    assert varied_load([]) == ()


def test_users_whom_a_slow_target_holds_back_ask_for_as_much() -> None:
    """They wait 1 s on their own, and at last 0.6 s for each answer: 37 % fewer requests."""
    segments = []
    for number, plain in enumerate(soak("steady")):
        seconds = 0.01 * 60 ** (number / 59)
        requests = round(100 / (1 + seconds) * plain.seconds)
        latency = {bucket(1000 * seconds): requests}
        segments.append(replace(plain, requests=requests, latency=latency, latency_max_ms=900.0))
    assert varied_load(segments) == ()
    stability = judge_stability(segments, load_qualities(segments, LIMITS))
    assert [criterion.met for criterion in stability.criteria] == [False, False, True]


def test_with_a_rate_the_load_is_what_was_due() -> None:
    segments = [replace(s, users=1, requests=1) for s in soak("day", rate=True)]
    rates = varied_load(segments)
    assert max(rates) > 2.5 * min(rates)
