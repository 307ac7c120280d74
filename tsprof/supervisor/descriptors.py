"""Descriptors that run out under load: have more allowed, drive less load, or leave off.

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

RECENT = 2
"""Segments of which the least growth counts: clients that connect do so in one of them."""
TO_A_VERDICT = 12
"""Segments after which most leaks are certain."""
AFTER_IT = 8
"""Segments that naming the culprit and the load after the rest may take."""


def affordable(engine: Engine, requests: int, least: int) -> int:
    """Return how many requests the next segment may have, for descriptors to last to the end.

    Args:
        engine: just after a checkpoint.
        requests: that it would have.
        least: that a segment must have.

    Returns:
        0 where they do not last for what must follow the measurement.
    """
    processes = {process.pid: process for process in engine.instruments.target.processes()}
    points = engine.checkpoints
    segments = AFTER_IT + max(TO_A_VERDICT - len(points), 0)
    for pid, left in requests_left(points, _limits(processes, hard=False)).items():
        if left < segments * requests and _raise(processes[pid]):
            engine.note("note", f"process {pid}: its limit of open files was raised", pid)
    left_at_all = requests_left(points, _limits(processes, hard=True))
    pid = min(left_at_all, key=lambda pid: left_at_all[pid], default=0)
    left = left_at_all.get(pid, math.inf)
    if left < AFTER_IT * min(requests, least):
        text = f"process {pid} runs out of file descriptors, so no more load was measured"
        engine.note("note", text, pid)
        return 0
    return round(max(min(requests, left / segments), least))


def requests_left(points: Sequence[Checkpoint], limits: Mapping[int, int]) -> dict[int, float]:
    """Return for how many requests the processes have descriptors, at their least growth of late.

    Args:
        points: of the run so far.
        limits: by pid, of descriptors.
    """
    if len(points) <= RECENT:
        return {}
    recent = points[-1 - RECENT :]
    found = {}
    for reading in points[-1].processes:
        if reading.pid in limits:
            gained = min(
                _gained(reading.identity, before, after) for before, after in pairwise(recent)
            )
            room = max(limits[reading.pid] - reading.descriptors, 0)
            found[reading.pid] = room / gained if gained > 0 else math.inf
    return found


def _gained(identity: object, before: Checkpoint, after: Checkpoint) -> float:
    """Return the descriptors that a process gained per request; 0 for one that is new."""
    numbers = [
        reading.descriptors
        for point in (before, after)
        for reading in point.processes
        if reading.identity == identity
    ]
    if not numbers:
        return 0.0
    return (numbers[-1] - numbers[0]) / max(after.requests - before.requests, 1)


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
