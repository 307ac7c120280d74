"""What a run may show without failing."""

from datetime import date

import pytest
from compared import FOLDER, SEEN, TRAIL, counted, leak, ran, trail
from fabricate import counting, event, growing, judge, taken

from tsprof.analysis.attribution.causes import Cause
from tsprof.analysis.comparison.acknowledgements import Acknowledgement
from tsprof.analysis.comparison.allowances import Allowances, Weighed, remarks, weigh
from tsprof.analysis.comparison.baseline import make_baseline
from tsprof.analysis.run.confirmation import Attribution
from tsprof.report.model import Finding, Verdict

TODAY = date(2026, 3, 14)
LEAKY = make_baseline(ran(leak(300)))
CLEAN = make_baseline(ran())
PLACES = Attribution(sites=leak().sites, holders=leak().holders)


def acknowledging(holder: str = SEEN, *, day: date = TODAY) -> Acknowledgement:
    return Acknowledgement(holder=holder, owner="ann", reason="known", expires=day)


def allowing(*entries: Acknowledgement, **changes: object) -> Allowances:
    return Allowances(today=TODAY, acknowledgements=entries, **changes)  # type: ignore[arg-type]  # a baseline


def weigh_one(finding: Finding, allowances: Allowances | None) -> Weighed:
    (weighed,) = weigh([finding], allowances, FOLDER, 1000)
    return weighed


def test_without_allowances_a_leak_fails_and_has_its_key() -> None:
    weighed = weigh_one(leak(), None)
    assert weighed.failure == leak().title
    assert weighed.finding.key == f"memory:leak:{SEEN}"
    assert not weighed.finding.excuse


@pytest.mark.parametrize("kind", ["filling", "fragmentation", "released"])
def test_what_does_not_fail_needs_no_excuse(kind: str) -> None:
    weighed = weigh_one(leak(kind=kind), allowing(acknowledging()))
    assert not weighed.failure
    assert not weighed.finding.excuse


@pytest.mark.parametrize(
    ("allowances", "words"),
    [
        (allowing(baseline=CLEAN), "new since the baseline"),
        (allowing(baseline=make_baseline(ran(leak(100)))), "rose from the baseline's 100 B"),
        (allowing(acknowledging(day=date(2026, 3, 1))), "expired on 2026-03-01"),
        (
            allowing(acknowledging(day=date(2026, 3, 1)), baseline=CLEAN),
            "new since the baseline; its acknowledgement by ann expired on 2026-03-01",
        ),
    ],
)
def test_the_reason_says_why_no_allowance_does(allowances: Allowances, words: str) -> None:
    failure = weigh_one(leak(300), allowances).failure
    assert failure.startswith("the target leaks 300 B per request; ")
    assert words in failure


def test_a_known_or_acknowledged_leak_does_not_fail() -> None:
    known = weigh_one(leak(300), allowing(baseline=LEAKY))
    assert not known.failure
    assert "as in the baseline" in known.finding.excuse
    acknowledged = weigh_one(leak(900), allowing(acknowledging(), baseline=CLEAN))
    assert not acknowledged.failure
    assert "acknowledged by ann" in acknowledged.finding.excuse


def test_an_acknowledged_leak_that_grew_beyond_the_baseline_fails() -> None:
    faster = weigh_one(leak(900), allowing(acknowledging(), baseline=LEAKY))
    assert "rose from the baseline's 300 B" in faster.failure
    assert not faster.finding.excuse


def test_a_regression_or_a_drift_can_be_acknowledged_but_is_not_in_a_baseline() -> None:
    drift = Finding(resource="latency", kind="drift", title="p99 drifted", key="latency:drift:p99")
    assert weigh_one(drift, allowing(baseline=make_baseline(ran(drift)))).failure
    entry = Acknowledgement(finding="latency:drift:p99", owner="a", reason="b", expires=TODAY)
    assert not weigh_one(drift, allowing(entry)).failure
    other = drift.model_copy(update={"key": "latency:drift:p50"})
    assert weigh_one(other, allowing(entry)).failure


def test_leaks_that_have_gone_and_idle_entries_are_remarked_on() -> None:
    allowances = allowing(acknowledging(), baseline=LEAKY)
    gone = f"gone since the baseline: memory:leak:{SEEN} (300 B per request then)"
    idle = f"the acknowledgement of holder {SEEN} by ann matches nothing in this run"
    assert remarks([], allowances, FOLDER, 1000, conclusive=True) == [gone, idle]
    assert remarks([], allowances, FOLDER, 1000, conclusive=False) == [idle]
    assert remarks([leak()], allowances, FOLDER, 1000, conclusive=True) == []
    assert remarks([leak(kind="filling")], allowances, FOLDER, 1000, conclusive=True) == []
    assert remarks([], None, FOLDER, 1000, conclusive=True) == []


@pytest.mark.parametrize(
    ("allowances", "expected"),
    [
        (allowing(), False),
        (allowing(baseline=CLEAN), False),
        (allowing(baseline=LEAKY), True),
        (allowing(baseline=make_baseline(ran(counted(0.1)))), True),
        (allowing(acknowledging()), True),
        (allowing(acknowledging(day=date(2026, 3, 1))), False),
    ],
)
def test_a_run_goes_on_where_a_leak_is_expected(allowances: Allowances, *, expected: bool) -> None:
    assert allowances.expect_a_leak is expected


def test_a_run_with_nothing_but_a_known_leak_passes_and_says_what_it_could_see() -> None:
    decision = judge(
        taken(growing(300)),
        attribution=PLACES,
        allowances=allowing(baseline=LEAKY),
        folder=FOLDER,
    )
    assert decision.verdict is Verdict.PASS
    (reason,) = decision.reasons
    assert f"nothing found but what is known or acknowledged (memory:leak:{SEEN})" in reason
    assert "a further leak of memory above 1" in reason


def test_a_run_with_an_acknowledged_leak_passes() -> None:
    decision = judge(
        taken(growing(300)),
        attribution=PLACES,
        allowances=allowing(acknowledging()),
        folder=FOLDER,
    )
    assert decision.verdict is Verdict.PASS
    assert "by its own site or holder only" in decision.reasons[0]


def test_another_leak_still_fails() -> None:
    leaking = taken(counting("descriptors", 20), growing(300, pid=7))
    decision = judge(
        leaking, attribution=PLACES, allowances=allowing(baseline=LEAKY), folder=FOLDER
    )
    assert decision.verdict is Verdict.FAIL
    (reason,) = decision.reasons
    assert "open file descriptors" in reason
    assert "new since the baseline" in reason


def test_a_known_counted_leak_leaves_memory_as_it_was() -> None:
    decision = judge(
        taken(counting("descriptors", 20)),
        allowances=allowing(baseline=make_baseline(ran(counted(1 / 20)))),
    )
    assert decision.verdict is Verdict.PASS
    assert "a leak of memory above" in decision.reasons[0]


@pytest.mark.parametrize("kind", ["load_lost", "agent_lost", "interrupted"])
def test_an_inconclusive_run_stays_inconclusive(kind: str) -> None:
    decision = judge(
        taken(growing(300)),
        attribution=PLACES,
        allowances=allowing(baseline=LEAKY),
        folder=FOLDER,
        events=[event(kind)],
    )
    assert decision.verdict is Verdict.INCONCLUSIVE


def test_a_target_that_died_fails_whatever_was_allowed() -> None:
    decision = judge(
        taken(growing(300)),
        attribution=PLACES,
        allowances=allowing(acknowledging(), baseline=LEAKY),
        folder=FOLDER,
        events=[event("target_ended")],
    )
    assert decision.verdict is Verdict.FAIL


def test_of_two_leaks_each_needs_its_own_acknowledgement() -> None:
    findings = [leak(200), trail(100)]
    first, second = weigh(findings, allowing(acknowledging()), FOLDER, 1000)
    assert "acknowledged by ann" in first.finding.excuse
    assert second.failure == trail(100).title
    assert not any(
        each.failure
        for each in weigh(findings, allowing(acknowledging(), acknowledging(TRAIL)), FOLDER, 1000)
    )


def test_a_new_leak_beside_a_known_one_can_be_acknowledged() -> None:
    findings = [leak(300), trail(100)]
    known, new = weigh(findings, allowing(baseline=LEAKY), FOLDER, 1000)
    assert "as in the baseline" in known.finding.excuse
    assert "new since the baseline" in new.failure
    allowances = allowing(acknowledging(TRAIL), baseline=LEAKY)
    assert not any(each.failure for each in weigh(findings, allowances, FOLDER, 1000))


def test_one_of_two_known_leaks_that_has_gone_is_remarked_on() -> None:
    allowances = allowing(baseline=make_baseline(ran(leak(200), trail(100))))
    gone = f"gone since the baseline: memory:leak:{TRAIL} (100 B per request then)"
    assert remarks([leak(200)], allowances, FOLDER, 1000, conclusive=True) == [gone]


def caused() -> Attribution:
    """The growth of two causes, two thirds and one third."""
    parts = ((leak(200), 2 / 3), (trail(100), 1 / 3))
    causes = tuple(
        Cause(sites=part.sites, holders=part.holders, share=share, details=())
        for part, share in parts
    )
    return Attribution(
        sites=tuple(site for cause in causes for site in cause.sites),
        holders=tuple(holder for cause in causes for holder in cause.holders),
        causes=causes,
    )


@pytest.mark.parametrize(
    ("allowances", "verdict", "words"),
    [
        (allowing(baseline=LEAKY), Verdict.PASS, "a further leak of memory above 1"),
        (
            allowing(baseline=make_baseline(ran(leak(200), trail(100)))),
            Verdict.PASS,
            f"(memory:leak:{SEEN}, memory:leak:{TRAIL}); a further leak of memory above 1",
        ),
        (
            allowing(acknowledging(TRAIL), baseline=make_baseline(ran(leak(200)))),
            Verdict.PASS,
            "by its own site or holder only",
        ),
        (allowing(baseline=make_baseline(ran(leak(200)))), Verdict.FAIL, "new since the baseline"),
        (allowing(baseline=make_baseline(ran(leak(200), trail(50)))), Verdict.FAIL, "50 B per"),
        (allowing(baseline=make_baseline(ran(leak(250)))), Verdict.FAIL, "new since the baseline"),
        (allowing(acknowledging()), Verdict.FAIL, "100 B of the 300 B"),
    ],
)
def test_a_run_with_two_causes(allowances: Allowances, verdict: Verdict, words: str) -> None:
    decision = judge(
        taken(growing(300)), attribution=caused(), allowances=allowances, folder=FOLDER
    )
    assert [finding.kind for finding in decision.findings] == ["leak", "leak"]
    assert decision.verdict is verdict
    assert len(decision.reasons) == 1
    assert words in decision.reasons[0]
