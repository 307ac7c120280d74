"""A window of attribution: two counted segments in which is recorded what the target allocates.

The allocations of the early one that are alive at the end of the late one are survivors.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.native_callers import Samples, with_python_callers
from tsprof.profilers.capture_digest import CaptureError, digest
from tsprof.supervisor.agents import Reply
from tsprof.supervisor.capture_room import CaptureRoom
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.heap_look import HeapLook

EARLY_SHARE = 0.5
"""Part of the room for captures at which a window's early segment ends."""
SEGMENT_PATIENCE = 8.0
"""Seconds for each of a window's two segments, however much it slows the target down: then it is
closed with the requests that were served."""
WINDOW_PATIENCE = 60.0


@dataclass
class Window:
    """What was seen in one window: captures to be read, and what the agents saw on the heap."""

    folder: Path
    """Where captures are written."""
    native: bool
    """Native memory grows."""
    pids: list[int] = field(default_factory=list)
    """Processes to look into."""
    share: float = 1.0
    """Their part of the requests."""
    captures: dict[int, Path] = field(default_factory=dict)
    records: dict[int, Path] = field(default_factory=dict)
    """What heaptrack recorded of native code, beside the captures of tracemalloc."""
    callers: Mapping[int, Samples] = field(default_factory=dict)
    """From where that code is called."""
    marks: dict[int, float] = field(default_factory=dict)
    """Seconds since the epoch at the end of the early segment; 0 where the capture has the mark."""
    requests_early: int = 0
    """That the processes looked into have served."""
    requests_total: int = 0
    seconds: float = 0.0
    """Between the two counts of the Python processes' objects."""
    requests_overall: int = 0
    """Since the run's start."""
    heap: HeapLook = field(default_factory=HeapLook)
    """Of the Python processes."""
    notes: list[str] = field(default_factory=list)
    died: bool = False
    """A process that was measured died in a window."""

    def discard(self, pid: int) -> None:
        """Forget the capture of a process that has died."""
        self.died = True
        self.captures.pop(pid).unlink(missing_ok=True)
        if pid in self.records:
            self.records.pop(pid).unlink(missing_ok=True)

    def set_share(self, share: float) -> None:
        """Take another part of the requests as that of the processes looked into."""
        self.requests_early = round(self.requests_early * share / self.share)
        self.requests_total = round(self.requests_total * share / self.share)
        self.share = share

    def after_death(self) -> "Window":
        """Return an empty window that knows of this one's end."""
        for pid in tuple(self.captures):
            self.discard(pid)
        return Window(self.folder, self.native, notes=self.notes, died=True)


def record(window: Window, engine: Engine, requests: int, room: CaptureRoom) -> Mapping[int, Reply]:
    """Drive two counted segments, mark the moment between them in the captures, and end those.

    Args:
        window: whose captures have begun; takes their marks and the numbers of requests.
        engine: between two segments.
        requests: of each of the two segments.
        room: that the captures have.

    Returns:
        What each process answered to the end, by pid; those that have died are missing.

    Raises:
        RunEnded: the target or the load is gone.
    """
    agents = engine.instruments.agents
    early = engine.counted_segment(
        requests, SEGMENT_PATIENCE, partial(room.is_used_up, EARLY_SHARE)
    )
    engine.wait_until_quiet()
    marked = agents.ask("window.mark", pids=window.captures, timeout=WINDOW_PATIENCE)
    for pid, reply in marked.items():
        if isinstance(reply, Mapping) and reply.get("marked") is True:
            window.marks[pid] = reply.get("time", 0.0)
    late = engine.counted_segment(max(early.requests, 1), SEGMENT_PATIENCE, room.is_used_up)
    engine.wait_until_quiet()
    ended = agents.ask("window.stop", pids=window.captures, timeout=WINDOW_PATIENCE)
    window.requests_early = round(window.share * early.requests)
    window.requests_total = round(window.share * (early.requests + late.requests))
    if room.is_used_up():
        window.notes.append(
            f"the window was ended early, after {early.requests + late.requests:,} requests, to "
            f"spare the disk: what it had recorded took {room}"
        )
    return ended


def read_captures(window: Window) -> list[CaptureDigest]:
    """Reduce the window's captures to survivors by call stack, and delete them."""
    digests = []
    for pid, capture in (*window.captures.items(), *window.records.items()):
        try:
            if pid in window.marks:
                read = digest(
                    capture,
                    early_until=window.marks[pid],
                    requests_early=window.requests_early,
                    requests_total=window.requests_total,
                )
                digests.append(with_python_callers(read, window.callers.get(pid, {})))
        except CaptureError as error:
            window.notes.append(f"process {pid}: {error}")
        with suppress(OSError):
            capture.unlink()
    return digests
