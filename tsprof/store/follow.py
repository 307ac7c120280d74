"""Follow a run that is being written: what is new since the last look, summed up."""

from collections import Counter, deque
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.analysis.run.timeline import RunningTimeline, seconds_of_load
from tsprof.analysis.run.usage import Usage
from tsprof.errors import StoreError
from tsprof.histogram import Histogram
from tsprof.records import (
    Checkpoint,
    Event,
    FailureKind,
    GaugeReading,
    Phase,
    ProcessSample,
    Segment,
)
from tsprof.store.database import RunDatabase, Second
from tsprof.store.run_settings import RunSettings
from tsprof.store.runs import DATABASE

RECENT_SECONDS = 5
"""What counts as now: a second may hold a checkpoint's pause, and few requests."""

Record = TypeVar("Record")


@dataclass
class RunSoFar:
    """What a run has come to, second by second and in sum.

    What it keeps of each second is bounded, however long the run is.
    """

    scenario: str = ""
    settings: RunSettings = field(default_factory=RunSettings)
    gauge_limits: Mapping[str, str] = field(default_factory=dict)
    """See ``Plan.gauge_limits``."""
    processors: int | None = None
    """Of the machine; None while they are not known."""
    slowest_fill: float = SLOWEST_FILL
    """See ``Plan.slowest_fill``."""
    phase: str = "starting"
    expected_seconds: float = 0.0
    """Under load, at most; 0 while that is not known."""
    complete: bool = False
    """The run is over, and all of it is here."""
    last_judged: int | None = None
    """Number of the last checkpoint that is judged: those after it look into what was found."""
    elapsed: int = 0
    """Seconds since the run began."""
    requests: int = 0
    failures: int = 0
    failure_kinds: Counter[FailureKind] = field(default_factory=Counter)
    latency: Histogram = field(default_factory=Histogram)
    recent: deque[Second] = field(default_factory=deque)
    """The last seconds of load."""
    timeline: RunningTimeline = field(default_factory=RunningTimeline)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    gauges: list[GaugeReading] = field(default_factory=list)
    samples: list[ProcessSample] = field(default_factory=list)
    """Of the last second in which the processes were seen."""
    usage: Usage = field(default_factory=Usage)
    """Its amounts by second are those of seconds that are not in the timeline yet."""
    cpu: deque[tuple[int, Mapping[str, float]]] = field(
        default_factory=lambda: deque(maxlen=RECENT_SECONDS + 1)
    )
    """CPU seconds so far by role, at each of the last seconds."""

    def recent_seconds(self) -> list[Second]:
        """Return the last seconds of load that are over."""
        return [second for second in self.recent if second.second < self.now]

    @property
    def now(self) -> int:
        """The second that is not over yet."""
        return self.elapsed + 1 if self.complete else self.elapsed

    def recent_cpu(self) -> dict[str, float]:
        """Return the processors that each role used in the last seconds: 1 is one of them."""
        if len(self.cpu) < 2:  # noqa: PLR2004 - a use has two ends
            return {}
        (first, before), (last, after) = self.cpu[0], self.cpu[-1]
        return {
            role: (used - before.get(role, 0.0)) / (last - first) for role, used in after.items()
        }


class RunFollower:
    """Reads what a run has stored since the last time it was asked.

    To be asked by one thread at a time, which may be another than the one that writes the run.
    """

    def __init__(self, folder: Path) -> None:
        """Follow the run in a folder; it must have begun."""
        self._path = folder / DATABASE
        self._read: Counter[str] = Counter()
        """Number of the last record known of each table."""
        self._run = RunSoFar()
        self._seconds: list[Second] = []
        """Those that are not in the timeline yet."""

    def look(self) -> RunSoFar:
        """Return the run as it is now; as it was last, where nothing new can be read."""
        # It may be busy, or over and gone. Opened anew: who asks may do so from its own thread.
        with suppress(StoreError), closing(RunDatabase(self._path, read_only=True)) as database:
            self._update(database)
        return self._run

    def _update(self, database: RunDatabase) -> None:
        def news(table: str, kind: type[Record]) -> list[Record]:
            found = database.after(table, kind, self._read[table])
            if found:
                self._read[table] = found[-1][0]
            return [record for _, record in found]

        run = self._run
        if not run.scenario:
            self._read_what_stays(database)
        if run.processors is None:
            cores = str(((database.fact("provenance") or {}).get("machine") or {}).get("cores"))
            run.processors = int(cores) if cores.isdecimal() else None
        phase = database.fact("phase") or {}
        run.phase = str(phase.get("name", run.phase))
        run.expected_seconds = float(phase.get("expected_seconds", 0.0))
        run.complete = bool(database.fact("complete"))
        run.last_judged = database.fact("last_judged")
        for second in news("seconds", Second):
            self._take_in(second)
        run.checkpoints += news("checkpoints", Checkpoint)
        run.segments += news("segments", Segment)
        run.phases += news("phases", Phase)
        run.events += news("events", Event)
        run.gauges += news("gauges", GaugeReading)
        self._take_in_samples(news("samples", ProcessSample))
        self._extend_timeline()

    def _read_what_stays(self, database: RunDatabase) -> None:
        run = self._run
        run.scenario = str(database.fact("scenario") or "")
        run.slowest_fill = float(database.fact("slowest_fill") or run.slowest_fill)
        run.gauge_limits = database.fact("gauge_limits") or {}
        run.settings = RunSettings.model_validate(database.fact("settings") or {})

    def _take_in(self, second: Second) -> None:
        run = self._run
        run.requests += second.requests
        run.failures += second.failures
        run.failure_kinds.update(second.failure_kinds)
        run.latency.merge(Histogram(second.latency, second.max_ms))
        run.recent.append(second)
        self._seconds.append(second)

    def _take_in_samples(self, samples: list[ProcessSample]) -> None:
        run = self._run
        for sample in samples:
            if run.samples and run.samples[-1].second != sample.second:
                run.cpu.append((run.samples[-1].second, dict(run.usage.total_cpu)))
                run.samples = []
            run.samples.append(sample)
            run.usage.add(sample)
        if run.samples:
            run.elapsed = run.samples[-1].second
        while run.recent and run.recent[0].second < run.elapsed - RECENT_SECONDS:
            run.recent.popleft()

    def _extend_timeline(self) -> None:
        """Move the seconds that are over to the timeline."""
        run, now = self._run, self._run.now
        rows = [second.model_dump() for second in self._seconds if second.second < now]
        for point in seconds_of_load(rows, run.usage):
            if point.second < now:
                run.timeline.add(point)
        self._seconds = [second for second in self._seconds if second.second >= now]
        for amounts in (run.usage.rss, run.usage.cpu, run.usage.load_cpu, run.usage.load_waited):
            for second in [second for second in amounts if second < now]:
                del amounts[second]
