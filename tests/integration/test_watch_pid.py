"""``--pid``: a service that runs already is watched from outside, and never ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest
from command_line import SERVICE, CommandLine, Finished, wait_for

from tsprof.probes.processes import cpu_seconds, sample
from tsprof.supervisor.launch import free_port, is_listening


@dataclass(frozen=True)
class Running:
    """A service that somebody else has started."""

    process: "subprocess.Popen[bytes]"
    host: str

    def check(self, tsprof: CommandLine) -> Finished:
        return tsprof.check("--host", self.host, "--pid", str(self.process.pid))


@pytest.fixture(params=["leaks"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    port = free_port()
    host = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, SERVICE, str(port), request.param]) as process:
        wait_for(lambda: is_listening(host), "the service")
        yield Running(process, host)
        process.kill()


def test_a_running_service_is_watched_and_left_alone(tsprof: CommandLine, running: Running) -> None:
    finished = running.check(tsprof)
    assert finished.code == 3
    assert [p["pid"] for p in finished.report["processes"]] == [running.process.pid]
    assert [p["source"] for p in finished.report["processes"]] == ["outside"]
    assert "measured from outside" in finished.notes
    assert running.process.poll() is None
    assert is_listening(running.host)


@pytest.mark.parametrize("running", ["is_killed"], indirect=True)
def test_a_running_service_that_dies_under_load(tsprof: CommandLine, running: Running) -> None:
    finished = running.check(tsprof)
    assert finished.code == 1
    assert "the target died under load" in finished.reasons
    assert "guard" not in finished.out


def test_a_running_service_survives_the_end_of_its_watcher(
    tsprof: CommandLine, running: Running
) -> None:
    started = tsprof.start(
        "check", "--url", "/", "--host", running.host, "--pid", str(running.process.pid)
    )
    assert started.process.stderr is not None
    while "measuring" not in started.process.stderr.readline():
        pass
    started.signal(signal.SIGINT)
    assert started.finish().code == 130
    assert tsprof.left() == []
    assert running.process.poll() is None


def test_a_process_that_does_not_exist(tsprof: CommandLine, busy_port: int) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    host = f"http://127.0.0.1:{busy_port}"
    finished = tsprof.check("--host", host, "--pid", str(process.pid))
    assert finished.code == 2
    assert f"there is no process {process.pid}" in finished.err


def test_a_process_that_has_ended_but_is_still_listed(tsprof: CommandLine, busy_port: int) -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        host = f"http://127.0.0.1:{busy_port}"
        finished = tsprof.check("--host", host, "--pid", str(process.pid))
    assert finished.code == 2
    assert f"there is no process {process.pid}" in finished.err


def test_an_address_where_nothing_serves(tsprof: CommandLine) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    finished = tsprof.check("--host", host, "--pid", str(os.getpid()))
    assert finished.code == 4
    assert f"nothing serves at {host}" in finished.err


def test_a_pid_without_an_address(tsprof: CommandLine) -> None:
    finished = tsprof.check("--pid", str(os.getpid()))
    assert finished.code == 2
    assert "--host" in finished.err


def test_a_process_that_has_ended_is_not_sampled() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        ended = psutil.Process(process.pid)
        process.kill()
    here = psutil.Process()
    assert [s.pid for s in sample([ended, here], 0, "target", costly=True)] == [here.pid]
    assert cpu_seconds([ended]) == 0.0
