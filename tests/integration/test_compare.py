"""``tsprof compare`` on two services that burn a known CPU time over each request."""

import signal
import sys
from pathlib import Path

import pytest
from command_line import TARGETS, CommandLine, Finished, wait_for

BURNING = f"{sys.executable} {TARGETS / 'burning.py'} {{port}}"
COMPARE = ("compare", "--url", "/", "--duration", "4.8", "--users", "8", "--drain", "0")


def command(microseconds: int) -> str:
    return f"{BURNING} {microseconds}"


def compared(tsprof: CommandLine, reference: str, target: str, *options: str) -> Finished:
    return tsprof.run(*COMPARE, "--reference", reference, *options, "--", *target.split())


def ratios(finished: Finished) -> dict[str, dict[str, float]]:
    return {ratio["name"]: ratio for ratio in finished.report["comparison"]["ratios"]}


def test_a_target_that_burns_half_is_twice_as_fast(tsprof: CommandLine, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    finished = compared(
        *(tsprof, command(4000), command(2000), "--expect", "1.2"),
        *("--criterion", "cpu_speedup >= 4", "--junit", str(junit)),
    )
    found = ratios(finished)
    assert found["cpu_ms"]["factor"] == pytest.approx(2, rel=0.1)
    assert found["requests_per_second"]["factor"] > 1.3
    assert found["p50_ms"]["factor"] > 1.3
    criteria = {criterion["name"]: criterion["met"] for criterion in finished.report["criteria"]}
    assert criteria["cpu_speedup"] is False
    assert criteria["speedup"] is not False  # on a crowded machine it may be too uncertain
    assert finished.code == 1
    assert "cpu_speedup is " in finished.reasons
    other = finished.report["comparison"]["reference"]
    assert other["command"][-1] == "4000"
    assert other["rss_bytes"] > 1_000_000
    assert other["growth"]["to_request"] >= 0
    assert "Comparison over 4 blocks of turns" in finished.out
    assert 'name="cpu_speedup"' in junit.read_text()


def test_a_service_compared_with_itself_shows_no_difference(tsprof: CommandLine) -> None:
    limit = ("--criterion", "cpu_speedup >= 1.5")
    finished = compared(tsprof, command(1500), command(1500), *limit)
    found = ratios(finished)
    assert found["cpu_ms"]["factor"] == pytest.approx(1, rel=0.1)
    assert found["requests_per_second"]["low"] < 1.3
    assert found["requests_per_second"]["high"] > 0.75
    assert [criterion["met"] for criterion in finished.report["criteria"]] == [False]
    assert finished.code == 1


def test_a_reference_that_never_serves_is_named(tsprof: CommandLine) -> None:
    finished = compared(tsprof, f"{sys.executable} -c 'raise SystemExit(7)'", command(1000))
    assert finished.code == 4
    assert "the reference, as the target: the target ended before it was ready" in finished.err
    assert not list((tsprof.home / "runs").iterdir())


def test_a_reference_that_dies_leaves_nothing_to_compare_with(tsprof: CommandLine) -> None:
    finished = compared(tsprof, f"{command(1000)} 1000", command(1000), "--duration", "60")
    assert finished.code == 3
    died = "could not be compared: of the reference, the target died under load (exit code 7)"
    assert died in finished.reasons
    assert finished.report["requests"] > 0


def test_an_interrupt_ends_both(tsprof: CommandLine) -> None:
    started = tsprof.start(
        *(*COMPARE, "--duration", "60", "--reference", command(1001)),
        *("--", *command(1002).split()),
    )

    def both_serve() -> bool:
        return {each.split()[-1] for each in tsprof.left()} >= {"1001", "1002"}

    wait_for(both_serve, "both targets")
    wait_for(lambda: list(tsprof.home.glob("runs/*/reference/run.db-wal")), "the reference's run")
    started.signal(signal.SIGINT)
    finished = started.finish()
    assert finished.code == 130
