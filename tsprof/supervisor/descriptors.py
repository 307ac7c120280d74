"""Descriptors that run out under load: have more allowed, drive less load, or leave off.

A service that has none left stops growing, and fails in ways that are no part of the leak; and
what follows a measurement needs some, memray's window among them. pycares 4.9.0 opens one per
request: with 20,000 allowed the growth ended within the run, and no verdict was reached.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
TO_CALIBRATE = 0.25
"""Part of what a process is allowed that may go while the rate is found out. A service of 8,000
requests per second that opened one in each had used up 20,000 before the second segment ended."""


class Descriptors:
    """What the target's processes may still open."""

    def __init__(self, engine: Engine, users: int) -> None:
        """Know nothing yet.

        Args:
            engine: of the run.
            users: of the load, each of which may hold a connection to each process.
        """
        self._engine = engine
        self._users = users
        self._first: dict[int, int] = {}
        """Descriptors of each process when it was first looked at."""

    def requests_to_calibrate(self) -> int | None:
        """Return how many requests may come before the target is looked at; None for any number.

        One descriptor for each is the worst that is seen. On a busy machine 6,000 were gone before
        ``are_going`` was asked again.
        """
        spare = [spare for _, spare in self._gone_and_spare()]
        return round(min(spare)) if spare else None

    def are_going(self) -> bool:
        """Tell whether so many are gone that what is left is needed to measure."""
        return any(gone > spare for gone, spare in self._gone_and_spare())

    def _gone_and_spare(self) -> list[tuple[int, float]]:
        """Return how many of each process with a limit are gone, and how many may be by now.

        The connections of the users are allowed for.
        """
        found = []
        processes = {p.pid: p for p in self._engine.instruments.target.processes()}
        for pid, limit in _limits(processes, hard=False).items():
            with suppress(psutil.Error):
                opened = processes[pid].num_fds()
                first = self._first.setdefault(pid, opened)
                spare = max(2 * self._users, TO_CALIBRATE * (limit - first))
                found.append((opened - first, spare))
        return found

    def affordable(self, requests: int, least: int) -> int:
        """Return how many requests the next segment may have, for descriptors to last to the end.

        To be called just after a checkpoint.

        Args:
            requests: that it would have.
            least: that a segment must have.

        Returns:
            0 where they do not last for what must follow the measurement.
        """
        engine = self._engine
        processes = {process.pid: process for process in engine.instruments.target.processes()}
        points = engine.checkpoints
        segments = AFTER_IT + max(TO_A_VERDICT - len(points), 0)
        for pid, left in self._left(_limits(processes, hard=False)).items():
            if left < segments * requests and _raise(processes[pid]):
                engine.note("note", f"process {pid}: its limit of open files was raised", pid)
        left_at_all = self._left(_limits(processes, hard=True))
        pid = min(left_at_all, key=lambda pid: left_at_all[pid], default=0)
        left = left_at_all.get(pid, math.inf)
        if left < AFTER_IT * min(requests, least):
            text = f"process {pid} runs out of file descriptors, so no more load was measured"
            engine.note("note", text, pid)
            return 0
        return round(max(min(requests, left / segments), least))

    def _left(self, limits: Mapping[int, int]) -> dict[int, float]:
        return requests_left(self._engine.checkpoints, limits, self._first, self._users)


def requests_left(
    points: Sequence[Checkpoint], limits: Mapping[int, int], first: Mapping[int, int], users: int
) -> dict[int, float]:
    """Return for how many requests the processes have descriptors, at their least growth of late.

    Args:
        points: of the run so far, at least one.
        limits: by pid, of descriptors.
        first: by pid, descriptors before the first request.
        users: of the load, whose connections count as no growth where there are few points.
    """
    recent = points[-1 - RECENT :]
    found = {}
    for reading in points[-1].processes:
        if reading.pid not in limits:
            continue
        if len(points) > RECENT:
            gained = min(
                _gained(reading.identity, before, after) for before, after in pairwise(recent)
            )
        else:
            grown = reading.descriptors - first.get(reading.pid, reading.descriptors)
            gained = (grown - 2 * users) / max(points[-1].requests, 1)
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
