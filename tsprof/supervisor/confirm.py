"""Before a leak is called: who allocates it, who holds it, and does it let go by itself?"""

import time

from tsprof.analysis.assessments import Look, requests_between
from tsprof.analysis.findings import Confirmation, Drain
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan


def confirm_leak(engine: Engine, plan: Plan, final: Look, requests: int) -> Confirmation:
    """Follow a growth to its cause.

    Args:
        engine: between two segments.
        plan: of the run.
        final: the look that the verdict rests on.
        requests: size of a segment.
    """
    began = time.monotonic()
    last = engine.checkpoints[-1].number
    drain = None
    if "memory" in final.leaking and plan.drain_seconds > 0:
        drain = drain_test(engine, final, plan.drain_seconds)
    return Confirmation(drain=drain, last_judged=last, seconds=time.monotonic() - began)


def drain_test(engine: Engine, final: Look, seconds: float) -> Drain | None:
    """Keep the gate closed for a while, and see how much of the growth goes.

    Caches with a lifetime, idle timeouts and weak references let go; a leak does not.
    """
    engine.phase = "resting: does it let go by itself?"
    before = engine.checkpoints[-1]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        engine.pump(0.05)
    after = engine.checkpoint()
    judged = final.memory or final.outside
    if judged is None:
        return None

    def held(index: int) -> float:
        readings = final.view.readings(after if index else before)
        return float(sum(r.live if r.live is not None else r.anonymous for r in readings))

    return Drain(
        seconds=seconds,
        grown=judged.rate.value * requests_between(final.view, judged),
        released=held(0) - held(1),
    )
