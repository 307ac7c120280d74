"""Hostile and broken peers on the agents' socket; real agents are in the integration tests."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from waiting import PATIENCE, wait_until

from tsprof.supervisor import agents as module
from tsprof.supervisor.agents import ENDED, Agent, Agents
from tsprof.supervisor.control import positive_control

HELLO = b'{"hello": 1, "python": "3.11.7"}\n'
Answer = Callable[[dict[str, Any]], bytes | None]


@pytest.fixture
def connect(agents: Agents) -> Iterator[Callable[[], socket.socket]]:
    """Connect to the agents' socket, as any process of the same user can."""
    connections: list[socket.socket] = []

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connections.append(connection)
        name = agents.environment({})["TSPROF_AGENT_SOCKET"]
        connection.connect("\0" + name.removeprefix("@"))
        connection.settimeout(PATIENCE)
        return connection

    yield connect
    for connection in connections:
        connection.close()


Connect = Callable[[], socket.socket]


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    finally:
        connection.settimeout(PATIENCE)


def serve(agents: Agents, connect: Connect, answer: Answer) -> socket.socket:
    """Answer every question in a thread; None ends the connection."""
    connection = connect()
    connection.sendall(HELLO)

    def serve() -> None:
        try:
            for line in connection.makefile("rb"):
                reply = answer(json.loads(line))
                if reply is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(reply)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    wait_until(agents.connected)
    return connection


def reply(question: dict[str, Any], **message: Any) -> bytes:
    return json.dumps({"id": question["id"], **message}).encode() + b"\n"


def asked(agents: Agents, **arguments: Any) -> Any:
    replies = agents.ask("checkpoint", **arguments)
    return replies.get(os.getpid())


def test_an_agent_answers(agents: Agents, connect: Connect) -> None:
    serve(agents, connect, lambda q: reply(q, ok={"did": q["do"], "with": q["arguments"]}))
    assert agents.connected()[os.getpid()].python == "3.11.7"
    assert agents.ask("plant", {"x": 1}) == {os.getpid(): {"did": "plant", "with": {"x": 1}}}
    assert agents.ask("plant", pids=[]) == {}
    assert agents.ask("plant", pids=[1]) == {}


def test_an_answer_may_come_in_pieces_and_two_in_one(agents: Agents, connect: Connect) -> None:
    connection = connect()
    for byte in HELLO:
        connection.sendall(bytes([byte]))
        agents.connected()
    assert list(agents.connected()) == [os.getpid()]

    def answer_slowly() -> None:
        question = json.loads(connection.makefile("rb").readline())
        for byte in reply(question, ok={"text": "x" * 100}):
            connection.sendall(bytes([byte]))

    threading.Thread(target=answer_slowly).start()
    assert asked(agents) == {"text": "x" * 100}


def test_an_error_is_passed_on_and_the_agent_stays(agents: Agents, connect: Connect) -> None:
    serve(agents, connect, lambda q: reply(q, error="ValueError: no such thing " + "x" * 10_000))
    assert asked(agents).startswith("ValueError: no such thing")
    assert len(asked(agents)) <= 300
    assert list(agents.connected()) == [os.getpid()]


@pytest.mark.parametrize(
    "greeting",
    [
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\xff\xfe garbage\n",
        b"[1]\n",
        b"null\n",
        b"{}\n",
        b'{"id": 1, "ok": {}}\n',
        b"[" * 100_000 + b"\n",
    ],
    ids=lambda greeting: repr(greeting[:12]),
)
def test_one_that_greets_with_nonsense_is_no_agent(
    agents: Agents, connect: Connect, greeting: bytes
) -> None:
    connection = connect()
    connection.sendall(greeting)
    wait_until(lambda: agents.connected() or is_closed(connection))
    assert agents.connected() == {}
    assert agents.ask("checkpoint") == {}


def test_a_greeting_without_end_is_cut_off(agents: Agents, connect: Connect) -> None:
    connection = connect()
    connection.settimeout(0.01)
    sent = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while sent < 10 * module.LONGEST_HELLO:
            with suppress(TimeoutError):
                sent += connection.send(b"x" * 65536)
            assert agents.connected() == {}
    assert sent < 10 * module.LONGEST_HELLO


def test_those_that_never_speak_are_passed_over(agents: Agents, connect: Connect) -> None:
    silent = [connect() for _ in range(50)]
    serve(agents, connect, lambda q: reply(q, ok={"a": 1}))
    assert asked(agents) == {"a": 1}
    assert not any(is_closed(connection) for connection in silent)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: b"\n",
        lambda _: b"\x00\xff garbage\n",
        lambda _: b"[]\n",
        lambda _: b"null\n",
        lambda q: reply(q | {"id": q["id"] - 1}, ok={}),
        lambda q: reply(q | {"id": None}, ok={}),
        lambda _: b"[" * 100_000 + b"\n",
    ],
)
def test_one_that_answers_nonsense_is_dropped(
    agents: Agents, connect: Connect, answer: Answer
) -> None:
    connection = serve(agents, connect, answer)
    assert asked(agents) == "its answer was not what was asked for"
    assert agents.connected() == {}
    wait_until(lambda: is_closed(connection))


def test_a_result_of_another_kind_is_empty(agents: Agents, connect: Connect) -> None:
    serve(agents, connect, lambda q: reply(q, ok=[1, 2, 3]))
    assert asked(agents) == {}


def test_an_answer_without_end_is_cut_off(
    agents: Agents, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_REPLY", 1 << 20)
    serve(agents, connect, lambda _: b"x" * (64 << 20))
    assert asked(agents) == "its answer was not what was asked for"
    assert agents.connected() == {}


def test_one_that_never_answers_is_dropped_in_time(agents: Agents, connect: Connect) -> None:
    serve(agents, connect, lambda _: b"")
    assert asked(agents, timeout=0.1) == "no answer within 0.1 s"
    assert agents.connected() == {}
    assert agents.ask("checkpoint") == {}


def test_one_that_never_reads_is_dropped(agents: Agents, connect: Connect) -> None:
    connect().sendall(HELLO)
    wait_until(agents.connected)
    assert asked(agents, arguments={"x": "y" * 10_000_000}) == "it does not read what it is asked"
    assert agents.connected() == {}


def test_one_that_hangs_up_is_told_of_while_its_process_lives(
    agents: Agents, connect: Connect
) -> None:
    serve(agents, connect, lambda _: None)
    assert asked(agents) == ENDED
    assert agents.ask("checkpoint") == {}


def test_one_that_comes_back_is_asked_again(agents: Agents, connect: Connect) -> None:
    def hang_up(_question: dict[str, Any]) -> None:
        serve_again.set()

    serve_again = threading.Event()
    serve(agents, connect, hang_up)

    def come_back() -> None:
        serve_again.wait(PATIENCE)
        connection = connect()
        connection.sendall(HELLO)
        question = json.loads(connection.makefile("rb").readline())
        connection.sendall(reply(question, ok={"back": True}))

    thread = threading.Thread(target=come_back)
    thread.start()
    assert asked(agents) == {"back": True}
    thread.join()


def test_late_answers_are_not_taken_for_others(agents: Agents, connect: Connect) -> None:
    """An agent that was given up answers when it is too late, and comes back."""
    connection = connect()
    connection.sendall(HELLO)
    wait_until(agents.connected)
    assert asked(agents, timeout=0.05) == "no answer within 0.05 s"
    question = json.loads(connection.makefile("rb").readline())
    with suppress(BrokenPipeError):
        connection.sendall(reply(question, ok={"late": True}))
    serve(agents, connect, lambda q: reply(q, ok={"in time": True}))
    assert asked(agents) == {"in time": True}


def test_the_environment_keeps_the_programs_own_path(agents: Agents) -> None:
    alone = agents.environment({})["PYTHONPATH"]
    assert alone.endswith("inject")
    assert agents.environment({"PYTHONPATH": ""})["PYTHONPATH"] == alone
    assert agents.environment({"PYTHONPATH": "/a:/b"})["PYTHONPATH"] == f"{alone}:/a:/b"


def test_supervisors_have_sockets_of_their_own() -> None:
    with Agents() as one, Agents() as other:
        assert one.environment({}) != other.environment({})


HEAP = {"live": 1000, "held": 2000}
WORKING = {"python": HEAP, "native": HEAP}


@pytest.mark.parametrize(
    ("counters", "reason"),
    [
        ({"python": {"live": "many", "held": 1}}, "python.live"),
        ({"python": {"live": -1, "held": 1}}, "python.live"),
        ({"native": {"live": 1}}, "native.held"),
        ({"native": []}, "native"),
        ({"gc": None}, "gc"),
        ({"pause": "long"}, "pause"),
        ({"tasks": 1.5}, "tasks"),
    ],
)
def test_counters_that_are_none_fail_the_control(
    agents: Agents, connect: Connect, counters: dict[str, Any], reason: str
) -> None:
    serve(agents, connect, lambda q: reply(q, ok=WORKING | counters))
    result = positive_control(agents, [os.getpid()])[os.getpid()]
    assert not result.passed
    assert f"not valid: {reason}" in result.text


@pytest.mark.parametrize(
    ("shown", "passed"),
    [(0, False), (150_000, False), (300_000, True), (303_000, True), (310_000, False)],
)
def test_the_control_passes_when_what_was_planted_shows(
    agents: Agents, connect: Connect, shown: int, *, passed: bool
) -> None:
    planted = False

    def answer(question: dict[str, Any]) -> bytes:
        nonlocal planted
        if question["do"] == "plant":
            planted = True
            plan = {"blocks": 1000, "python_bytes": 200_000, "native_bytes": 100_000}
            return reply(question, ok=plan)
        if question["do"] == "unplant":
            planted = False
            return reply(question, ok={})
        live = 5_000_000 + (shown if planted else 0)
        return reply(question, ok={"python": {"live": live, "held": live}, "native": HEAP})

    serve(agents, connect, answer)
    result = positive_control(agents, [os.getpid()])[os.getpid()]
    assert result.passed is passed
    told = "planted 300,000 bytes showed in the ledger" if passed else f"showed {shown:,}"
    assert result.text.endswith(told)


@pytest.mark.parametrize(
    ("soabi", "blind"),
    [("cpython-314t-x86_64-linux-gnu", True), ("cpython-314-x86_64-linux-gnu", False)],
)
def test_a_free_threaded_python_tells_no_counters(soabi: str, *, blind: bool) -> None:
    one, other = socket.socketpair()
    with one, other:
        agent = Agent(1, {"python": "3.14.7", "soabi": soabi}, one)
        assert ("free-threaded" in agent.blindness) == blind
