"""What a run has stored, read as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.analysis.run.confirmation import Confirmation
from tsprof.analysis.run.usage import Usage
from tsprof.analysis.service.phases import Outcome
from tsprof.records import Checkpoint, Event, GaugeReading, LoadCost, SampledWindow, Segment
from tsprof.report.model import Provenance
from tsprof.store.run_settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run, finished or not. Seconds count from its start."""

    scenario: str
    settings: RunSettings
    provenance: Provenance
    complete: bool
    so_far: str = ""
    """How far a run is that is under way, in words; empty for one that is not."""
    checkpoints: Sequence[Checkpoint]
    segments: Sequence[Segment]
    events: Sequence[Event]
    seconds: Sequence[Mapping[str, Any]]
    """Of load."""
    usage: Usage
    gauges: Sequence[GaugeReading]
    windows: Sequence[SampledWindow]
    outcome: Outcome
    """What the scenario's phases came to."""
    confirmation: Confirmation
    allowances: Allowances | None
    slowest_fill: float
    """See ``Plan.slowest_fill``."""
    gauge_limits: Mapping[str, str]
    """See ``Plan.gauge_limits``."""
    notes: tuple[str, ...]
    failure_samples: tuple[str, ...]
    log_tail: tuple[str, ...]
    load_costs: Sequence[LoadCost]
    disk_bytes: int

    @property
    def judged(self) -> list[Checkpoint]:
        """The checkpoints before a profiler's window."""
        last = self.confirmation.last_judged
        return [c for c in self.checkpoints if last is None or c.number <= last]

    @property
    def processors(self) -> int | None:
        """Of the machine; None where that is not known."""
        return processors_of(self.provenance)


def processors_of(provenance: Provenance) -> int | None:
    """Return how many processors the machine had; None where that is not known."""
    cores = provenance.machine.get("cores", "")
    return int(cores) if cores.isdecimal() else None
