"""A short real run of the load against a trivial server: what one core of this machine makes."""

import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tsprof.capacity.stand_in import stand_in
from tsprof.errors import LoadError
from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadLost, Quiet
from tsprof.load.spec import LoadSpec

USERS = 16
"""As in the benchmarks that README and docs quote."""
ROUNDS = 3
"""The middle one counts: a neighbour on the machine can spoil one."""
SECONDS = 1.0
"""Of each round, and of the warm-up before them."""
FASTEST = 1e6
"""Requests per second of the warm-up: more than any user can send."""
BUSY = 0.5
"""The share of what came through in the warm-up that is due in the rounds."""
PATIENCE = 30.0
"""Seconds that requests under way may take at a round's end."""


@dataclass(frozen=True)
class Calibration:
    """What the load did."""

    per_core: float
    """Requests per second of CPU time of the load process, in the middle one of the rounds."""
    lowest: float
    """Likewise in the slowest one."""
    highest: float
    requests: int
    failures: int


def calibrate(locustfile: Path | None, paths: tuple[str, ...]) -> Calibration:
    """Send requests to a server that answers at once, for some four seconds.

    Counted is the CPU time of the load process alone: the server shares the machine with it, and
    a rate by the clock would be that of the slower of the two. The requests are due at a rate, as
    those of the plan are: a user that waits for the next one to be due costs more than one that
    sends when it has its last answer.

    Args:
        locustfile: what users do; None to request the paths.
        paths: requested with GET, where there is no Locust file.

    Raises:
        UsageError: the Locust file cannot be used.
        LoadError: the load broke down, or sent nothing.
    """
    with stand_in() as host, tempfile.TemporaryDirectory() as folder:
        spec = LoadSpec(host, USERS, locustfile, () if locustfile else paths, FASTEST)
        with LoadProcess.start(spec, Path(folder) / "load.log") as load:
            warm_up = _round(load)
            load.set_load(None, max(1.0, BUSY * warm_up.completed / SECONDS))
            rounds = [warm_up, *(_round(load) for _ in range(ROUNDS))]
    rates = []
    for before, after in pairwise(rounds):
        seconds = after.processes[0].cpu_seconds - before.processes[0].cpu_seconds
        if after.completed and seconds > 0:
            rates.append(after.completed / seconds)
    if not rates:
        raise LoadError(
            "the load sent no request in the calibration",
            hint="give what one core makes with --requests-per-second-per-core",
        )
    return Calibration(
        per_core=statistics.median(rates),
        lowest=min(rates),
        highest=max(rates),
        requests=sum(quiet.completed for quiet in rounds),
        failures=sum(quiet.failures for quiet in rounds),
    )


def _round(load: LoadProcess) -> Quiet:
    load.open_gate(None)
    ends = time.monotonic() + SECONDS
    gives_up = ends + PATIENCE
    is_open = True
    while (now := time.monotonic()) < gives_up:
        if is_open and now >= ends:
            load.close_gate()
            is_open = False
        for event in load.poll(max(0.0, ends - now) if is_open else 1.0):
            if isinstance(event, LoadLost):
                raise LoadError(f"the calibration ended early: {event.reason}")
            if isinstance(event, Quiet):
                return event
    raise LoadError(f"requests of the calibration were under way for more than {PATIENCE:g} s")
