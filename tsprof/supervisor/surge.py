"""Surge: a steady load, a multiple of it for a while, and back, without a pause in between."""

import time
from collections.abc import Callable
from functools import partial

from tsprof.records import Segment
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling import Drive, sampled_in_turn
from tsprof.supervisor.stock import take_stock


def surge(engine: Engine, plan: Plan) -> int:
    """Drive the phases of ``plan.surge``.

    Before and after there is a checkpoint after each segment. The spike and the recovery are one
    segment: a gate that closed in between would let the target's queue drain. Call stacks are
    sampled afterwards: leaks are judged by the time before, of which profilers take some to start.

    Returns:
        The number of requests of a segment for what follows; 0 when nothing was answered.
    """
    assert plan.surge is not None
    shape, load = plan.surge, engine.instruments.load
    sampled = sampled_in_turn(engine, plan)
    rate = engine.calibrate()
    if engine.totals.only_fails:
        return 0
    take_stock(engine)
    engine.phase = "before the spike"
    rate = _keep_up(engine, plan, shape.before, "before", _unsampled) or rate
    engine.phase = "spike"
    spiked = engine.seconds
    load.set_load(round(plan.users * shape.times), _times(plan.rate, shape.times))
    engine.open_gate()
    engine.pump_for(shape.during)
    engine.phase = "after the spike"
    ended = engine.seconds
    # Users that wait for a slot of a rate would not end before they had one; they do no harm.
    load.set_load(None if plan.rate else plan.users, plan.rate)
    engine.pump_for(shape.recovery)
    segment = engine.close_gate()
    load.set_load(plan.users, plan.rate)
    engine.mark("spike", segment, began=spiked, ended=ended)
    engine.mark("recovery", segment, began=ended)
    take_stock(engine)
    rate = _keep_up(engine, plan, shape.after, "after", sampled) or rate
    return max(2 * plan.users, round(rate * plan.segment_seconds))


def _unsampled(drive: Callable[[], Segment]) -> Segment:
    return drive()


def _keep_up(engine: Engine, plan: Plan, seconds: float, phase: str, sampled: Drive) -> float:
    """Keep the load up, with a checkpoint after each segment; return requests per second."""
    rate = 0.0
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > plan.segment_seconds / 2:
        segment = sampled(partial(engine.timed_segment, min(plan.segment_seconds, left)))
        engine.mark(phase, segment)
        rate = segment.requests_per_second or rate
        take_stock(engine)
    return rate


def _times(rate: float | None, times: float) -> float | None:
    return None if rate is None else rate * times
