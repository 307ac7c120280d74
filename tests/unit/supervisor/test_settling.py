"""When checkpoints begin to wait for a target that tidies up."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from checkpoint_of import checkpoint

from tsprof.analysis.run.assessments import look
from tsprof.store.database import RunDatabase
from tsprof.supervisor import settling
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.settling import MOST_TRIALS, Settling

ALWAYS = 12_000_000
HELD = 3_000_000


# One in three comes before the target tidies up.
SWINGING = [checkpoint(number, ALWAYS + HELD * (number % 3 == 0)) for number in range(7)]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(settling, "SETTLING", 0.01)
    tools: Any = SimpleNamespace(
        target=SimpleNamespace(alive=lambda: True, processes=list),
        load=SimpleNamespace(pid=os.getpid(), pids=[os.getpid()], poll=lambda _: []),
        interrupts=SimpleNamespace(check=lambda: None),
        show=lambda _: None,
        database=RunDatabase(tmp_path / "run.db"),
        agents=SimpleNamespace(),
        temporary_folder=None,
    )
    yield Engine(tools, phase="measuring", checkpoints=list(SWINGING))
    tools.database.close()


def answer(engine: Engine, held: int) -> list[str]:
    """Have the agent tell of so many bytes above what the target always has."""
    heap = {"live": ALWAYS + held, "held": ALWAYS + held}
    asked: list[str] = []

    def ask(question: str, **_: Any) -> dict[int, Any]:
        asked.append(question)
        return {100: {"python": heap, "native": {"live": 0, "held": 0}}}

    engine.instruments.agents.ask = ask  # type: ignore[assignment,method-assign]  # no agent is there
    return asked


def test_checkpoints_wait_where_a_rest_lets_go_of_what_makes_them_differ(engine: Engine) -> None:
    answer(engine, held=0)
    Settling(engine).look_into(look(SWINGING))
    assert engine.settling == 0.01
    assert engine.checkpoints[-1].rested == 0.01
    assert engine.phase == "measuring"
    assert "tidies up" in engine.events[-1].text


def test_what_a_rest_does_not_let_go_of_is_not_waited_for(engine: Engine) -> None:
    asked = answer(engine, held=HELD)
    watching = Settling(engine)
    for _ in range(4):
        watching.look_into(look(SWINGING))
    assert engine.settling == 0.0
    assert engine.checkpoints == SWINGING
    assert asked == ["checkpoint"] * MOST_TRIALS
