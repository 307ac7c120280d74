"""Descriptors that run out under load: have more allowed, or measure no further.

A service that has none left stops growing, and fails in ways that are no part of the leak; and
what follows a measurement needs some, memray's window among them. pycares 4.9.0 opens one per
request: with 20,000 allowed the growth ended within the run, and no verdict was reached.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import psutil

from tsprof.records import Checkpoint
from tsprof.supervisor.engine import Engine

RECENT = 4
"""Segments of which the least growth is taken: clients that connect do so in one of them."""
NEEDED = 8.0
"""Segments for which there must be descriptors: those of the attribution and after the rest."""
ENOUGH = 24.0
"""Segments for which descriptors should last: a leak of them is told after some 14, and ``NEEDED``
follow. GitPython 3.1.25 opens one per request, and had 20,000 open after eight segments."""
SCARCE = ENOUGH / 2
"""Segments left from which they are made smaller."""


def sparing(engine: Engine, requests: int) -> int:
    """Return the requests of a segment for which descriptors last: fewer where they grow scarce.

    Args:
        engine: just after a checkpoint.
        requests: of a segment so far.
    """
    processes = {process.pid: process for process in engine.instruments.target.processes()}
    latest = segments_left(engine.checkpoints, _limits(processes, hard=True), recent=1)
    return spared(requests, min(latest.values(), default=math.inf))


def spared(requests: int, left: float) -> int:
    """Return the requests of a segment for which ``left`` more of ``requests`` make ``ENOUGH``."""
    return round(requests * left / ENOUGH) if left < SCARCE else requests


def run_out(engine: Engine) -> bool:
    """Tell whether descriptors will not last for what is still to be done, with all allowed.

    Args:
        engine: just after a checkpoint.
    """
    processes = {process.pid: process for process in engine.instruments.target.processes()}
    for pid, left in segments_left(engine.checkpoints, _limits(processes, hard=False)).items():
        if left < NEEDED and _raise(processes[pid]):
            engine.note("note", f"process {pid}: its limit of open files was raised", pid)
    left_at_most = segments_left(engine.checkpoints, _limits(processes, hard=True))
    for pid, left in left_at_most.items():
        if left < NEEDED:
            text = f"process {pid} runs out of file descriptors, so no more load was measured"
            engine.note("note", text, pid)
            return True
    return False


def segments_left(
    points: Sequence[Checkpoint], limits: Mapping[int, int], recent: int = RECENT
) -> dict[int, float]:
    """Return for how many segments the processes have descriptors, at their least growth of late.

    Args:
        points: of the run so far.
        limits: by pid, of descriptors.
        recent: segments of which the least growth is taken.
    """
    if len(points) <= recent:
        return {}
    latest = points[-1 - recent :]
    numbers = [{r.identity: r.descriptors for r in point.processes} for point in latest]
    found = {}
    for reading in points[-1].processes:
        if reading.pid in limits and all(reading.identity in one for one in numbers):
            ours = [one[reading.identity] for one in numbers]
            gained = min(after - before for before, after in pairwise(ours))
            room = max(limits[reading.pid] - reading.descriptors, 0)
            found[reading.pid] = room / gained if gained > 0 else math.inf
    return found


def _limits(processes: Mapping[int, psutil.Process], *, hard: bool) -> dict[int, int]:
    found = {}
    for pid, process in processes.items():
        try:
            limit = process.rlimit(psutil.RLIMIT_NOFILE)[hard]
        except psutil.Error:
            continue
        if limit != psutil.RLIM_INFINITY:
            found[pid] = limit
    return found


def _raise(process: psutil.Process) -> bool:
    """Allow a process all the descriptors that it may allow itself; tell whether these are more."""
    try:
        soft, hard = process.rlimit(psutil.RLIMIT_NOFILE)
        if soft == hard:
            return False
        process.rlimit(psutil.RLIMIT_NOFILE, (hard, hard))
    except psutil.Error:
        return False
    return True
