"""A target with the agent in it, driven by hand, and what windows and censuses tell of it."""

import json
import os
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import tsprof
from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.holders import Replies, gaining_types, growing_types, held_growth
from tsprof.analysis.attribution.sites import LeakingSite, leaking_sites
from tsprof.profilers.capture_digest import digest
from tsprof.profilers.origin import origins

INJECT = Path(tsprof.__file__).parent / "agent" / "inject"
LIBRARIES = Path(sysconfig.get_path("purelib"))

SERVE = """
import sys
for line in sys.stdin:
    for _ in range(int(line)):
        handle()
    print("done", flush=True)
"""


class Target:
    """A program with the agent in it, and the supervisor's end of the agent's socket."""

    def __init__(self, folder: Path, *command: str, **environment: str) -> None:
        self.folder = folder
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "agent.sock"))
        self._listener.listen()
        self._listener.settimeout(60)
        self._agents: dict[int, tuple[socket.socket, Any]] = {}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": str(INJECT), "TSPROF_AGENT_SOCKET": str(folder / "agent.sock")}
            | environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._listener.close()
        for connection, reader in self._agents.values():
            reader.close()
            connection.close()

    def agent(self) -> int:
        """Wait for one more agent and return its pid."""
        connection, _ = self._listener.accept()
        connection.settimeout(60)
        reader = connection.makefile("rb")
        pid = int(json.loads(reader.readline())["pid"])
        self._agents[pid] = (connection, reader)
        return pid

    def ask(self, pid: int, command: str, **arguments: Any) -> dict[str, Any]:
        connection, reader = self._agents[pid]
        message = {"id": 1, "do": command, "arguments": arguments}
        connection.sendall(json.dumps(message).encode() + b"\n")
        reply = json.loads(reader.readline())
        assert "ok" in reply, reply
        answer: dict[str, Any] = reply["ok"]
        return answer

    def load(self, requests: int) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{requests}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"
        return requests


def live(checkpoint: dict[str, Any]) -> int:
    return int(checkpoint["python"]["live"] + checkpoint["native"]["live"])


class Seen:
    """What a window and two censuses tell of one process."""

    def __init__(
        self,
        target: Target,
        pid: int,
        load: Callable[[int], int],
        *,
        requests: int = 2_000,
        **arguments: Any,
    ) -> None:
        capture = target.folder / f"{pid}.capture"
        load(500)
        self.prepared = target.ask(pid, "window.prepare", **arguments)
        first = target.ask(pid, "checkpoint")
        load(requests)
        second = target.ask(pid, "checkpoint")
        self.bytes_per_request = (live(second) - live(first)) / requests
        self.blocks_per_request = (
            second["python"]["blocks"] - first["python"]["blocks"]
        ) / requests
        before = target.ask(pid, "census.take", budget=30)
        self.started = target.ask(pid, "window.start", file=str(capture), **arguments)
        assert self.started["started"], self.started
        load(requests)
        target.ask(pid, "checkpoint")
        marked = target.ask(pid, "window.mark")
        load(requests)
        target.ask(pid, "checkpoint")
        self.stopped = target.ask(pid, "window.stop")
        after = target.ask(pid, "census.take", budget=30)
        found = target.ask(
            pid,
            "holders.find",
            containers=after["containers"],
            ids=after["spread"]["ids"],
            types=growing_types(gaining_types(before, after, requests=2 * requests)),
            budget=60,
        )
        replies = Replies(before=before, after=after, holders=found["holders"])
        self.causes = held_growth([replies], requests=2 * requests)
        self.digest: CaptureDigest = digest(
            capture,
            early_until=marked["time"],
            requests_early=requests,
            requests_total=2 * requests,
        )


def sites_of(*digests: CaptureDigest) -> tuple[LeakingSite, ...]:
    origin_of = origins(libraries=[LIBRARIES], standard_library=Path(sysconfig.get_path("stdlib")))
    return leaking_sites(digests, origin_of)


def script(folder: Path, source: str) -> str:
    (folder / "app.py").write_text(source)
    return str(folder / "app.py")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def get(port: int, requests: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        reader = connection.makefile("rb")
        for _ in range(requests):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            assert b"200" in reader.readline()
            while reader.readline().strip():
                pass
            assert reader.read(2) == b"ok"
    return requests


def wait_until_up(port: int, target: Target) -> None:
    for _ in range(600):
        assert target.process.poll() is None
        try:
            get(port, 1)
        except OSError:
            signal.sigtimedwait([], 0.1)
        else:
            return
    raise TimeoutError("the server did not come up")
