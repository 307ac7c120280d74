"""Which processes grow, to be looked into."""

from collections.abc import Iterable

from tsprof.analysis.run import observe
from tsprof.analysis.run.assessments import Look
from tsprof.records import Checkpoint

MOST_PROCESSES = 3
"""Processes in which windows are opened at a time, those that grow the most."""
GROWING_SHARE = 0.1
"""Part of the whole growth from which a process is looked into."""


def growing_processes(final: Look) -> list[int]:
    """Return the pids that grow, or pile up garbage, the fastest first."""
    points = final.view.checkpoints
    judged = final.memory
    if not points or judged is None:
        return [r.pid for r in (points[-1].processes if points else ()) if r.source == "agent"]
    if final.leaking == ("garbage",):
        return _most((float(r.garbage_bytes), r.pid) for r in points[-1].processes)
    return growing_between(points[judged.first], points[-1], final)


def growing_between(first: Checkpoint, last: Checkpoint, final: Look) -> list[int]:
    """Return the pids that gained what leaks between two checkpoints, the most first.

    Args:
        first: the earlier checkpoint.
        last: the later one.
        final: tells what leaks.
    """
    value = observe.live if final.memory_leaks or not final.unowned_leaks else observe.unowned
    before = {r.identity: value(r) for r in first.processes}
    gained = [(before.get(r.identity), value(r), r.pid) for r in last.processes]
    return _most((b - a, pid) for a, b, pid in gained if a is not None and b is not None)


def _most(gained: Iterable[tuple[float, int]]) -> list[int]:
    """Return the pids of those that gained a good part of all, the most first."""
    fastest = sorted(gained, reverse=True)
    whole = sum(max(gain, 0.0) for gain, _ in fastest) or 1.0
    return [pid for gain, pid in fastest if gain >= GROWING_SHARE * whole][:MOST_PROCESSES]
