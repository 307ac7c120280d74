"""What the engine shows while a run goes on."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tsprof.histogram import Histogram
from tsprof.load.messages import LoadEvent, Quiet, Tick
from tsprof.records import Generator
from tsprof.report.progress import Progress
from tsprof.store.database import RunDatabase
from tsprof.supervisor import engine as engine_module
from tsprof.supervisor import load_watch
from tsprof.supervisor.engine import Engine

LATENCY = Histogram({100: 300}, 8.0)
DONE = Quiet(
    admitted=120,
    completed=120,
    failures=0,
    exceptions=0,
    seconds=0.1,
    latency=LATENCY,
    endpoints=(),
    users=10,
    arrivals=None,
    latency_sent=None,
    generator=Generator(cpu_share=0.5, waited_share=0.0, lag=LATENCY),
    processes=(),
)
SECOND = Tick(
    second=1_700_000_000,
    seconds=1.0,
    requests=300,
    failures=0,
    exceptions=0,
    latency=LATENCY,
    endpoints=(),
    users=10,
    in_flight=0,
    oldest_seconds=0.0,
    open=False,
    cpu_seconds=0.3,
)


def test_the_rate_of_a_second_is_shown_only_while_it_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "VIEW_EVERY", 0.0)
    told: list[LoadEvent] = [SECOND]
    shown: list[Progress] = []
    tools: Any = SimpleNamespace(
        target=SimpleNamespace(alive=lambda: True, processes=list),
        load=SimpleNamespace(
            pid=os.getpid(), pids=[os.getpid()], poll=lambda _: [told.pop()] if told else []
        ),
        interrupts=SimpleNamespace(check=lambda: None),
        show=shown.append,
        database=RunDatabase(tmp_path / "run.db"),
    )
    engine = Engine(tools, phase="measuring")
    engine.pump()
    engine.phase = "resting: does it let go by itself?"
    engine.pump()
    told.append(SECOND)
    engine.pump()
    monkeypatch.setattr(load_watch, "TICK_PATIENCE", -1.0)
    engine.pump()
    rates = [(each.requests_per_second, each.p99_ms is not None) for each in shown]
    assert rates == [(300, True), (None, False), (300, True), (None, False)]
    tools.database.close()


def test_a_counted_segment_ends_early_when_it_is_told_to(tmp_path: Path) -> None:
    told: list[LoadEvent] = []
    looks = iter([False, False, True])
    tools: Any = SimpleNamespace(
        target=SimpleNamespace(alive=lambda: True, processes=list),
        load=SimpleNamespace(
            pid=os.getpid(),
            pids=[os.getpid()],
            poll=lambda _: [told.pop()] if told else [],
            open_gate=lambda _: None,
            close_gate=lambda: told.append(DONE),
        ),
        interrupts=SimpleNamespace(check=lambda: None),
        show=lambda _: None,
        database=RunDatabase(tmp_path / "run.db"),
    )
    segment = Engine(tools).counted_segment(5_000, 600.0, lambda: next(looks))
    assert (segment.intended, segment.requests) == (5_000, 120)
    assert next(looks, None) is None
    tools.database.close()
