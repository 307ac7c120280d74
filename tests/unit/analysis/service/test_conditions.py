"""When the speed of two runs says something about the target, and when about the machine."""

import pytest
from compared import measures

from tsprof.analysis.service.conditions import Service, conditions, no_room, obstacle
from tsprof.report.model import Delivery, Provenance

HERE = {"users": "10", "cores": "2"}


def service(now: dict[str, str] | None = None, **figures: float) -> Service:
    return Service(measures=measures(**figures), conditions=HERE if now is None else now)


def test_the_same_load_on_the_same_machine_compares() -> None:
    assert obstacle(service(), service(p50_ms=50, cpu_ms=5)) == ""


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
    assert words in obstacle(service(), after)


@pytest.mark.parametrize(("before", "after"), [(0.01, 0.15), (0.15, 0.01), (0.15, 0.15)])
def test_a_machine_without_room_tells_nothing_of_the_target(before: float, after: float) -> None:
    reason = obstacle(service(load_wait_ms=before), service(load_wait_ms=after))
    assert "too busy" in reason


def test_a_run_of_its_own_may_have_had_no_room() -> None:
    assert "waited for a processor in 43% of the time" in no_room(measures(load_wait_ms=0.15))
    assert no_room(measures(load_wait_ms=0.04)) == no_room([]) == ""


def test_a_machine_with_room_compares() -> None:
    assert obstacle(service(load_wait_ms=0.04), service(load_wait_ms=0.0)) == ""


def test_conditions_are_the_load_and_the_machine() -> None:
    provenance = Provenance(
        machine={"cores": "2", "kernel": "6.1"},
        configuration={
            "load": {"users": 10, "url": ["/a", "/b"], "rate": None},
            "endurance": {"users": 50},
            "check": "damaged",
        },
    )
    none = Delivery()
    assert conditions("check", provenance, none) == {"users": "10", "url": "/a, /b", "cores": "2"}
    assert conditions("endurance", provenance, none)["users"] == "50"
    assert conditions("check", Provenance(), none) == {}


def test_latency_from_another_start_does_not_compare() -> None:
    """As that of runs from before there was a schedule."""
    paced = Provenance(configuration={"load": {"rate": 50}})
    before = conditions("check", paced, Delivery())
    after = conditions("check", paced, Delivery(due=100))
    assert before == {"rate": "50"}
    assert after == {"rate": "50", "latency": "from when requests were due"}
    assert "latency was not set" in obstacle(
        Service(measures=(), conditions=before), Service(measures=(), conditions=after)
    )
