"""Before a leak is called: which line allocates it, who holds it, and does it let go by itself?"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tsprof.analysis.attribution.captures import NATIVE, CaptureDigest
from tsprof.analysis.attribution.conclude import Seen, conclude
from tsprof.analysis.attribution.counted_resources import COUNTED
from tsprof.analysis.attribution.culprits import Culprit, beside_memory
from tsprof.analysis.attribution.native import without_lines
from tsprof.analysis.attribution.sites import Origin, leaking_sites
from tsprof.analysis.attribution.survivors import peak_stacks, surviving_stacks
from tsprof.analysis.run.aftermath import (
    Aftermath,
    Timers,
    count_drains,
    goes_on,
    half_due,
    memory_drain,
)
from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.confirmation import Attribution, Confirmation
from tsprof.profilers.native_origin import native_origin
from tsprof.records import Checkpoint
from tsprof.report.model import IN_BYTES
from tsprof.supervisor.attempts import attribute
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.heap_samples import sample_heap
from tsprof.supervisor.memory_check import check_memory
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.resources import culprits
from tsprof.supervisor.second_run import SecondRun, make_way
from tsprof.supervisor.target_code import target_origins
from tsprof.supervisor.window import Window, read_captures

AGAIN_SEGMENTS = 2
"""Segments of load after the rest."""
AGAIN_PATIENCE = 20.0
LONGEST_REST = 65.0
"""Seconds that a rest may take, where it is longer than what was asked for."""
_TIMERS = TypeAdapter(Timers)
FIRED = 2.0
"""Seconds after a timer until what it does is done."""


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
    captures = folder / "captures"
    window = Window(captures, native=False)
    after = None
    named: tuple[Culprit, ...] = ()
    origin_of = target_origins(engine)
    watched = False
    # Captures are read while the target rests.
    with _removed_in_the_end(captures), ThreadPoolExecutor(1) as reader:
        with suppress(RunEnded):  # the events say what happened; what is known stays known
            if plan.attribute is not False and set(COUNTED).intersection(final.leaking):
                watched = True
                named = culprits(engine, plan, final, requests, origin_of)
        survived = engine.instruments.target.alive()
        with suppress(RunEnded):
            if not survived:
                window.notes.append("no line could be named: the target had died")
            elif _wants_window(plan, final):
                window = attribute(engine, final, requests, captures, plan.profiler)
        reading = reader.submit(read_captures, window)
        spent = time.monotonic() - began
        with suppress(RunEnded):
            if final.leaking and plan.drain_seconds > 0 and survived and not window.died:
                after = rest(engine, plan, final)
        waited = time.monotonic()
        with suppress(RunEnded):
            while not reading.done() and engine.instruments.target.alive():
                engine.pump(0.1)
        spent += time.monotonic() - waited
        digests = reading.result()
        attribution = _attribution(window, final, digests, origin_of)
    if attribution is not None:
        named = tuple(
            beside_memory(one, attribution.sites, final.counts[one.resource].rate.value)
            for one in named
        )
    if after is not None:
        with suppress(RunEnded):
            after = load_again(engine, after, requests)
    again = SecondRun(window)
    if plan.runs_again and survived and (plan.checks_memory or final.leaking):
        started = time.monotonic()
        again = _run_again(engine, plan, final, requests, Window(captures, native=True))
        attribution = _attribution(again.window, final, again.digests, origin_of)
        if attribution is not None:
            details = (*attribution.details, *again.details)
            attribution = replace(attribution, details=details)
        spent += time.monotonic() - started
    return Confirmation(
        attribution=attribution,
        drain=memory_drain(final, after) if after is not None else None,
        count_drains=count_drains(final, after) if after is not None else {},
        culprits=named,
        invalid=again.invalid,
        last_judged=last,
        survivors=surviving_stacks(digests, origin_of),
        peak=peak_stacks(digests, origin_of),
        seconds=spent if watched or again.window.requests_total or window.died else 0.0,
    )


@contextmanager
def _removed_in_the_end(folder: Path) -> Iterator[None]:
    """Leave nothing of a window on disk, however it ended."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wants_window(plan: Plan, final: Look) -> bool:
    """Tell whether to open a window in the running target; some tools need a fresh one."""
    if plan.runs_again:
        return False
    return plan.attribute or (plan.attribute is None and _bytes_leak(final))


def _run_again(engine: Engine, plan: Plan, final: Look, requests: int, window: Window) -> SecondRun:
    growth = final.memory.rate.value if final.memory is not None else 0.0
    if not make_way(engine, plan.profiler):
        return SecondRun(window)
    if plan.checks_memory:
        return check_memory(engine, requests, window)
    return sample_heap(engine, requests, growth, window)


def _bytes_leak(final: Look) -> bool:
    return not set(IN_BYTES).isdisjoint(final.leaking)


def _attribution(
    window: Window,
    final: Look,
    digests: list[CaptureDigest],
    origin_of: Callable[[str], Origin],
) -> Attribution | None:
    if not window.holders and not digests:
        return Attribution(notes=tuple(window.notes)) if window.notes else None
    is_native = any(digest.method in NATIVE for digest in digests)
    if is_native:
        origin_of = native_origin
    attribution = conclude(
        Seen(
            sites=leaking_sites(digests, origin_of),
            before=window.before,
            after=window.after,
            holders=window.holders,
            garbage=window.garbage,
            sized=[reply for reply in window.sized.values() if isinstance(reply, Mapping)],
            requests=window.requests_total,
            native=is_native,
            requests_overall=None if window.died else window.requests_overall,
            notes=tuple(window.notes),
        ),
        final,
        origin_of,
    )
    if is_native:
        notes = (*attribution.notes, *without_lines(attribution.sites))
        attribution = replace(attribution, notes=notes)
    return attribution


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
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        engine.pump(0.05)
    return engine.checkpoint()


def load_again(engine: Engine, after: Aftermath, requests: int) -> Aftermath:
    """Drive some more load after the rest: what only filled, or expires when asked, grows no more.

    Raises:
        RunEnded: the target or the load is gone.
    """
    engine.phase = "loading again: does it still grow?"
    engine.counted_segment(AGAIN_SEGMENTS * requests, AGAIN_PATIENCE)
    return replace(after, again=engine.checkpoint(), segments=AGAIN_SEGMENTS)
