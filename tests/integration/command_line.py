"""The real ``tsprof`` command in a process of its own, and what it leaves running."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

TARGETS = Path(__file__).parent / "targets"
SERVICE = str(TARGETS / "service.py")
SCENARIOS = ("check", "baseline", "stress", "spike", "endurance", "compare", "flame")
PATIENCE = 60.0
"""Seconds that anything may take on a machine that does much else besides."""


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.05)
    return result


def python(version: str) -> str:
    """Find an interpreter by its version, such as ``3.9``; skip the test where there is none."""
    found = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    # A shim of pyenv's is on the PATH of versions that it is not set to run.
    on_path = shutil.which(f"python{version}")
    if on_path and ".pyenv/shims" not in on_path:
        found.append(Path(on_path))
    if not found:
        pytest.skip(f"no Python {version} on this machine")
    return str(found[0])


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str
    report: dict[str, Any]
    """The JSON report; empty where none was written."""

    @property
    def reasons(self) -> str:
        return "\n".join(self.report["reasons"])

    @property
    def notes(self) -> str:
        return "\n".join(self.report["notes"])

    def finding(self, resource: str) -> dict[str, Any]:
        return next(f for f in self.report["findings"] if f["resource"] == resource)


@dataclass
class Started:
    """A command under way."""

    process: subprocess.Popen[str]
    json: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> Finished:
        try:
            out, err = self.process.communicate(timeout=PATIENCE + 60)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            out, err = self.process.communicate()
            pytest.fail(f"the command did not end\n{out}\n{err}")
        text = self.json.read_text(encoding="utf-8") if self.json.exists() else ""
        sys.stdout.write(f"{out}\n{err}\n")  # pytest shows it where the test fails
        assert "Traceback" not in err
        return Finished(self.process.returncode, out, err, json.loads(text) if text else {})


@dataclass
class CommandLine:
    """Runs commands in one folder, under an environment that marks every process of theirs."""

    folder: Path
    marker: str = field(default_factory=lambda: f"TSPROF_TEST_{uuid.uuid4().hex}")
    environment: dict[str, str] = field(default_factory=dict)
    launcher: tuple[str, ...] = ()
    """What starts the command, such as one that takes rights away."""
    started: list[Started] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return Path(self.environment.get("TSPROF_HOME", self.folder / "home"))

    @property
    def run_folder(self) -> Path:
        (folder,) = (self.home / "runs").iterdir()
        return folder

    def start(self, *arguments: str) -> Started:
        json_file = self.folder / f"report-{len(self.started)}.json"
        output = ("--json", str(json_file)) if arguments[0] in SCENARIOS else ()
        command, rest = arguments[:1], arguments[1:]
        started = Started(
            subprocess.Popen(
                [*self.launcher, sys.executable, "-m", "tsprof", *command, *output, *rest],
                cwd=self.folder,
                env={
                    **os.environ,
                    "TSPROF_HOME": str(self.folder / "home"),
                    "TSPROF_DEBUG": "1",
                    self.marker: "1",
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            ),
            json_file,
        )
        self.started.append(started)
        return started

    def run(self, *arguments: str) -> Finished:
        """Run a command to its end, which is also the end of everything that it started."""
        finished = self.start(*arguments).finish()
        assert self.left() == []
        return finished

    def check(self, *arguments: str) -> Finished:
        """Run a short check of the service, or of the command after ``--``."""
        return self.run("check", "--url", "/", "--max-time", "3", "--drain", "0", *arguments)

    def left(self) -> list[str]:
        """Describe the living processes that belong to this folder's commands."""
        return [f"{process.pid} {command}" for process, command in self._living()]

    def _living(self) -> Iterator[tuple[psutil.Process, str]]:
        for process in psutil.process_iter():
            try:
                command = " ".join(process.cmdline())
                # A target may clear its environment or leave the folder, but hardly all three.
                if process.status() != psutil.STATUS_ZOMBIE and (
                    self.marker in process.environ()
                    or process.cwd().startswith(str(self.folder))
                    or str(self.folder) in command
                ):
                    yield process, command
            except psutil.Error:
                continue

    def clear(self) -> None:
        """End what a failed test has left."""
        for process, _ in self._living():
            process.kill()
        for started in self.started:
            started.process.communicate()
