"""Ctrl-C, SIGTERM and kill -9: what is reported, and that nothing is left."""

import json
import signal
import subprocess
import sys

import psutil
import pytest
from command_line import SERVICE, CommandLine, Started, wait_for

from tsprof.supervisor.launch import GUARD

PYTHON = sys.executable


def start(tsprof: CommandLine, *behaviours: str, until: str) -> Started:
    """Start a check, and wait until it says that it does something."""
    started = tsprof.start("check", "--url", "/", "--", PYTHON, SERVICE, "{port}", *behaviours)
    assert started.process.stderr is not None
    while until not in (line := started.process.stderr.readline()):
        assert line, "the command ended early"
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interrupt_ends_the_run_with_its_report(
    tsprof: CommandLine, number: signal.Signals
) -> None:
    started = start(tsprof, until="measuring")
    started.signal(number)
    finished = started.finish()
    assert finished.code == 130
    assert tsprof.left() == []
    assert finished.report["verdict"] == "inconclusive"
    assert finished.report["complete"] is False
    assert finished.report["requests"] > 0
    assert "interrupted" in finished.reasons
    assert "INCONCLUSIVE" in finished.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_interrupt_ends_it_at_once(tsprof: CommandLine, number: signal.Signals) -> None:
    """The target neither answers nor goes away, so that the first one has to wait for it."""
    started = start(tsprof, "hangs", "ignores_sigterm", until="calibrating")
    started.signal(number)
    assert started.process.stderr is not None
    while "once more to stop at once" not in started.process.stderr.readline():
        pass
    started.signal(number)
    finished = started.finish()
    assert finished.code == 130
    assert tsprof.left() == []
    assert finished.report == {}


def test_an_interrupt_while_the_target_gets_ready(tsprof: CommandLine) -> None:
    program = "import time; print('warming up', flush=True); time.sleep(600)"
    started = tsprof.start("check", "--url", "/", "--", PYTHON, "-c", program)
    wait_for(lambda: any((tsprof.home / "runs").glob("*/target.log")), "the target")
    started.signal(signal.SIGINT)
    finished = started.finish()
    assert finished.code == 130
    assert "interrupted" in finished.err
    assert not list((tsprof.home / "runs").iterdir())
    assert tsprof.left() == []


def test_a_supervisor_that_is_killed_leaves_half_a_run_and_no_process(tsprof: CommandLine) -> None:
    tsprof.environment["TMPDIR"] = str(tsprof.folder)
    started = start(tsprof, "ignores_sigterm", "has_a_daemon", until="measuring")
    assert list(tsprof.folder.glob("tsprof-*"))
    assert len(tsprof.left()) >= 4  # itself, the guard, the target and its daemon, the load
    started.signal(signal.SIGKILL)
    started.process.wait()
    wait_for(lambda: not tsprof.left(), "every process to end")
    assert not list(tsprof.folder.glob("tsprof-*"))
    listed = json.loads(tsprof.run("runs", "--json", "-").out)
    assert [(run["scenario"], run["complete"]) for run in listed] == [("check", False)]
    again = tsprof.run("report", "--json", "-")
    report = json.loads(again.out)
    assert again.code == 0
    assert report["verdict"] == "inconclusive"
    assert report["complete"] is False
    assert report["requests"] > 0
    assert "cut off" in report["reasons"][0]
    assert "cut short" in again.err


def test_a_guard_that_is_killed_leaves_no_process(tsprof: CommandLine) -> None:
    started = start(tsprof, "ignores_sigterm", "has_a_daemon", until="measuring")
    guard = next(
        child
        for child in psutil.Process(started.pid).children()
        if str(GUARD) in " ".join(child.cmdline())
    )
    guard.kill()
    finished = started.finish()
    assert finished.code == 1
    assert "the target died under load" in finished.reasons
    assert tsprof.left() == []


def test_a_load_process_that_is_killed_ends_the_run(tsprof: CommandLine) -> None:
    started = start(tsprof, until="measuring")
    load = next(
        child
        for child in psutil.Process(started.pid).children()
        if "tsprof.load" in " ".join(child.cmdline())
    )
    load.kill()
    finished = started.finish()
    assert finished.code == 3
    assert "the load process ended" in finished.reasons
    assert tsprof.left() == []


MISSED_AT_FIRST = """
import ctypes, os, subprocess
from tsprof.supervisor import guard

ctypes.CDLL(None).prctl(guard.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
subprocess.run(["sh", "-c", "sleep 60 > /dev/null 2>&1 & echo $!"])
listed, blanks = guard.descendants, [[], []]
guard.descendants = lambda pid: blanks.pop() if blanks else listed(pid)
guard._kill_everything()
"""


def test_a_process_that_a_listing_missed_is_killed_all_the_same() -> None:
    """Process numbers wrap around: a new one can be lower than what the listing has come to."""
    command = [sys.executable, "-c", MISSED_AT_FIRST]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert not psutil.pid_exists(int(said.stdout))
