"""A leak beside the baseline's: the same, a faster one, or another."""

import pytest
from compared import FOLDER, TRAIL, counted, leak, ran, trail

from tsprof.analysis.comparison.baseline import Baseline, make_baseline
from tsprof.analysis.comparison.known_leaks import Comparison, compare_leaks
from tsprof.report.model import Finding

LEAKY = make_baseline(ran(leak(300)))
ELSEWHERE = 'app.py: module global "other" -> list'


def compare_leak(finding: Finding, baseline: Baseline, requests_per_second: float) -> Comparison:
    comparisons = compare_leaks([finding], baseline, FOLDER, requests_per_second)
    (comparison,) = comparisons.by_finding
    assert comparison is not None
    return comparison


@pytest.mark.parametrize(
    ("finding", "outcome", "words"),
    [
        (leak(300), "known", "known, as in the baseline: 300 B per request then, 300 B"),
        (leak(290), "known", "known"),
        (leak(310), "known", "known"),
        (leak(150), "known", "150 B per request now"),
        (leak(300, holder=None, site=""), "known", "could not be compared"),
        (leak(300, holder=ELSEWHERE), "known", "known"),  # another holder first, the same site
        (leak(340), "faster", "rose from the baseline's 300 B per request to 340 B per request"),
        (leak(300, holder=ELSEWHERE, site="other"), "elsewhere", "in another place"),
        (leak(640, holder=ELSEWHERE), "faster", "640 B per request, by more than the noise of"),
        (leak(640, holder=ELSEWHERE), "faster", f"; new is {ELSEWHERE}"),
        (counted(0.05), "new", "new since the baseline"),
    ],
)
def test_a_leak_beside_the_baselines(finding: Finding, outcome: str, words: str) -> None:
    comparison = compare_leak(finding, LEAKY, 1000)
    assert comparison.outcome == outcome
    assert words in comparison.text


def test_what_could_hide_beside_a_known_leak_is_told() -> None:
    assert 10 < compare_leak(leak(300), LEAKY, 1000).room < 30


def test_a_counted_leak_is_judged_by_its_own_interval() -> None:
    before = make_baseline(ran(counted(0.05)))
    assert compare_leak(counted(0.0505), before, 1000).outcome == "known"
    assert compare_leak(counted(0.06), before, 1000).outcome == "faster"


@pytest.mark.parametrize(
    ("per_request", "requests_per_second", "outcome"),
    [
        (300, 1000, "known"),
        (600, 500, "known"),  # as much per second, on a machine half as fast
        (150, 2000, "known"),
        (300, 500, "known"),  # or it follows requests after all
        (900, 500, "faster"),
        (600, 1000, "faster"),
    ],
)
def test_what_grows_with_time_is_compared_by_time(
    per_request: float, requests_per_second: float, outcome: str
) -> None:
    before = make_baseline(ran(leak(300, clock="seconds")))
    now = leak(per_request, clock="seconds")
    assert compare_leak(now, before, requests_per_second).outcome == outcome


SPLIT = make_baseline(ran(leak(200), trail(100)))


@pytest.mark.parametrize(
    ("baseline", "findings", "outcomes", "gone"),
    [
        (SPLIT, [leak(200), trail(100)], ["known", "known"], []),
        (SPLIT, [leak(200), trail(150)], ["known", "faster"], []),
        (SPLIT, [leak(200), leak(100, site="b", holder=ELSEWHERE)], ["known", "new"], [TRAIL]),
        (SPLIT, [leak(200)], ["known"], [TRAIL]),
        (SPLIT, [leak(300)], ["known"], []),
        (SPLIT, [leak(350)], ["faster"], [TRAIL]),
        (SPLIT, [leak(200), trail(100).model_copy(update={"kind": "filling"})], ["known"], []),
        (LEAKY, [leak(200), trail(100)], ["known", "known"], []),
        (LEAKY, [leak(300), trail(100)], ["known", "new"], []),
        (LEAKY, [trail(300)], ["elsewhere"], ["seen"]),
    ],
)
def test_each_of_several_leaks_beside_the_baselines(
    baseline: Baseline, findings: list[Finding], outcomes: list[str], gone: list[str]
) -> None:
    comparisons = compare_leaks(findings, baseline, FOLDER, 1000)
    assert [one.outcome for one in comparisons.by_finding if one is not None] == outcomes
    assert len(comparisons.gone) == len(gone)
    assert all(name in known.key for name, known in zip(gone, comparisons.gone, strict=True))


def test_a_sum_says_what_it_is_of() -> None:
    first, second = compare_leaks([leak(200), trail(100)], LEAKY, FOLDER, 1000).by_finding
    assert first is not None
    assert second is not None
    assert first.text == (
        f"known, as in the baseline, together with memory:leak:{TRAIL}: "
        "300 B per request then, 300 B per request now"
    )
    assert "together with memory:leak:app.py" in second.text
    (risen,) = compare_leaks([leak(400)], SPLIT, FOLDER, 1000).by_finding
    assert risen is not None
    assert "its rate rose from the baseline's 200 B per request to 400 B" in risen.text


def test_what_less_growth_leaves_room_for_is_told() -> None:
    assert 110 < compare_leak(leak(200), LEAKY, 1000).room < 120
    assert 110 < compare_leak(leak(200), SPLIT, 1000).room < 120
