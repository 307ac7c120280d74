"""Before a leak is called: which line allocates it, who holds it, and does it let go by itself?"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tsprof.analysis.assessments import Look, requests_between
from tsprof.analysis.attribution import Seen, conclude
from tsprof.analysis.captures import CaptureDigest
from tsprof.analysis.culprits import Culprit
from tsprof.analysis.findings import Attribution, Confirmation, Drain
from tsprof.analysis.sites import Origin, leaking_sites
from tsprof.profilers.origin import origins
from tsprof.supervisor.attribute import Window, open_window, read_captures
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.resources import COUNTED, culprits


def confirm(engine: Engine, plan: Plan, final: Look, requests: int, folder: Path) -> Confirmation:
    """Follow a growth to its cause, and give it the chance to go by itself.

    Args:
        engine: between two segments.
        plan: of the run.
        final: the look that the verdict rests on.
        requests: size of a segment.
        folder: of the run; captures are written below it.
    """
    began = time.monotonic()
    last = engine.checkpoints[-1].number
    window = Window()
    drain = None
    named: tuple[Culprit, ...] = ()
    origin_of = _origins(engine)
    with ThreadPoolExecutor(1) as reader:  # captures are read while the target rests
        with suppress(RunEnded):  # the events say what happened; what is known stays known
            if plan.attribute is not False and set(COUNTED).intersection(final.leaking):
                named = culprits(engine, plan, final, requests, origin_of)
        with suppress(RunEnded):
            if plan.attribute or (plan.attribute is None and _bytes_leak(final)):
                window = open_window(engine, final, requests, folder / "captures", plan.profiler)
        reading = reader.submit(read_captures, window)
        spent = time.monotonic() - began
        with suppress(RunEnded):
            if "memory" in final.leaking and plan.drain_seconds > 0:
                drain = drain_test(engine, final, plan.drain_seconds)
        waited = time.monotonic()
        while not reading.done():
            engine.pump(0.1)
        spent += time.monotonic() - waited
        attribution = _attribution(window, final, reading.result(), origin_of)
    return Confirmation(
        attribution=attribution, drain=drain, culprits=named, last_judged=last, seconds=spent
    )


def _bytes_leak(final: Look) -> bool:
    return not {"memory", "garbage"}.isdisjoint(final.leaking)


def _origins(engine: Engine) -> Callable[[str], Origin]:
    """Return what tells whose code a source file of the target is."""
    hellos = [agent.hello for agent in engine.instruments.agents.connected().values()]
    hello = hellos[0] if hellos else {}
    return origins(
        libraries=[Path(p) for p in hello.get("libraries", ())],
        standard_library=Path(hello.get("standard_library", "/nowhere")),
    )


def _attribution(
    window: Window,
    final: Look,
    digests: list[CaptureDigest],
    origin_of: Callable[[str], Origin],
) -> Attribution | None:
    if not window.holders and not digests:
        return Attribution(notes=tuple(window.notes)) if window.notes else None
    return conclude(
        Seen(
            sites=leaking_sites(digests, origin_of),
            before=window.before,
            after=window.after,
            holders=window.holders,
            requests=window.requests_total,
            notes=tuple(window.notes),
        ),
        final,
    )


def drain_test(engine: Engine, final: Look, seconds: float) -> Drain | None:
    """Keep the gate closed for a while, and see how much of the growth goes.

    Caches with a lifetime, idle timeouts and weak references let go; a leak does not.
    """
    engine.phase = "resting: does it let go by itself?"
    before = engine.checkpoint()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        engine.pump(0.05)
    after = engine.checkpoint()
    judged = final.memory or final.outside
    if judged is None:
        return None
    held = [
        float(sum(r.live if r.live is not None else r.anonymous for r in final.view.readings(c)))
        for c in (before, after)
    ]
    return Drain(
        seconds=seconds,
        grown=judged.rate.value * requests_between(final.view, judged),
        released=held[0] - held[1],
    )
