"""What a soak says of latency, throughput and errors from its start to its end."""

from dataclasses import replace

import pytest
from fabricate import growing, judge, taken

from tsprof.analysis.service.stability import Stability, judge_stability, load_qualities
from tsprof.config.defaults import default_criteria
from tsprof.histogram import bucket
from tsprof.records import Segment
from tsprof.report.model import Verdict

CLEAN = taken(growing())
LIMITS = {
    name: limit
    for name, limit in default_criteria("endurance").items()
    if not isinstance(limit, str)
}
BUSY = "the load process waited for a processor in 60% of its time"


def soak(seconds: float, slower: float, errors: float = 0.0) -> list[Segment]:
    """A soak of 20 segments over which latency and the share of errors rise to their ends."""
    segments = []
    for number in range(20):
        latency = {bucket(5 * (1 + slower * number / 19)): 1000}
        failures = int(1000 * errors * number / 19)
        segment = Segment(
            number=number,
            seconds=seconds / 20,
            requests=1000,
            failures=failures,
            intended=None,
            latency=latency,
            latency_max_ms=50.0,
        )
        segments.append(segment)
    return segments


def judged(segments: list[Segment], no_room: str = "") -> Stability:
    return judge_stability(segments, load_qualities(segments, LIMITS), no_room=no_room)


def outcomes(stability: Stability) -> dict[str, bool | None]:
    return {criterion.name: criterion.met for criterion in stability.criteria}


def test_latency_that_rises_over_minutes_is_found() -> None:
    stability = judged(soak(300, slower=0.5))
    assert outcomes(stability) == {
        "p50_drift": False, "p99_drift": False, "throughput_drift": True, "error_rate_drift": True,
    }  # fmt: skip
    assert [finding.resource for finding in stability.findings] == ["latency", "latency"]
    assert stability.notes == ()


def test_a_soak_of_five_minutes_is_long_enough_without_its_pauses() -> None:
    assert "p50_drift" in outcomes(judged(soak(270, slower=0.5)))


@pytest.mark.parametrize("seconds", [15, 200])
def test_speed_is_not_judged_over_less_than_minutes(seconds: float) -> None:
    """And the rest of the run stands as it is."""
    stability = judged(soak(seconds, slower=0.5))
    assert outcomes(stability) == {"error_rate_drift": True}
    (note,) = stability.notes
    assert note.startswith("the drift of latency and throughput was not judged: that takes a soak")
    decision = judge(CLEAN, told=stability.criteria, worse=stability.findings)
    assert decision.verdict is Verdict.PASS


def test_errors_are_judged_in_a_short_soak_on_a_busy_machine() -> None:
    stability = judged(soak(15, slower=0, errors=0.1), BUSY)
    assert [finding.key for finding in stability.findings] == ["errors:drift:error_rate"]


def test_speed_that_a_busy_machine_may_have_lost_is_uncertain() -> None:
    stability = judged(soak(300, slower=0.5), BUSY)
    assert outcomes(stability)["p50_drift"] is None
    assert not stability.findings
    decision = judge(CLEAN, told=stability.criteria, worse=stability.findings)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons[0].startswith("p50_drift is +")
    assert decision.reasons[0].endswith(f"%, too uncertain to tell: {BUSY}")


def test_speed_that_held_on_a_busy_machine_holds() -> None:
    assert set(outcomes(judged(soak(300, slower=0.0), BUSY)).values()) == {True}


def test_a_drift_is_not_told_twice_with_its_number() -> None:
    rising = [replace(s, seconds=s.seconds + 1) for s in soak(300, slower=0.5)]
    for finding in judged(rising).findings:
        assert "%" in finding.title
        assert not any(character.isdigit() for detail in finding.details for character in detail)


def test_a_drift_over_few_segments_says_why_it_was_not_measured() -> None:
    (criterion,) = judged(soak(300, slower=0)[:5]).criteria
    assert (criterion.met, criterion.value) == (None, None)
    assert criterion.reason.startswith("5 segments are too few to judge a drift")


def test_a_drift_above_its_limit_that_recovered_is_neither_kept_nor_missed() -> None:
    rising = soak(300, slower=0.5)
    recovered = [*rising[:13], *(replace(s, latency=rising[7].latency) for s in rising[13:])]
    (criterion,) = judge_stability(
        recovered, load_qualities(recovered, {"p50_drift": 0.1})
    ).criteria
    assert criterion.value is not None
    assert criterion.value > 0.1
    assert criterion.met is None
