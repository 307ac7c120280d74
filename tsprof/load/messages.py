"""What the supervisor and the load process say to each other: one JSON object per line.

``Tick``, ``Quiet``, ``LoadLost``, ``WorkerLost`` and ``Remark`` are the events that the supervisor
sees; the others stay between the client and the load process. Where several processes share the
load, the master among them says the same to its workers, and hears the same from them.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tsprof.histogram import Histogram
from tsprof.load.spec import LoadSpec, Workers
from tsprof.records import Arrivals, FailureKind, Generator, LoadCost


@dataclass(frozen=True)
class EndpointCounts:
    """Requests to one endpoint that were reported in a second."""

    method: str
    name: str
    requests: int
    failures: int


@dataclass(frozen=True)
class EndpointTotals:
    """Requests to one endpoint that were reported in a segment."""

    method: str
    name: str
    requests: int
    failures: int
    latency: Histogram


@dataclass(frozen=True)
class Tick:
    """One second of an open or closing gate.

    The last second of a segment is cut short where the segment ends, so that the ticks add up
    to the segment's totals; two ticks can name the same second.
    """

    second: int
    """Wall clock, seconds since the epoch."""
    seconds: float
    """How long the tick lasted: about 1, less at the end of a segment."""
    requests: int
    """Requests reported, failed ones included."""
    failures: int
    exceptions: int
    """Exceptions out of the Locust file's own code, outside of requests."""
    latency: Histogram
    endpoints: tuple[EndpointCounts, ...]
    users: int
    """Users alive."""
    in_flight: int
    """Requests admitted and not finished."""
    oldest_seconds: float
    """Age of the oldest request in flight; 0 when there is none."""
    open: bool
    """Whether the gate admits requests."""
    cpu_seconds: float
    """CPU time of the load process since it started."""
    failure_kinds: dict[FailureKind, int] = field(default_factory=dict)
    """How the failures failed."""
    kind: Literal["tick"] = "tick"


@dataclass(frozen=True)
class Quiet:
    """The gate is closed and nothing is in flight: the totals of the segment that ended."""

    admitted: int
    """Tickets taken: requests, or tasks of users that do not use Locust's HTTP clients."""
    completed: int
    """Requests reported by Locust's request event; equals ``admitted`` for HTTP clients, except
    for responses that the Locust file asked to judge itself and still holds."""
    failures: int
    exceptions: int
    seconds: float
    """From the opening of the gate to the last completion."""
    latency: Histogram
    """With ``arrivals`` it counts from when each request was due, else from when it was sent."""
    endpoints: tuple[EndpointTotals, ...]
    users: int
    """Users alive."""
    arrivals: Arrivals | None
    """Of a load with a rate."""
    latency_sent: Histogram | None
    """With a rate: latency from when each request was sent."""
    generator: Generator
    processes: tuple[LoadCost, ...]
    """What each load process that took part did in the segment."""
    uncertain: bool = False
    """Whether the target may have had more requests: a load process was lost and could not tell."""
    kind: Literal["quiet"] = "quiet"


@dataclass(frozen=True)
class LoadLost:
    """There will be no more load; the load process has ended or is about to."""

    reason: str
    kind: Literal["lost"] = "lost"


@dataclass(frozen=True)
class WorkerLost:
    """One of several load processes takes no part any more; the others go on without it."""

    name: str
    reason: str
    kind: Literal["worker_lost"] = "worker_lost"


@dataclass(frozen=True)
class Remark:
    """What a reader of the report should know of the load processes."""

    text: str
    kind: Literal["remark"] = "remark"


@dataclass(frozen=True)
class FailureSample:
    """A message of failed requests or of exceptions in the Locust file, and how often it came."""

    message: str
    count: int


@dataclass(frozen=True)
class Failures:
    """The failure messages since the start, the first 20 different ones and the others' count."""

    samples: tuple[FailureSample, ...]
    kind: Literal["failures"] = "failures"


@dataclass(frozen=True)
class Ready:
    """The Locust file is loaded."""

    notes: tuple[str, ...]
    """What of the Locust file is not used, in words."""
    ui_port: int | None = None
    """Where Locust's web page is served."""
    kind: Literal["ready"] = "ready"


@dataclass(frozen=True)
class Refused:
    """The Locust file cannot be used; the load process ends."""

    message: str
    hint: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True)
class Begin:
    """The first command: what load to make."""

    spec: LoadSpec
    workers: Workers
    ui_port: int | None = None
    """Where to serve Locust's web page; None for not at all."""
    kind: Literal["begin"] = "begin"


@dataclass(frozen=True)
class Listening:
    """The master is ready for its workers."""

    port: int
    kind: Literal["listening"] = "listening"


@dataclass(frozen=True)
class Joined:
    """So many workers are ready to make load."""

    workers: int
    kind: Literal["joined"] = "joined"


@dataclass(frozen=True)
class WorkerEnded:
    """The process of a worker on this machine has ended."""

    name: str
    how: str
    kind: Literal["worker_ended"] = "worker_ended"


@dataclass(frozen=True)
class Pace:
    """One load process's part of a rate."""

    rate: float
    """Requests per second."""
    delay: float
    """Seconds from the opening of the gate to the first of them, so that processes take turns."""


@dataclass(frozen=True)
class OpenGate:
    """Begin a segment."""

    requests: int | None
    pace: Pace | None = None
    """None to keep to the rate of the specification."""
    kind: Literal["open"] = "open"


@dataclass(frozen=True)
class CloseGate:
    """Admit no more requests."""

    kind: Literal["close"] = "close"


@dataclass(frozen=True)
class SetLoad:
    """Make more or less load from now on, in the middle of a segment, too."""

    users: int | None
    """None to leave them as they are."""
    rate: float | None
    """None where the load has no rate."""
    kind: Literal["set_load"] = "set_load"


@dataclass(frozen=True)
class Stop:
    """End the users, run the hooks of the Locust file, and exit."""

    timeout: float
    kind: Literal["stop"] = "stop"


@dataclass(frozen=True)
class Enlist:
    """What a worker process is to do: find the master and work for it."""

    master_host: str
    master_port: int
    timeout: float
    """Seconds for which to look for the master."""
    name: str
    """What the master calls it."""
    locustfile: Path | None
    """None for the one that the master sends."""
    kind: Literal["enlist"] = "enlist"


@dataclass(frozen=True)
class Join:
    """A worker's first word to the master."""

    version: str
    """Of tsprof."""
    name: str
    kind: Literal["join"] = "join"


@dataclass(frozen=True)
class Welcome:
    """The master's answer to a worker that may join; else it is ``Refused``."""

    spec: LoadSpec
    locustfile: str | None
    """The text of the Locust file, where there is one."""
    kind: Literal["welcome"] = "welcome"


@dataclass(frozen=True)
class Loaded:
    """A worker has loaded the Locust file and waits for users."""

    name: str
    notes: tuple[str, ...]
    kind: Literal["loaded"] = "loaded"


LoadEvent = Tick | Quiet | LoadLost | WorkerLost | Remark
ToSupervisor = Listening | Joined | Ready | Refused | Failures | LoadEvent
FromSupervisor = Begin | OpenGate | CloseGate | SetLoad | Stop | WorkerEnded | Enlist
BetweenMasterAndWorker = Join | Welcome | Loaded
Message = ToSupervisor | FromSupervisor | BetweenMasterAndWorker


@cache
def _adapter() -> TypeAdapter[Message]:
    return TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def encode(message: Message) -> bytes:
    """Return a message as one line of JSON, with the line's end."""
    return _adapter().dump_json(message) + b"\n"


def decode(line: bytes) -> Message:
    """Read a message from one line of JSON.

    Raises:
        ValueError: The line is not a message.
    """
    return _adapter().validate_json(line)
