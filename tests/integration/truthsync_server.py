"""A TruthSync server of one's own, on a free port."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
APP_DIR = ROOT / "targets" / "truthsync_py"

UVICORN = (
    *(sys.executable, "-m", "uvicorn", "truthsync.app:app"),
    *("--app-dir", str(APP_DIR), "--port", "0"),
)
GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "truthsync.app:app"),
    *("--chdir", str(APP_DIR), "--bind", "127.0.0.1:0"),
    *("--worker-class", "uvicorn.workers.UvicornWorker"),
)
TWO_WORKERS = (*GUNICORN, "--workers", "2")

_START_SECONDS = 60
"""Far more than the second that a start takes: a slow machine is not a failure."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that is kept alive."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path: str, times: int = 1) -> bytes:
        """Get a path over one connection, and return the last body."""
        connection = self.connect()
        body = b""
        for _ in range(times):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
        connection.close()
        return body

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post a body; return status and answer."""
        connection = self.connect()
        connection.request("POST", path, body)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def stats(self) -> Any:
        """Return the reply of /stats."""
        return json.loads(self.get("/stats"))


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start a server; what it prints goes to the log."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            # gunicorn keeps a control socket in the home directory.
            env={**os.environ, "HOME": str(log.parent), **environment},
        )


@contextmanager
def running(folder: Path, command: Sequence[str] = UVICORN, **environment: str) -> Iterator[Server]:
    """Run a server that is ready, and stop it at the end."""
    log = folder / "server.log"
    process = start(command, environment, log)
    try:
        yield Server(process.pid, _port(process, log))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(
            r"(?:running on|Listening at:) http://127\.0\.0\.1:(\d+)", log.read_text()
        )
        if found:
            return int(found[1])
        assert process.poll() is None, log.read_text()
        time.sleep(0.02)
    raise AssertionError(f"not started in {_START_SECONDS} s: {log.read_text()}")
