"""What a run works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from tsprof.load.client import LoadProcess
from tsprof.probes.gauges import GaugeAddress
from tsprof.report.progress import Progress
from tsprof.store.database import RunDatabase
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.interrupts import Interrupts
from tsprof.supervisor.tool import Tool


class TargetProcesses(Protocol):
    """What the engine must know of a target, launched or watched."""

    def alive(self) -> bool:
        """Tell whether its first process runs."""

    def processes(self) -> list[psutil.Process]:
        """Return all its processes."""

    @property
    def exit_status(self) -> int | None:
        """Exit code of the first process, once it has ended and where it is known."""


@dataclass
class Instruments:
    """Everything that a run works with."""

    target: TargetProcesses
    agents: Agents
    load: LoadProcess
    database: RunDatabase
    interrupts: Interrupts
    show: Callable[[Progress], None]
    gauges: Sequence[GaugeAddress] = ()
    """Where the target tells of itself."""
    temporary_folder: Path | None = None
    """Where the target's temporary files are, if it has a folder of its own for them."""
    start_target: Callable[[Tool], TargetProcesses] | None = None
    """Launches the target once more, under a tool; None where it is not ours to launch."""
