"""Checkpoints of processes that behave as it is said, for tests of what is made of them."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.analysis.verdict.decide import Decision, Evidence, decide
from tsprof.records import Checkpoint, Event, ProcessReading, Segment

PYTHON = 12_000_000
NATIVE = 5_000_000
SEGMENT = 1000
"""Requests per segment."""

Process = Callable[[int], ProcessReading | None]
"""A process: its reading at a checkpoint by number, or None where it does not live."""


def reading(number: int = 0, pid: int = 100, *, grown: float = 0, **fields: Any) -> ProcessReading:
    """Read a process with an agent whose live bytes have grown, and which has some small noise."""
    noise = random.Random(f"{pid}-{number}").randrange(0, 16) * 16
    python = PYTHON + int(grown) + noise
    slack, files, stacks = 800_000, 9_000_000, 100_000
    anonymous = python + NATIVE + slack
    values: dict[str, Any] = {
        "pid": pid,
        "started": 1_700_000_000.0,
        "command": "python app.py",
        "source": "agent",
        "rss": anonymous + files + stacks,
        "anonymous": anonymous,
        "file_mapped": files,
        "stacks": stacks,
        "threads": 5,
        "descriptors": 20,
        "tasks": 3,
        "python_live": python,
        "python_held": python + slack,
        "small_blocks": 100_000,
        "blocks": 101_000,
        "native_live": NATIVE,
        "native_held": NATIVE,
        "pause": 0.004,
    }
    return ProcessReading(**(values | fields))


def outside(pid: int = 100, *, grown: float = 0, **fields: Any) -> ProcessReading:
    """Read a process without an agent."""
    anonymous = PYTHON + NATIVE + int(grown) // 4096 * 4096
    return ProcessReading(
        **{
            "pid": pid,
            "started": 1_700_000_000.0,
            "command": "native-server",
            "source": "outside",
            "rss": anonymous + 9_100_000,
            "anonymous": anonymous,
            "file_mapped": 9_000_000,
            "stacks": 100_000,
            "threads": 5,
            "descriptors": 20,
            **fields,
        }
    )


def growing(per_request: float = 0.0, pid: int = 100, **fields: Any) -> Process:
    """A process with an agent that keeps so many bytes of each request."""
    return lambda number: reading(number, pid, grown=per_request * SEGMENT * number, **fields)


def filling(total: float, segments: float, pid: int = 100) -> Process:
    """A process that fills a cache exponentially towards a total."""
    return lambda number: reading(
        number, pid, grown=total * (1 - 2.718281828 ** (-number / segments))
    )


def growing_outside(per_request: float = 0.0, pid: int = 100) -> Process:
    """A process without an agent that keeps so many bytes of each request."""
    return lambda number: outside(pid, grown=per_request * SEGMENT * number)


def counting(name: str, every: int) -> Process:
    """A process that gains one of a counted resource every so many requests."""
    return lambda number: reading(number, **{name: 20 + number * SEGMENT // every})


def alive(process: Process, first: int = 0, last: int = 10_000) -> Process:
    """A process that lives from one checkpoint to another."""
    return lambda number: process(number) if first <= number <= last else None


def taken(*processes: Process, count: int = 24, failing: float = 0.0) -> list[Checkpoint]:
    """Take so many checkpoints of processes."""
    checkpoints = []
    for number in range(count):
        readings = [reading for p in processes if (reading := p(number)) is not None]
        requests = SEGMENT * (number + 1)
        checkpoints.append(
            Checkpoint(
                number=number,
                seconds=1.3 * number + 1,
                requests=requests,
                failures=int(requests * failing),
                processes=tuple(readings),
                children=len(readings),
                endpoints={"GET /": requests},
            )
        )
    return checkpoints


def segments(count: int, failing: float = 0.0, requests: int = SEGMENT) -> list[Segment]:
    """Segments as long as those between the checkpoints that ``taken`` takes."""
    return [
        Segment(
            number=number,
            seconds=1.2,
            requests=requests,
            failures=int(requests * failing),
            intended=requests,
            latency={100: requests},
            latency_max_ms=5.0,
            endpoints=(("GET", "/", requests, int(requests * failing), {100: requests}),),
        )
        for number in range(count)
    ]


def event(kind: str, text: str = "") -> Event:
    return Event(seconds=5.0, kind=kind, text=text or f"what {kind} says")  # type: ignore[arg-type]  # the tests' literals


def judge(checkpoints: Sequence[Checkpoint], *, failing: float = 0.0, **evidence: Any) -> Decision:
    """Decide on checkpoints, with as many segments as there are."""
    evidence.setdefault("segments", segments(len(checkpoints), failing))
    evidence.setdefault("events", [event("control_passed")])
    fields = Confirmation.__dataclass_fields__.keys() & evidence.keys()
    confirmation = Confirmation(**{name: evidence.pop(name) for name in fields})
    return decide(Evidence(look=look(checkpoints), confirmation=confirmation, **evidence))
