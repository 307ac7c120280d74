"""Why a process has no agent, in one line."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tsprof.config import Settings
from tsprof.supervisor import native_agent, sight
from tsprof.supervisor.agents import Agents

LIBC = "/lib/x86_64-linux-gnu/libc.so.6"


AGENT = "/cache/agent.so"


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_agent, "library", lambda: Path(AGENT))


class Program(psutil.Process):
    """This very process, as if it had mapped other files."""

    files: Sequence[str] = (LIBC,)

    def memory_maps(self, *, grouped: bool = True) -> Any:
        assert grouped
        return [SimpleNamespace(path=path) for path in self.files]


def notes(*files: str, count: int = 1) -> list[str]:
    program = Program()
    program.files = files
    target: Any = SimpleNamespace(processes=lambda: [program] * count)
    with Agents() as agents:
        return sight.sight_notes(agents, target, Settings())


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("/usr/bin/python3.8", "it runs on Python 3.8, and tsprof's agent on CPython 3.9 to 3.14"),
        ("/usr/bin/python3.15", "it runs on Python 3.15, and"),
        ("/opt/lib/libpython3.14.so.1.0", "it clears PYTHONPATH"),
        ("/usr/bin/python3", "it is not CPython 3.9 to 3.14, or"),
        ("/usr/lib/x86_64-linux-musl/libc.so", "musl"),
        ("/lib/ld-musl-x86_64.so.1", "musl"),
        ("/usr/bin/caddy", "statically linked"),
        (LIBC, "started without LD_PRELOAD"),
        ("/lib/x86_64-linux-gnu/libc-2.31.so", "started without LD_PRELOAD"),
    ],
)
def test_the_reason(file: str, reason: str) -> None:
    (note,) = notes(file)
    assert note.startswith(f"process {os.getpid()} (")
    assert reason in note


def test_processes_alike_are_told_of_in_one_line() -> None:
    (note,) = notes("/usr/bin/caddy", count=8)
    assert "and 3 more" in note
    assert "are measured from outside" in note


def test_a_program_that_serves_past_the_c_library() -> None:
    (note,) = notes(LIBC, AGENT)
    assert "does not serve" in note
    with socket.create_server(("127.0.0.1", 0)):
        (note,) = notes(LIBC, AGENT)
    assert "as Go programs do" in note


def test_without_the_agent_nothing_is_told_process_by_process() -> None:
    target: Any = SimpleNamespace(processes=list)
    settings = Settings.model_validate({"check": {"agent": False}})
    with Agents() as agents:
        (note,) = sight.sight_notes(agents, target, settings)
    assert "resident memory only" in note
