"""When the speed of two runs says something about the target, and when about the machine."""

import pytest
from compared import measures

from tsprof.analysis.conditions import Service, conditions, obstacles
from tsprof.report.model import Provenance

HERE = {"users": "10", "cores": "2"}
SPEED = {"p50_ms", "p95_ms", "p99_ms", "requests_per_second"}


def service(now: dict[str, str] | None = None, **figures: float) -> Service:
    return Service(measures=measures(**figures), conditions=HERE if now is None else now)


def test_the_same_load_on_the_same_machine_compares() -> None:
    assert obstacles(service(), service(p50_ms=50, cpu_ms=5)) == {}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (service({"users": "20", "cores": "2"}), "users was 10, then 20"),
        (service({"users": "10", "cores": "2", "rate": "5"}), "rate was not set, then 5"),
        (service(load_cpu_ms=0.4), "not equally fast"),
        (Service(measures=measures()[:3], conditions=HERE), "was not measured"),
    ],
)
def test_another_load_or_a_slower_machine_does_not(after: Service, words: str) -> None:
    reasons = obstacles(service(), after)
    assert reasons.keys() == SPEED | {"cpu_ms"}
    assert all(words in reason for reason in reasons.values())


@pytest.mark.parametrize(("before", "after"), [(0.01, 0.15), (0.15, 0.01)])
def test_a_busier_machine_spoils_latency_but_not_cpu_time(before: float, after: float) -> None:
    reasons = obstacles(service(load_wait_ms=before), service(load_wait_ms=after))
    assert reasons.keys() == SPEED
    assert "not equally busy" in reasons["p50_ms"]


def test_a_machine_that_is_as_busy_as_before_compares() -> None:
    assert obstacles(service(load_wait_ms=0.15), service(load_wait_ms=0.16)) == {}


def test_conditions_are_the_load_and_the_machine() -> None:
    provenance = Provenance(
        machine={"cores": "2", "kernel": "6.1"},
        configuration={
            "load": {"users": 10, "url": ["/"], "rate": None},
            "endurance": {"users": 50},
            "check": "damaged",
        },
    )
    assert conditions("check", provenance) == {"users": "10", "url": "['/']", "cores": "2"}
    assert conditions("endurance", provenance)["users"] == "50"
    assert conditions("check", Provenance()) == {}
