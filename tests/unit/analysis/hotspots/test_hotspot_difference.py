from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from samples import drawn, profile, window
from scipy.stats import false_discovery_control

from tsprof.analysis.hotspots import difference
from tsprof.analysis.hotspots.difference import hot_changes
from tsprof.analysis.hotspots.hot_paths import hot_paths
from tsprof.analysis.hotspots.profiles import completed, profile_of
from tsprof.analysis.hotspots.sides import Sampled, reported, sampled
from tsprof.report.model import HotDifference

SHARES = {"main;hot": 0.4} | {f"main;f{n}": 0.06 for n in range(10)}
"""Of a service with one hot function and ten others."""
COST = 0.001


def side(
    shares: Mapping[str, float],
    random: np.random.Generator,
    cost: float = COST,
    samples: int = 4000,
) -> Sampled:
    return sampled(drawn(shares, samples, random, cost))


def hotter(times: float) -> tuple[dict[str, float], float]:
    """Return the shares and the cost per request once the hot function takes so much longer."""
    costs = {name: share * (times if "hot" in name else 1) for name, share in SHARES.items()}
    everything = sum(costs.values())
    return {name: cost / everything for name, cost in costs.items()}, COST * everything


def names(found: HotDifference) -> set[str]:
    return {change.function for change in found.changes}


def test_an_unchanged_service_seldom_shows_a_change() -> None:
    random = np.random.default_rng(1)
    runs = 200
    wrong = sum(
        bool(hot_changes(side(SHARES, random), side(SHARES, random)).changes) for _ in range(runs)
    )
    assert wrong <= runs / 20


def test_a_slower_machine_is_no_change_of_any_function() -> None:
    random = np.random.default_rng(2)
    found = hot_changes(side(SHARES, random), side(SHARES, random, cost=1.3 * COST))
    assert found.changes == ()
    assert found.common == pytest.approx(0.3, abs=0.08)


def test_a_function_that_takes_a_quarter_longer_is_found_and_no_other() -> None:
    random = np.random.default_rng(3)
    shares, cost = hotter(1.25)
    found = [hot_changes(side(SHARES, random), side(shares, random, cost)) for _ in range(50)]
    assert sum("hot" in names(each) for each in found) >= 40
    assert sum(bool(names(each) - {"hot", "main"}) for each in found) <= 7
    change = next(c for each in found for c in each.changes if c.function == "hot")
    assert change.part == "own"
    assert change.low < 0.25 < change.high


def test_a_change_is_found_on_a_slower_machine_as_well() -> None:
    random = np.random.default_rng(4)
    shares, cost = hotter(1.4)
    found = hot_changes(side(SHARES, random), side(shares, random, cost=1.2 * cost))
    (change,) = [c for c in found.changes if c.function == "hot"]
    assert change.change == pytest.approx(0.4, abs=0.15)
    assert change.before_us_per_request == pytest.approx(400, rel=0.1)
    assert change.after_us_per_request == pytest.approx(560, rel=0.1)


def test_a_function_that_cools_down_has_a_change_below_zero() -> None:
    random = np.random.default_rng(5)
    shares, cost = hotter(0.6)
    (change,) = [
        c
        for c in hot_changes(side(SHARES, random), side(shares, random, cost)).changes
        if c.function == "hot"
    ]
    assert change.high < 0


def test_a_function_that_is_new_is_a_change() -> None:
    random = np.random.default_rng(6)
    with_new = {**{name: share * 0.9 for name, share in SHARES.items()}, "main;new": 0.1}
    assert "new" in names(hot_changes(side(SHARES, random), side(with_new, random, COST / 0.9)))


def test_a_caller_changes_with_what_it_calls() -> None:
    random = np.random.default_rng(7)
    through = {name.replace("main;hot", "main;handler;hot"): s for name, s in SHARES.items()}
    shares, cost = hotter(1.5)
    slower = {name.replace("main;hot", "main;handler;hot"): s for name, s in shares.items()}
    changes = hot_changes(side(through, random), side(slower, random, cost)).changes
    assert {(c.function, c.part) for c in changes} >= {("handler", "total"), ("hot", "own")}


def test_samples_that_say_less_hide_more() -> None:
    random = np.random.default_rng(8)
    shares, cost = hotter(1.3)
    before, after = side(SHARES, random), side(shares, random, cost)
    unsure = replace(after, dispersion=100.0)
    assert hot_changes(before, after).changes
    assert not hot_changes(before, unsure).changes
    sights = [hot_changes(before, other).detectable for other in (after, unsure)]
    assert sights[0] is not None
    assert sights[1] is not None
    assert sights[0] < 0.5 < sights[1]


def test_what_is_said_to_be_detectable_is_found_nine_times_in_ten() -> None:
    random = np.random.default_rng(14)
    shares = {"main;hot": 0.1} | {f"main;f{n}": 0.0225 for n in range(40)}
    detectable = hot_changes(*[side(shares, random, samples=8000)] * 2).detectable
    assert detectable == pytest.approx(0.3, abs=0.03)
    costs = {name: s * (1 + detectable if "hot" in name else 1) for name, s in shares.items()}
    cost = sum(costs.values())
    slower = {name: each / cost for name, each in costs.items()}
    found = [
        hot_changes(
            side(shares, random, samples=8000), side(slower, random, COST * cost, samples=8000)
        )
        for _ in range(60)
    ]
    assert sum("hot" in names(each) for each in found) >= 51


def test_functions_that_hardly_take_time_do_not_hide_a_change() -> None:
    random = np.random.default_rng(15)
    many = {"main;hot": 0.3} | {f"main;f{n}": 0.7 / 60 for n in range(60)}
    costs = {name: s * (1.25 if "hot" in name else 1) for name, s in many.items()}
    cost = sum(costs.values())
    slower = {name: each / cost for name, each in costs.items()}
    found = [
        hot_changes(
            side(many, random, samples=4000), side(slower, random, COST * cost, samples=4000)
        )
        for _ in range(50)
    ]
    assert sum("hot" in names(each) for each in found) >= 40


def test_too_few_functions_do_not_tell_how_fast_the_machine_is() -> None:
    random = np.random.default_rng(9)
    few = {"main;hot": 0.6, "main;cold": 0.4}
    found = hot_changes(side(few, random), side(few, random, cost=1.15 * COST))
    assert found.common == 0
    assert found.changes == ()


def test_nothing_is_compared_with_nothing() -> None:
    random = np.random.default_rng(10)
    nothing = sampled(profile({}))
    assert hot_changes(nothing, side(SHARES, random)) == HotDifference()
    assert HotDifference().detectable is None
    idle = sampled(drawn(SHARES, 100, random, cost=0.0))
    assert hot_changes(side(SHARES, random), idle) == HotDifference()


def test_reports_are_compared_like_the_runs_that_they_are_of() -> None:
    random = np.random.default_rng(11)
    shares, cost = hotter(1.4)
    profiles = (drawn(SHARES, 4000, random), drawn(shares, 4000, random, cost))
    told = [hot_paths([window(1, seen)]) for seen in profiles]
    assert told[0] is not None
    assert told[1] is not None
    of_reports = hot_changes(reported(told[0]), reported(told[1]))
    of_runs = hot_changes(*map(sampled, profiles))
    assert of_reports.changes == of_runs.changes
    assert "hot" in names(of_reports)


def test_a_function_below_those_listed_is_not_taken_for_new() -> None:
    many = {f"main;f{n}": 100.0 for n in range(40)}
    told = [
        hot_paths([window(1, profile(weights))])
        for weights in (many, dict(reversed(many.items())) | {"main;f39": 101.0})
    ]
    assert told[0] is not None
    assert told[1] is not None
    assert "f39" not in {f.function for f in told[0].functions}
    assert hot_changes(reported(told[0]), reported(told[1])).changes == ()


def test_a_caller_that_one_report_does_not_list_is_not_taken_for_new() -> None:
    base = {f"main;handle;f{n}": 100.0 for n in range(29)}
    told = [
        hot_paths([window(1, profile(base | {"main;handle": own, "main": 50.0 - own}))])
        for own in (1.0, 49.0)
    ]
    assert told[0] is not None
    assert told[1] is not None
    changes = hot_changes(reported(told[0]), reported(told[1])).changes
    assert ("handle", "total") not in {(c.function, c.part) for c in changes}


def test_what_stands_for_many_functions_is_not_compared() -> None:
    random = np.random.default_rng(12)
    before, after = drawn(SHARES, 4000, random), drawn(SHARES, 4000, random)
    profiles = [
        profile_of(
            completed(
                {tuple(seen.frames[p] for p in s.frames): s.weight for s in seen.stacks}, everything
            ),
            requests=1000,
            cpu_seconds=everything * COST / 4,
        )
        for seen, everything in ((before, 4100), (after, 6000))
    ]
    found = hot_changes(*map(sampled, profiles))
    assert found.changes == ()


def test_changes_are_certain_as_benjamini_and_hochberg_say() -> None:
    random = np.random.default_rng(13)
    for _ in range(200):
        chances = np.concatenate([random.uniform(size=20), random.uniform(0, 0.02, size=5)])
        expected = false_discovery_control(chances) <= difference.FALSE_CHANGES
        assert difference._certain(list(chances), [1.0] * 25) == list(expected)  # noqa: SLF001
    assert difference._certain([0.9], [1.0]) == [False]  # noqa: SLF001
    assert difference._certain([0.015, 0.015], [1.9, 0.1]) == [True, False]  # noqa: SLF001
