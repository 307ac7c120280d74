"""A function's CPU time per request beside the baseline's."""

import pytest
from compared import ran

from tsprof.analysis.comparison.baseline import make_baseline
from tsprof.analysis.comparison.difference import compare_runs
from tsprof.analysis.comparison.hot_growth import hot_growth
from tsprof.analysis.comparison.regressions import Regressions
from tsprof.analysis.service.conditions import Service, conditions
from tsprof.report.model import HotFunction, HotPaths, Report

OTHERS = [f"f{number}" for number in range(9)]


def hot_paths(hot: float = 400.0, folder: str = "/srv/shop", **others: float) -> HotPaths:
    """Return the paths of a service, from microseconds per request by function."""
    costs = {"hot": hot, **dict.fromkeys(OTHERS, 60.0), **others}
    everything = sum(costs.values())
    functions = [
        HotFunction(
            function=name,
            file=f"{folder}/app.py",
            line=7,
            origin="application",
            own=cost / everything,
            low=0.0,
            high=1.0,
            total=cost / everything,
        )
        for name, cost in costs.items()
    ]
    return HotPaths(
        samples=5000,
        seconds=20,
        requests=10_000,
        processes=1,
        cpu_us_per_request=everything,
        functions=tuple(functions),
    )


def compared(paths: HotPaths | None, before: Report | None = None) -> Regressions:
    report = ran(hot_paths=paths)
    earlier = make_baseline(before or ran(hot_paths=hot_paths()))
    service = Service(
        measures=(), conditions=conditions("check", report.provenance, report.delivery)
    )
    return hot_growth(0.2, service, paths, report.provenance.folder, earlier)


def test_a_function_that_grew_beyond_the_limit_fails() -> None:
    found = compared(hot_paths(hot=520.0))
    (criterion,) = found.criteria
    assert (criterion.name, criterion.met) == ("hot_path_growth", False)
    assert criterion.value == pytest.approx(0.3, abs=0.01)
    (finding,) = found.findings
    assert (finding.resource, finding.kind) == ("cpu", "regression")
    assert finding.key == "cpu:regression:app.py:hot"
    assert "hot (app.py:7) takes 520 us of CPU time per request, not 400 us" in finding.title


def test_growth_below_the_limit_is_kept_to() -> None:
    (criterion,) = compared(hot_paths(hot=468.0)).criteria
    assert criterion.met is True
    assert 0.1 < (criterion.value or 0) < 0.2


def test_growth_within_noise_is_none() -> None:
    found = compared(hot_paths(hot=412.0))
    assert [(c.value, c.met) for c in found.criteria] == [(0.0, True)]
    assert found.findings == ()
    assert "would have shown" in found.notes[0]


def test_a_slower_machine_is_no_growth() -> None:
    slower = dict.fromkeys(OTHERS, 90.0)
    (criterion,) = compared(hot_paths(hot=600.0, **slower)).criteria
    assert (criterion.value, criterion.met) == (0.0, True)


def test_a_function_that_is_new_has_grown() -> None:
    found = compared(hot_paths(new=100.0))
    assert ["new" in finding.title for finding in found.findings] == [True]


def test_the_same_program_elsewhere_is_the_same() -> None:
    before = ran(hot_paths=hot_paths(folder="/home/ci/build/shop"))
    moved = before.provenance.model_copy(update={"folder": "/home/ci/build/shop"})
    found = compared(hot_paths(), before.model_copy(update={"provenance": moved}))
    assert [c.met for c in found.criteria] == [True]


@pytest.mark.parametrize(
    ("paths", "before", "reason"),
    [
        (None, ran(hot_paths=hot_paths()), "no call stacks were sampled"),
        (hot_paths(), ran(), "the baseline has no hot paths"),
    ],
)
def test_what_cannot_be_compared_is_not_kept_to(
    paths: HotPaths | None, before: Report, reason: str
) -> None:
    (criterion,) = compared(paths, before).criteria
    assert criterion.met is None
    assert reason in criterion.reason


def test_a_run_without_a_baseline_can_become_one() -> None:
    service = Service(measures=(), conditions={})
    found = hot_growth(0.2, service, hot_paths(), "", None)
    assert found.criteria == ()
    assert "--baseline" in found.notes[0]


def test_another_load_does_not_compare() -> None:
    report = ran(hot_paths=hot_paths(hot=800.0))
    service = Service(measures=(), conditions={"users": "500"})
    earlier = make_baseline(ran(hot_paths=hot_paths()))
    (criterion,) = hot_growth(0.2, service, report.hot_paths, "", earlier).criteria
    assert criterion.met is None
    assert "users was" in criterion.reason


def test_two_runs_beside_each_other_list_the_functions_that_changed() -> None:
    before, after = ran(hot_paths=hot_paths()), ran(hot_paths=hot_paths(hot=520.0))
    (row,) = [r for r in compare_runs(before, after).rows if r.group == "functions"]
    assert (row.name, row.mark) == ("app.py:hot", "worse")
    assert row.change == pytest.approx(0.12, abs=0.005)
    assert row.low is not None
    assert row.high is not None
    assert row.low < 0.12 < row.high
    (back,) = [r for r in compare_runs(after, before).rows if r.group == "functions"]
    assert back.mark == "better"
    assert not [r for r in compare_runs(before, before).rows if r.group == "functions"]
    assert not [r for r in compare_runs(ran(), after).rows if r.group == "functions"]
