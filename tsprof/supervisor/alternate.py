"""Alternate: two targets under the same load in turn, so that what the machine does hits both.

Turns come in blocks of four, ABBA and BAAB by turns: a machine that gets slower at a steady pace
slows both targets of a block down by the same.
"""

import time
from contextlib import suppress

import psutil

from tsprof.analysis.service.turns import Turns
from tsprof.errors import StoreError
from tsprof.probes.processes import cpu_seconds
from tsprof.records import Phase
from tsprof.report.progress import Progress
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.stock import take_stock

TURNS = 4
"""Of a block, two for each target."""


def alternate(reference: Engine, engine: Engine, plan: Plan) -> int:
    """Drive blocks of turns until the time is up, with a checkpoint after each turn.

    Args:
        reference: the target to compare with. When it ends, so does the comparison.
        engine: the target of the run.
        plan: its ``max_seconds`` are those of both under load.

    Returns:
        The number of requests of a segment for what follows; 0 when nothing was answered.

    Raises:
        RunEnded: the target of the run, or its load, is gone.
    """
    try:
        for each in (engine, reference):
            each.calibrate()
            take_stock(each)
        if not (engine.totals.only_fails or reference.totals.only_fails):
            _blocks(reference, engine, plan)
    except RunEnded:
        if not _has_ended(reference):
            raise
        with suppress(StoreError):
            reference.hear_the_load_out()
    return segment_requests(engine, plan)


def segment_requests(engine: Engine, plan: Plan) -> int:
    """Return the requests of a segment like the last one; 0 where nothing but failures came back.

    Args:
        engine: of a run that was measured.
        plan: of the run.
    """
    if engine.totals.only_fails:
        return 0
    return max(2 * plan.users, engine.segments[-1].requests if engine.segments else 0)


def _has_ended(engine: Engine) -> bool:
    ends = {"target_ended", "target_hung", "load_lost"}
    return any(event.kind in ends for event in engine.events)


def _blocks(reference: Engine, engine: Engine, plan: Plan) -> None:
    blocks = max(1, round(plan.max_seconds / (TURNS * plan.segment_seconds)))
    left = plan.max_seconds
    for block in range(blocks):
        if left <= -plan.max_seconds:  # answers are so slow that the turns took twice their time
            break
        outer, inner = (reference, engine) if block % 2 == 0 else (engine, reference)
        for active, idle in ((outer, inner), (inner, outer), (inner, outer), (outer, inner)):
            name = "the reference" if active is reference else "the target"
            engine.phase = f"block {block + 1} of {blocks}: {name}"
            left -= _turn(active, idle, plan.segment_seconds, f"block {block + 1}")
        engine.lean = _progress(reference, engine)


def _progress(reference: Engine, engine: Engine) -> Progress:
    theirs, own = (
        Turns(each.segments[1:], None).requests_per_second for each in (reference, engine)
    )
    message = (
        f"{own / theirs:.3g} times the reference's requests/s so far" if own and theirs else ""
    )
    return Progress(phase="", elapsed=0.0, message=message)


def _turn(active: Engine, idle: Engine, seconds: float, block: str) -> float:
    """Keep one target under load for a time; return how long it took to answer everything."""
    began, used_before = active.seconds, _used(active)
    active.open_gate()
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            active.pump(0.05)
            idle.pump()
    except RunEnded:
        if not _has_ended(active):
            active.close_gate()
        raise
    segment = active.close_gate()
    used = _used(active)
    gone = used_before.keys() - used.keys()  # and with them what they used
    active.instruments.database.add(
        Phase(
            name=block,
            segment=segment.number,
            began=began,
            ended=active.seconds,
            cpu_seconds=None if gone else sum(used.values()) - sum(used_before.values()),
        )
    )
    take_stock(active)
    return segment.seconds


def _used(engine: Engine) -> dict[psutil.Process, float]:
    """Return the CPU time that each process of a target has used so far."""
    return {p: cpu_seconds([p]) for p in engine.instruments.target.processes()}
