"""What each scenario samples of its hot paths."""

from collections.abc import Callable

import pytest

from tsprof.config import Settings
from tsprof.config.scenario import for_scenario
from tsprof.scenarios import baseline, check, endurance, flame, spike, stress
from tsprof.supervisor.plan import Plan

PLANS: dict[str, Callable[[Settings], Plan]] = {
    "baseline": baseline.plan,
    "check": check.plan,
    "endurance": endurance.plan,
    "spike": spike.plan,
    "stress": stress.plan,
}


@pytest.mark.parametrize("scenario", PLANS)
def test_every_scenario_samples_unless_it_is_not_to(scenario: str) -> None:
    settings = for_scenario(Settings(), scenario)
    sampling = PLANS[scenario](settings).sampling
    assert sampling is not None
    assert sampling.gil
    switched_off = settings.check.model_copy(update={"hot_paths": False})
    assert PLANS[scenario](settings.model_copy(update={"check": switched_off})).sampling is None


def test_a_long_soak_samples_few_of_its_segments() -> None:
    plan = endurance.plan(for_scenario(Settings(), "endurance"))
    segments = plan.max_seconds / plan.segment_seconds
    assert 10 <= segments / plan.sampled_every <= 15


@pytest.mark.parametrize("scenario", ["check", "endurance"])
def test_a_run_that_is_judged_by_its_hot_paths_samples_all_it_can(scenario: str) -> None:
    usual = PLANS[scenario](for_scenario(Settings(), scenario))
    judged = Settings(criteria={"hot_path_growth": "20%"})
    plan = PLANS[scenario](for_scenario(judged, scenario))
    assert plan.sampled_every == 1
    assert plan.sampling is not None
    assert usual.sampling is not None
    assert plan.sampling.rate > usual.sampling.rate


def test_a_flame_samples_as_it_is_told() -> None:
    asked = Settings.model_validate(
        {"flame": {"samples_per_second": 50, "gil": False, "threads": True, "idle": True}}
    )
    sampling = flame.plan(for_scenario(asked, "flame")).sampling
    assert sampling is not None
    assert (sampling.rate, sampling.gil, sampling.threads) == (50, False, True)
    assert (sampling.idle, sampling.native) == (True, False)
