"""Follow a run that is being written: what is new since the last look, summed up."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.errors import StoreError
from tsprof.histogram import Histogram
from tsprof.records import Checkpoint, Event, GaugeReading, ProcessSample, Segment
from tsprof.store.database import RunDatabase, Second
from tsprof.store.runs import DATABASE

Record = TypeVar("Record")


@dataclass
class RunSoFar:
    """What a run has come to, second by second and in sum."""

    scenario: str = ""
    slowest_fill: float = SLOWEST_FILL
    """See ``Plan.slowest_fill``."""
    complete: bool = False
    """The run is over, and all of it is here."""
    requests: int = 0
    failures: int = 0
    latency: Histogram = field(default_factory=Histogram)
    seconds: list[Second] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    gauges: dict[str, GaugeReading] = field(default_factory=dict)
    """The last reading of each address."""
    samples: list[ProcessSample] = field(default_factory=list)
    """Of the last second in which the processes were seen."""


class RunFollower:
    """Reads what a run has stored since the last time it was asked.

    To be asked by one thread at a time, which may be another than the one that writes the run.
    """

    def __init__(self, folder: Path) -> None:
        """Follow the run in a folder; it must have begun."""
        self._path = folder / DATABASE
        self._read = {"seconds": 0, "checkpoints": 0, "segments": 0, "events": 0}
        self._read |= {"gauges": 0, "samples": 0}
        self._run = RunSoFar()

    def look(self) -> RunSoFar:
        """Return the run as it is now; as it was last, where nothing new can be read."""
        with suppress(StoreError):  # busy, or over and gone
            # Opened anew each time: whoever asks may do so from a thread of its own.
            database = RunDatabase(self._path, read_only=True)
            try:
                self._update(database)
            finally:
                database.close()
        return self._run

    def _update(self, database: RunDatabase) -> None:
        def news(table: str, kind: type[Record]) -> list[Record]:
            found = database.after(table, kind, self._read[table])
            if found:
                self._read[table] = found[-1][0]
            return [record for _, record in found]

        run = self._run
        run.scenario = run.scenario or str(database.fact("scenario") or "")
        run.slowest_fill = float(database.fact("slowest_fill") or run.slowest_fill)
        run.complete = bool(database.fact("complete"))
        for second in news("seconds", Second):
            run.requests += second.requests
            run.failures += second.failures
            run.latency.merge(Histogram(second.latency, second.max_ms))
            run.seconds.append(second)
        run.checkpoints += news("checkpoints", Checkpoint)
        run.segments += news("segments", Segment)
        run.events += news("events", Event)
        for reading in news("gauges", GaugeReading):
            run.gauges[reading.source] = reading
        samples = [*run.samples, *news("samples", ProcessSample)]
        latest = max((sample.second for sample in samples), default=0)
        run.samples = [sample for sample in samples if sample.second == latest]
