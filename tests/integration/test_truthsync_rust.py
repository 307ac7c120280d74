"""TruthSync in Rust under the agent for native programs: what it plants is what is counted."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from command_line import CommandLine, wait_for
from rust_target import BUILD_TIMEOUT, FOLDER, built
from truthsync_server import ROOT, Server, running

from tsprof.supervisor import native_agent
from tsprof.supervisor.agents import Agents

pytestmark = [
    pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine"),
    pytest.mark.timeout(BUILD_TIMEOUT),
]

WARM_UP, REQUESTS = 500, 2_000


@pytest.fixture(scope="session")
def program() -> str:
    return str(built())


def truth(program: str, faults: str, *requests: int) -> list[int]:
    """Return the bytes that the faults hold after so many requests, as the program has it."""
    told = subprocess.run(
        [program, "truth", *map(str, requests)],
        env=os.environ | {"TRUTHSYNC_FAULTS": faults},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [int(line) for line in told.stdout.split()]


@contextmanager
def measured(program: str, folder: Path, faults: str) -> Iterator[tuple[Server, Agents]]:
    """Run the service with the agent in it."""
    with Agents() as agents:
        environment = agents.environment({}) | native_agent.environment({}, native_agent.library())
        command = (program, "--port", "0")
        with running(folder, command, TRUTHSYNC_FAULTS=faults, **environment) as server:
            wait_for(agents.connected, "the agent")
            yield server, agents


def live(agents: Agents, server: Server) -> int:
    reply = agents.ask("checkpoint", pids=[server.pid])[server.pid]
    assert not isinstance(reply, str), reply
    size: int = reply["native"]["live"]
    return size


@pytest.mark.parametrize(
    "faults",
    [
        *("", "list:1:50", "callbacks:1:300", "dict:1:50", "cycle:1:300", "native:1:2000"),
        *("channel:1:50", "task:1", "ttl:1:1000"),
    ],
)
def test_the_truth_is_what_glibc_counts(tmp_path: Path, program: str, faults: str) -> None:
    with (
        measured(program, tmp_path, faults) as (server, agents),
        closing(server.connect()) as connection,  # with its buffers in both readings
    ):

        def request(times: int) -> None:
            for _ in range(times):
                connection.request("GET", "/health")
                connection.getresponse().read()

        request(WARM_UP)
        before = live(agents, server)
        request(REQUESTS)
        grown = live(agents, server) - before

    first, last = truth(program, faults, WARM_UP, WARM_UP + REQUESTS)
    assert grown == pytest.approx(last - first, rel=0.02, abs=4_000)


@pytest.mark.parametrize(
    ("faults", "code"), [("native:0.2:300", 1), ("", 0)], ids=["leak", "clean"]
)
def test_a_check_of_it(tsprof: CommandLine, program: str, faults: str, code: int) -> None:
    tsprof.environment["TRUTHSYNC_FAULTS"] = faults
    finished = tsprof.run(
        *("check", "--no-attribute", "--drain", "0"),
        *("--locustfile", str(ROOT / "locustfile.py"), "--", program, "--port", "{port}"),
    )
    assert finished.code == code, finished.reasons
    growth = finished.report["growth"]
    if faults:
        first, last = growth["from_request"], growth["to_request"]
        before, after = truth(program, faults, first, last)
        planted = (after - before) / (last - first)
        assert finished.finding("memory")["per_request"] == pytest.approx(planted, rel=0.05)
    else:
        assert growth["detectable_bytes_per_request"] <= 5


def test_its_own_tests_pass(program: str) -> None:
    """Built with the crates of the program itself, since that is quicker."""
    del program
    tested = subprocess.run(
        ["cargo", "test", "--quiet", "--release", "--locked", "--offline"],
        cwd=FOLDER, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr
