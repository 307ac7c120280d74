"""The lines between the supervisor and the load process."""

from dataclasses import replace
from pathlib import Path

import pytest

from tsprof.histogram import Histogram
from tsprof.load.messages import (
    Begin,
    CloseGate,
    EndpointCounts,
    EndpointTotals,
    Enlist,
    Failures,
    FailureSample,
    Join,
    Joined,
    Listening,
    Loaded,
    LoadLost,
    Message,
    OpenGate,
    Pace,
    Quiet,
    Ready,
    Refused,
    Remark,
    Stop,
    Tick,
    Welcome,
    WorkerEnded,
    WorkerLost,
    decode,
    encode,
)
from tsprof.load.spec import ONE_PROCESS, LoadSpec, Workers
from tsprof.records import Arrivals, Generator, LoadCost

LATENCY = Histogram({-5: 2, 700: 1}, 12.25)
QUIET = Quiet(
    admitted=3,
    completed=3,
    failures=1,
    exceptions=0,
    seconds=1.5,
    latency=LATENCY,
    endpoints=(EndpointTotals("GET", "/", 3, 1, LATENCY),),
    users=5,
    arrivals=Arrivals(sent=3, unsent=2, late=1, late_without_user=1, most_in_flight=2),
    latency_sent=LATENCY,
    generator=Generator(cpu_share=0.5, waited_share=0.25, lag=LATENCY),
    processes=(LoadCost(name="load process 1", requests=3, cpu_seconds=0.5),),
)
MESSAGES: list[Message] = [
    Tick(
        second=1_700_000_000,
        seconds=1.0,
        requests=3,
        failures=1,
        exceptions=0,
        latency=LATENCY,
        endpoints=(EndpointCounts("GET", "/ü\n", 3, 1),),
        users=5,
        in_flight=2,
        oldest_seconds=0.5,
        open=True,
        cpu_seconds=1.5,
    ),
    QUIET,
    replace(QUIET, arrivals=None, latency_sent=None, uncertain=True),
    LoadLost("line\nline"),
    WorkerLost("name", "line\nline"),
    Remark("line\nline"),
    Failures((FailureSample("a\nb", 2),)),
    Ready(("note",)),
    Refused("message", "hint"),
    Begin(LoadSpec("http://h", 2, locustfile=Path("a/b.py"), rate=1.5, seed=3), ONE_PROCESS),
    Begin(LoadSpec("http://h", 2, paths=("/a", "/b")), Workers(2, 3, "10.0.0.1", 5557)),
    OpenGate(None),
    OpenGate(5, Pace(2.5, 0.4)),
    Listening(5557),
    Joined(1),
    WorkerEnded("load process 1", "signal SIGKILL"),
    Enlist("host", 5557, 20.0, "load process 1", Path("a/b.py")),
    Join("1.2", "load process 1"),
    Welcome(LoadSpec("http://h", 2, locustfile=Path("a/b.py")), "import os\n"),
    Loaded("load process 1", ("note",)),
    CloseGate(),
    Stop(2.5),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.kind)
def test_a_message_comes_back_as_it_was_on_one_line(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == message


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"hello", b"[]", b"{}", b'{"kind":"party"}', b'{"kind":"open"}', b"\xff\xfe"],
)
def test_nonsense_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(line)
