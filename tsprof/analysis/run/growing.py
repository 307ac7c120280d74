"""Which processes grow, to be looked into."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tsprof.analysis.run import observe
from tsprof.analysis.run.assessments import Look
from tsprof.records import Checkpoint

MOST_PROCESSES = 8
"""Processes in which windows are opened at a time, those that grow the most. The load that they
share is the same for few and many: with 4 workers of uvicorn on 2 cores a window takes as long."""
GROWING_SHARE = 0.1
"""Part of what the fastest gains from which a process is looked into."""
LEAST_BLOCKS = 200
"""Blocks gained from which their number tells how many requests a process has served."""
LEAST_PART = 0.2
"""Of the requests: below, the growth in the window was another."""


@dataclass(frozen=True)
class Growing:
    """Processes to look into."""

    pids: tuple[int, ...] = ()
    """The fastest first."""
    share: float = 1.0
    """What they gained, of what they and their like did that were left out for their number: with
    a load that all share, about their part of the requests, too."""


def growing_processes(final: Look) -> Growing:
    """Return the processes that grow, or pile up garbage."""
    points = final.view.checkpoints
    judged = final.memory
    if not points or judged is None:
        agents = [r.pid for r in (points[-1].processes if points else ()) if r.source == "agent"]
        return Growing(tuple(agents[:MOST_PROCESSES]))
    if final.leaking == ("garbage",):
        return _most((float(r.garbage_bytes), r.pid) for r in points[-1].processes)
    return growing_between(points[judged.first], points[-1], final)


def growing_between(first: Checkpoint, last: Checkpoint, final: Look) -> Growing:
    """Return the processes that gained what leaks between two checkpoints.

    Args:
        first: the earlier checkpoint.
        last: the later one.
        final: tells what leaks.
    """
    value = observe.live if final.memory_leaks or not final.unowned_leaks else observe.unowned
    before = {r.identity: value(r) for r in first.processes}
    gained = [(before.get(r.identity), value(r), r.pid) for r in last.processes]
    return _most((b - a, pid) for a, b, pid in gained if a is not None and b is not None)


def _most(gained: Iterable[tuple[float, int]]) -> Growing:
    """Choose those that gained a good part of what the fastest did, the most first."""
    grown = sorted(((gain, pid) for gain, pid in gained if gain > 0), reverse=True)
    alike = [(gain, pid) for gain, pid in grown if gain >= GROWING_SHARE * grown[0][0]]
    chosen = alike[:MOST_PROCESSES]
    share = sum(gain for gain, _ in chosen) / (sum(gain for gain, _ in alike) or 1.0)
    return Growing(tuple(pid for _, pid in chosen), share if chosen else 1.0)


def part_of_requests(
    first: Checkpoint, last: Checkpoint, pids: Collection[int], final: Look
) -> float | None:
    """Return what part of the growth that the ledger saw is in some processes now.

    A worker that is slowed down by what looks into it gets fewer of the requests than before: one
    of three workers of gunicorn had 89 % of what it had got.

    Args:
        first: before the requests.
        last: after them.
        pids: of the processes.
        final: tells how fast all together grew.

    Returns:
        The Python blocks that they gained per request, as a part of what all had gained before;
        None where too few are gained to tell, or what they gain has changed: caches that fill ever
        more slowly.
    """
    points, judged = final.view.checkpoints, final.memory
    if judged is None or judged.shape != "leak":
        return None
    here = _blocks_gained(first, last, pids)
    before = _blocks_gained(points[judged.first], points[-1], None)
    requests = last.requests - first.requests
    if requests <= 0 or min(here, before) < LEAST_BLOCKS:
        return None
    part = here / requests / (before / (points[-1].requests - points[judged.first].requests))
    return min(part, 1.0) if part >= LEAST_PART else None


def _blocks_gained(first: Checkpoint, last: Checkpoint, pids: Collection[int] | None) -> int:
    before = {r.identity: r.blocks for r in first.processes}
    return sum(
        r.blocks - before[r.identity]
        for r in last.processes
        if r.identity in before and (pids is None or r.pid in pids)
    )
