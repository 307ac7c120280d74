"""``tsprof stress`` and ``tsprof spike`` on services whose limits are planted."""

import sys

import pytest
from command_line import TARGETS, CommandLine

pytestmark = pytest.mark.alone

PYTHON = sys.executable
RATE = 60
SPIKE = ("spike", "--url", "/", "--rate", str(RATE), "--drain", "0")
LIMIT = ("--criterion", "recovery_seconds < 2", "--criterion", "memory_kept = 50%")


def test_a_climb_ends_at_the_highest_rate_that_is_sustained(tsprof: CommandLine) -> None:
    finished = tsprof.run(
        *("stress", "--url", "/", "--duration", "27", "--users", "20", "--no-attribute"),
        *("--criterion", "requests_per_second > 100", "--drain", "0"),
        *("--", PYTHON, str(TARGETS / "one_at_a_time.py"), "{port}"),
    )
    phases = finished.report["phases"]
    assert phases[0]["rate"] is None
    sustained = [phase["rate"] for phase in phases if phase["sustained"]]
    beyond = [phase["rate"] for phase in phases if phase["sustained"] is False]
    # A sleep of 4 ms is one of 4.1 to 5 here, and more where the machine is busy.
    assert 100 < max(sustained) < min(beyond) < 300
    assert max(sustained) > 0.8 * phases[0]["requests_per_second"]
    assert "highest sustained rate" in finished.report["highlights"][0]
    assert "highest sustained rate" in finished.out
    criteria = {criterion["name"]: criterion for criterion in finished.report["criteria"]}
    assert criteria["requests_per_second"]["value"] == pytest.approx(max(sustained), rel=0.05)
    assert criteria["requests_per_second"]["met"] is not False
    assert criteria["machine_cpu_percent"]["limit"] == 80


def test_a_service_that_bears_a_spike_passes(tsprof: CommandLine) -> None:
    finished = tsprof.run(
        *(*SPIKE, *LIMIT, "--duration", "36"),
        *("--", PYTHON, str(TARGETS / "surging.py"), "{port}"),
    )
    criteria = {criterion["name"]: criterion for criterion in finished.report["criteria"]}
    assert [phase["name"] for phase in finished.report["phases"]] == [
        *("before", "spike", "recovery", "after"),
    ]
    _, spike, _, after = (p["requests_per_second"] for p in finished.report["phases"])
    assert spike > 7 * RATE
    assert after < 2 * RATE
    assert criteria["dropped_requests"]["value"] == 0
    assert {criterion["met"] for criterion in criteria.values()} == {True}
    assert finished.code == 0


def test_a_service_that_drops_requests_and_stays_slow_fails(tsprof: CommandLine) -> None:
    finished = tsprof.run(
        *(*SPIKE, *LIMIT, "--duration", "20"),
        *("--", PYTHON, str(TARGETS / "surging.py"), "{port}", "3"),
    )
    criteria = {criterion["name"]: criterion for criterion in finished.report["criteria"]}
    assert criteria["recovery_seconds"]["met"] is False
    assert criteria["recovery_seconds"]["value"] == pytest.approx(3, abs=1.5)
    assert criteria["dropped_requests"]["met"] is False
    assert "recovery_seconds" in finished.reasons
    assert finished.code == 1
