"""The agent's thread, at work in this process."""

import gc
import os
import threading
from typing import Any

import pytest
from waiting import wait_until

from tsprof.agent.core import Agent
from tsprof.supervisor.agents import Agents


@pytest.fixture
def agent(agents: Agents) -> Agent:
    address = agents.environment({})["TSPROF_AGENT_SOCKET"]
    agent = Agent("\0" + address.removeprefix("@"))
    agent.start()
    wait_until(agents.connected)
    return agent


def ask(agents: Agents, command: str, **arguments: Any) -> Any:
    return agents.ask(command, arguments)[os.getpid()]


@pytest.mark.usefixtures("agent")
def test_it_says_who_it_is(agents: Agents) -> None:
    hello = agents.connected()[os.getpid()].hello
    assert hello["pid"] == os.getpid()
    assert hello["pymalloc"] is True
    assert hello["mallinfo"] in {"mallinfo2", "mallinfo"}
    assert hello["soabi"].startswith("cpython-")


@pytest.mark.usefixtures("agent")
def test_a_checkpoint_reads_every_counter(agents: Agents) -> None:
    reply = ask(agents, "checkpoint")
    assert 0 < reply["python"]["live"] <= reply["python"]["held"]
    assert 0 < reply["native"]["live"] <= reply["native"]["held"]
    assert reply["before"].keys() == {"python", "native"}
    assert reply["gc"]["enabled"] is True
    assert reply["pause"] > 0


@pytest.mark.usefixtures("agent")
def test_a_checkpoint_frees_cycles_and_says_how_much(agents: Agents) -> None:
    ask(agents, "checkpoint")
    for _ in range(1000):
        cycle: list[object] = [bytes(100_000)]
        cycle.append(cycle)
    del cycle
    reply = ask(agents, "checkpoint")
    freed = reply["before"]["native"]["live"] - reply["native"]["live"]
    # Some of them may have been freed by a collection of this process's own.
    assert reply["collected"] == 0 or freed > 0
    assert ask(agents, "checkpoint")["collected"] == 0


@pytest.mark.usefixtures("agent")
def test_what_python_keeps_for_reuse_is_no_garbage(agents: Agents) -> None:
    gc.disable()  # only then the garbage is weighed
    try:
        ask(agents, "checkpoint")
        kept = [(number, number, number) for number in range(2000)]
        del kept
        reply = ask(agents, "checkpoint")
        cycles: list[list[object]] = [[] for _ in range(1000)]
        for cycle in cycles:
            cycle.append(cycle)
        del cycle, cycles
        later = ask(agents, "checkpoint")
    finally:
        gc.enable()
    assert reply["before"]["python"]["live"] - reply["python"]["live"] < 50_000
    assert later["before"]["python"]["live"] - later["python"]["live"] > 50_000
    assert later["collected"] >= 1000


@pytest.mark.usefixtures("agent")
def test_its_own_collections_are_not_counted_as_the_programs(agents: Agents) -> None:
    first = ask(agents, "checkpoint")["gc"]["collections"]
    for _ in range(5):
        assert ask(agents, "checkpoint")["gc"]["collections"] - first <= 1


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("dance", "unknown command"),
        ("os.system", "unknown command"),
        ("core.start", "unknown command"),
        ("census.nothing", "AttributeError"),
    ],
)
def test_an_unknown_command_is_an_error_and_no_end(
    agents: Agents, command: str, words: str
) -> None:
    assert words in ask(agents, command)
    assert not isinstance(ask(agents, "checkpoint"), str)


@pytest.mark.usefixtures("agent")
def test_it_ends_with_its_supervisor(agents: Agents) -> None:
    import _thread  # noqa: PLC0415 - threading does not know of the agent's thread

    running = _thread._count()  # noqa: SLF001 - there is no public count
    agents.__exit__(None, None, None)
    wait_until(lambda: _thread._count() < running)  # noqa: SLF001 - as above


def test_without_a_supervisor_there_is_no_thread() -> None:
    before = threading.active_count()
    for address in ("\0tsprof-nobody", "/nowhere/at/all", ""):
        Agent(address).start()
    assert threading.active_count() == before
