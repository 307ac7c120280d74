"""``tsprof worker``: joining, leaving, being turned away, and being cut off."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import msgpack
import pytest
import zmq
from load_targets.loading import Loads, events_until, segment, ticks_until
from load_targets.server import CountingServer
from waiting import PATIENCE, wait_until

import tsprof
from tsprof.errors import UsageError
from tsprof.load.client import LoadProcess
from tsprof.load.messages import Join, Quiet, Refused, Remark, WorkerLost, decode, encode
from tsprof.load.spec import LoadSpec, Workers
from tsprof.supervisor.launch import free_port

LOCUSTFILE = """
from pathlib import Path
from typing import Self
from locust import HttpUser, task

class MyUser(HttpUser):
    @task
    def index(self):
        self.client.get("/" + Path(__file__).stem)
"""


class Command:
    """A ``tsprof worker`` in a process of its own."""

    def __init__(
        self, folder: Path, port: int, *options: str, within: tuple[str, ...] = ()
    ) -> None:
        self._errors = folder / f"worker-{abs(hash(options))}.err"
        tsprof_worker = [sys.executable, "-m", "tsprof", "worker", f"--master-port={port}"]
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [*within, *tsprof_worker, *options],
                stderr=errors,
                env={**os.environ, "TSPROF_HOME": str(folder / "home")},
            )

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def said(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    def code(self) -> int:
        return self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start a worker."""
    with ExitStack() as stack:
        yield lambda *options, **how: stack.enter_context(Command(tmp_path, *options, **how))


def test_workers_share_the_load_and_may_leave(
    loads: Loads, server: CountingServer, worker: Callable[..., Command], tmp_path: Path
) -> None:
    port = free_port()
    own = tmp_path / "own.py"
    own.write_text(LOCUSTFILE, encoding="utf-8")
    stays = worker(port, "--master-host=127.0.0.1")
    leaves = worker(port, "--master-host=127.0.0.1", f"--locustfile={own}")
    load = loads.start(LOCUSTFILE, workers=Workers(local=1, expected=2, bind_port=port), users=9)
    _, quiet = segment(load, 90)
    assert quiet.completed == server.count == 90
    assert {name[:6] for name in costs(quiet)} == {"load p", "worker"}
    assert list(costs(quiet).values()) == [30, 30, 30]
    assert server.paths == {"/locustfile": 60, "/own": 30}

    leaves.interrupt()
    assert leaves.code() == 130
    events_until(load, lambda event: "it has quit" in getattr(event, "reason", ""))
    assert segment(load, 60)[1].completed == 60
    assert server.paths == {"/locustfile": 120, "/own": 30}

    comes = worker(port, "--master-host=127.0.0.1", "--quiet", "--timeout=20s")
    total = 150

    def has_joined() -> bool:
        nonlocal total
        total += 30
        load.open_gate(30)
        *events, quiet = events_until(load, lambda event: isinstance(event, Quiet))
        assert isinstance(quiet, Quiet)
        assert (quiet.completed, server.count) == (30, total)
        return any(isinstance(event, Remark) for event in events)

    wait_until(has_joined)
    _, quiet = segment(load, 90)
    assert list(costs(quiet).values()) == [30, 30, 30]
    assert quiet.completed == server.count - total == 90

    too_many = worker(port, "--master-host=127.0.0.1", "--timeout=25s")
    assert too_many.code() == 2
    assert "all of the 3 workers that were asked for are there" in too_many.said()

    load.stop()
    assert comes.code() == 0
    assert comes.said() == ""
    assert stays.code() == 0
    assert "joined" in stays.said()
    assert stays.said().endswith("the run has ended\n")


def test_a_worker_without_a_master_gives_up(worker: Callable[..., Command]) -> None:
    command = worker(free_port(), "--master-host=127.0.0.1", "--timeout=300ms")
    assert command.code() == 3
    assert "no master answered" in command.said()


def test_strangers_are_turned_away_and_do_no_harm(loads: Loads, server: CountingServer) -> None:
    port = free_port()
    answers: list[Refused] = []

    def talk(_: str) -> None:
        if answers:
            return
        with knocking(port) as send:
            for nonsense in (b"", b"\xff\xff", b"x", msgpack.packb([1]), msgpack.packb({"a": 1})):
                send(nonsense)
            for kind in ("tsprof", "tsprof_join", "stats", "locustfile", "heartbeat", "exception"):
                send(msgpack.packb([kind, None, "stranger"]))
            send(msgpack.packb(["client_ready", "2.0.0", "stranger"]))
            question = encode(Join("0.0.1", "old\nworker")).decode()
            answer = send(msgpack.packb(["tsprof_join", question, "stranger"]), answers=True)
            answers.append(answer)

    load = loads.start(
        paths=("/",), workers=Workers(local=2, expected=0, bind_port=port), tell=talk
    )
    version = tsprof.__version__
    assert answers[0].message == f"it is tsprof 0.0.1, and the master is {version}"
    assert load.notes == (f"old worker was not let in: {answers[0].message}",)
    assert segment(load, 100)[1].completed == server.count == 100


@contextmanager
def knocking(port: int) -> Iterator[Callable[..., Refused]]:
    """Say what a stranger could say to a master."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as door:
        door.setsockopt(zmq.IDENTITY, b"stranger")
        door.setsockopt(zmq.LINGER, 1000)
        door.setsockopt(zmq.RCVTIMEO, 10_000)
        door.connect(f"tcp://127.0.0.1:{port}")

        def send(data: bytes, *, answers: bool = False) -> Refused:
            door.send(data)
            while answers:
                kind, text, _ = msgpack.unpackb(door.recv())
                if kind == "tsprof_join":
                    refused = decode(text)
                    assert isinstance(refused, Refused)
                    return refused
            return Refused("", "")

        yield send


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, str, str]]:
    """A network namespace: its name, its interface's name out here, and our address there."""
    if os.getuid() != 0 or not shutil.which("ip"):
        pytest.skip("only root with iproute2 can make a network namespace")
    name = f"tsprof{os.getpid() % 10**6}"
    ours, theirs = f"10.213.{os.getpid() % 250}.1", f"10.213.{os.getpid() % 250}.2"
    try:
        for command in (
            f"netns add {name}",
            f"link add {name}a type veth peer name {name}b netns {name}",
            f"addr add {ours}/30 dev {name}a",
            f"link set {name}a up",
            f"-n {name} addr add {theirs}/30 dev {name}b",
            f"-n {name} link set {name}b up",
        ):
            made = ip(command)
            if made.returncode != 0:
                pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
        yield name, f"{name}a", ours
    finally:
        ip(f"netns del {name}")
        ip(f"link del {name}a")


def ip(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)


def test_a_worker_that_is_cut_off_is_lost_and_the_others_go_on(
    elsewhere: tuple[str, str, str], worker: Callable[..., Command], tmp_path: Path
) -> None:
    name, interface, ours = elsewhere
    port = free_port()
    command = worker(port, f"--master-host={ours}", within=("ip", "netns", "exec", name))
    workers = Workers(local=1, expected=1, bind_host=ours, bind_port=port)
    with (
        CountingServer(ours) as server,
        LoadProcess.start(
            LoadSpec(server.host, 4, paths=("/",)), tmp_path / "load.log", workers=workers
        ) as load,
    ):
        _, quiet = segment(load, 100)
        assert quiet.completed == server.count == 100
        assert sorted(costs(quiet).values()) == [50, 50]
        load.open_gate(None)
        ticks_until(load, lambda tick: tick.requests > 0)
        assert ip(f"link set {interface} down").returncode == 0
        *events, quiet = events_until(load, lambda event: isinstance(event, Quiet))
        assert "no sign of life" in next(e.reason for e in events if isinstance(e, WorkerLost))
        assert isinstance(quiet, Quiet)
        assert quiet.uncertain
        assert command.code() == 3
        wait_until(lambda: server.active == 0)
        before = server.count
        assert segment(load, 100)[1].completed == server.count - before == 100


def test_a_port_that_is_taken_is_one_clear_line(loads: Loads, busy_port: int) -> None:
    with pytest.raises(UsageError, match=rf"cannot listen at 127.0.0.1:{busy_port}"):
        loads.start(paths=("/",), workers=Workers(local=1, expected=1, bind_port=busy_port))


def costs(quiet: Quiet) -> dict[str, int]:
    return {cost.name: cost.requests for cost in quiet.processes}
