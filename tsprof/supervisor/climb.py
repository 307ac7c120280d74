"""Climb: hold rates one after the other until the highest that the target sustains is known."""

import time
from functools import partial

from tsprof.analysis.service.climb import Step, best_step, next_rate, step_of
from tsprof.report.progress import Progress
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling import sampled_in_turn
from tsprof.supervisor.stock import take_stock

UNHELD = 1e7
"""A rate that no load reaches: the users send as fast as they can."""
EASY = 0.7
"""Of the highest sustained rate: what the target is left with while a leak is followed."""

SAMPLED_SECONDS = 5.0
"""At the easy rate after the climb: no step shares the processors with a profiler."""


def climb(engine: Engine, plan: Plan) -> int:
    """Hold one rate after the other, with a checkpoint after each.

    Args:
        engine: of a load whose rate was ``UNHELD`` from the start.
        plan: its ``segment_seconds`` is the length of a step.

    Returns:
        The number of requests of a segment for what follows; 0 when nothing was answered.
    """
    sampled = sampled_in_turn(engine, plan)
    engine.calibrate()
    if engine.totals.only_fails:
        return 0
    take_stock(engine)
    steps: list[Step] = []
    began = time.monotonic()
    rate: float | None = None
    while True:
        engine.phase = f"holding {rate:,.0f} requests/s" if rate else "as fast as the users can"
        steps.append(_hold(engine, plan, rate))
        take_stock(engine)
        engine.lean = _progress(steps)
        rate = next_rate(steps)
        left = plan.max_seconds - (time.monotonic() - began)
        if rate is None or left < plan.segment_seconds / 2:
            break
    best = best_step(steps)
    easy = EASY * (best.rate if best and best.rate else steps[0].achieved)
    engine.instruments.load.set_load(plan.users, max(1.0, easy))
    engine.phase = "sampling"
    sampled(partial(engine.timed_segment, min(SAMPLED_SECONDS, plan.segment_seconds)))
    return max(2 * plan.users, round(easy * plan.segment_seconds))


def _hold(engine: Engine, plan: Plan, rate: float | None) -> Step:
    engine.instruments.load.set_load(plan.users, rate or UNHELD)
    segment = engine.timed_segment(plan.segment_seconds)
    engine.mark(engine.phase, segment, rate=rate)
    return step_of(segment, rate)


def _progress(steps: list[Step]) -> Progress:
    best = best_step(steps)
    sustained = f"{best.rate:,.0f} requests/s sustained" if best and best.rate else ""
    return Progress(phase="", elapsed=0.0, message=sustained)
