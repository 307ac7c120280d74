"""Let the target rest, and load it again: what grew may let go, or be full, by itself."""

import time
from contextlib import suppress
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from tsprof.analysis.run.aftermath import Aftermath, Timers, goes_on, half_due
from tsprof.analysis.run.assessments import Look
from tsprof.records import Checkpoint
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan

AGAIN_SEGMENTS = 2
"""Segments of load after the rest."""
AGAIN_PATIENCE = 20.0
LONGEST_REST = 65.0
"""Seconds that a rest may take, where it is longer than what was asked for."""
FIRED = 2.0
"""Seconds after a timer until what it does is done."""
_TIMERS = TypeAdapter(Timers)


def rest(engine: Engine, plan: Plan, final: Look) -> Aftermath:
    """Keep the gate closed for a while; for longer while it lets go, or many timers are to come.

    Caches with a lifetime, idle timeouts and weak references let go; a leak does not.
    """
    engine.phase = "resting: does it let go by itself?"
    began = time.monotonic()
    due = half_due(final, _timers(engine)) + FIRED
    seconds = max(plan.drain_seconds, due if due <= LONGEST_REST else 0.0)
    since = engine.checkpoint()
    after = Aftermath(before=since, rested=_rested(engine, seconds))
    while (
        goes_on(final, after, since, clients=plan.users)
        and time.monotonic() - began + plan.drain_seconds <= LONGEST_REST
    ):
        since = after.rested
        after = replace(after, rested=_rested(engine, plan.drain_seconds))
    return after


def _timers(engine: Engine) -> list[Timers]:
    """Ask the interpreters what is pending; what comes out of a target may be anything."""
    agents = engine.instruments.agents
    found = []
    for reply in agents.ask("timers.take", pids=agents.interpreters()).values():
        with suppress(ValidationError):
            found.append(_TIMERS.validate_python(reply))
    return found


def _rested(engine: Engine, seconds: float) -> Checkpoint:
    engine.pump_for(seconds)
    return engine.checkpoint()


def load_again(engine: Engine, after: Aftermath, requests: int) -> Aftermath:
    """Drive some more load after the rest: what only filled, or expires when asked, grows no more.

    Raises:
        RunEnded: the target or the load is gone.
    """
    engine.phase = "loading again: does it still grow?"
    engine.counted_segment(AGAIN_SEGMENTS * requests, AGAIN_PATIENCE)
    return replace(after, again=engine.checkpoint(), segments=AGAIN_SEGMENTS)
