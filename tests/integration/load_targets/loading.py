"""Starting loads in tests, and waiting for what they say."""

import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from load_targets.server import CountingServer
from waiting import PATIENCE

from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadEvent, LoadLost, Quiet, Tick
from tsprof.load.spec import ONE_PROCESS, LoadSpec, Workers

USERS = 8


class Loads:
    """Starts loads on a server, and ends them."""

    def __init__(self, server: CountingServer, directory: Path) -> None:
        self.log = directory / "load.log"
        self._server = server
        self._locustfile = directory / "locustfile.py"
        self._started: list[LoadProcess] = []

    def start(
        self,
        locustfile: str = "",
        *,
        paths: tuple[str, ...] = (),
        users: int = USERS,
        rate: float | None = None,
        seed: int | None = None,
        workers: Workers = ONE_PROCESS,
        tell: Callable[[str], None] = lambda _: None,
    ) -> LoadProcess:
        """Start a load from the text of a Locust file, or of paths."""
        path = write(self._locustfile, locustfile) if locustfile else None
        spec = LoadSpec(self._server.host, users, path, paths, rate, seed)
        self._started.append(LoadProcess.start(spec, self.log, workers=workers, tell=tell))
        return self._started[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for load in self._started:
            pids = [load.pid, *load.pids]
            load.stop(1)
            assert all(map(is_gone, pids))


def write(path: Path, text: str) -> Path:
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def ticks_until(load: LoadProcess, condition: Callable[[Tick], bool]) -> Tick:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in load.poll(1):
            assert isinstance(event, Tick), event
            if condition(event):
                return event
    raise AssertionError("no such tick")


def events_until(load: LoadProcess, last: Callable[[LoadEvent], bool]) -> list[LoadEvent]:
    """What happens up to and including an event."""
    events: list[LoadEvent] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in load.poll(1):
            events.append(event)
            if last(event):
                return events
    raise AssertionError(f"it did not come: {events[-3:]}")


def to_the_end(load: LoadProcess) -> tuple[list[Tick], Quiet]:
    """The rest of a segment."""
    ticks: list[Tick] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in load.poll(1):
            if isinstance(event, Quiet):
                return ticks, event
            assert isinstance(event, Tick), event
            ticks.append(event)
    raise AssertionError(f"not quiet: {ticks[-1:]}")


def segment(load: LoadProcess, requests: int) -> tuple[list[Tick], Quiet]:
    load.open_gate(requests)
    return to_the_end(load)


def reason_of_loss(load: LoadProcess) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in load.poll(1):
            if isinstance(event, LoadLost):
                assert load.poll(0) == [event]
                return event.reason
    raise AssertionError("the load was not lost")
