"""What a baseline keeps, and of which runs."""

import pytest
from compared import leak, ran

from tsprof.analysis.comparison.baseline import Baseline, make_baseline, unfit
from tsprof.report.model import Growth, Report, Verdict


def test_a_baseline_keeps_what_it_needs() -> None:
    baseline = make_baseline(ran(leak(300)))
    assert baseline.leaks
    (known,) = baseline.findings
    assert known.key == 'memory:leak:app.py: module global "seen" -> dict'
    assert (known.sites, known.per_request) == (("app.py:remember",), 300)
    assert Baseline.model_validate(baseline.model_dump(mode="json", by_alias=True)) == baseline
    assert not make_baseline(ran()).leaks


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (ran(), ""),
        (ran(leak()), ""),
        (ran(verdict=Verdict.INCONCLUSIVE), "inconclusive"),
        (ran(leak(), complete=False), "cut short"),
        (ran(growth=Growth()), "could not judge memory"),
    ],
)
def test_a_run_that_could_not_tell_is_no_baseline(report: Report, reason: str) -> None:
    assert reason in unfit(report)
    assert bool(unfit(report)) == bool(reason)
