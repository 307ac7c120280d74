import platform
from dataclasses import replace

import pytest

from tsprof.capacity.calibration import Calibration
from tsprof.capacity.prices import read_prices
from tsprof.capacity.sizing import Demand, cheapest_first
from tsprof.capacity.summary import Plan, as_data, as_text, notes

SEEN = Calibration(per_core=10_000, lowest=9_000, highest=12_000, requests=15_000, failures=0)


def plan(calibration: Calibration | None, rate: float = 30_000) -> Plan:
    prices = read_prices(None)
    demand = Demand(rate=rate, hours=2, per_core=10_000, spare=0.3)
    return Plan(
        demand=demand,
        calibration=calibration,
        prices=prices,
        fleets=cheapest_first(prices.instance, demand),
    )


@pytest.mark.parametrize(
    ("calibration", "rate", "expected"),
    [
        (None, 5, {"share a load": False, "with up to 4": False}),
        (SEEN, 10_000, {"share a load": True, "with up to 4": False}),
        (SEEN, 30_000, {"share a load": True, "with up to 4": True, "requests failed": False}),
        (
            replace(SEEN, failures=30),
            30_000,
            {"30 of 15,000 requests failed": True},
        ),
    ],
)
def test_what_makes_the_figures_weak_is_said(
    calibration: Calibration | None, rate: float, expected: dict[str, bool]
) -> None:
    said = "\n".join(notes(plan(calibration, rate)))
    assert {text: text in said for text in expected} == expected


def test_another_architecture_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = plan(SEEN).chosen.instance
    for here in ("x86_64", "arm64"):
        monkeypatch.setattr(platform, "machine", lambda here=here: here)
        said = "\n".join(notes(plan(SEEN)))
        assert (f"{chosen.name}, {chosen.architecture}" in said) == (here != chosen.architecture)


def test_text_and_data_say_where_the_figure_is_from() -> None:
    measured = "measured here with 15,000 requests (9,000 to 12,000 in 3 rounds)"
    assert measured in as_text(plan(SEEN))
    assert as_data(plan(SEEN))["measured"] is True
    assert as_data(plan(None))["measured"] is False
