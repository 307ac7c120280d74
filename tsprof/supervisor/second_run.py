"""A second run of the target, under a tool that must be there from its start.

The verdict on growth, and all figures of speed, are those of the first, by itself.
"""

from dataclasses import dataclass, field

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.memory_access import InvalidAccess
from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.confirmation import Attribution
from tsprof.report.model import HeapHistory
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.launch import Target
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.window import Window


@dataclass
class SecondRun:
    """What a tool saw."""

    window: Window
    """Its requests and notes."""
    digests: list[CaptureDigest] = field(default_factory=list)
    lost: float = 0.0
    """Bytes per request that nothing refers to any more."""
    heaps: list[HeapHistory] = field(default_factory=list)
    invalid: tuple[InvalidAccess, ...] = ()
    details: tuple[str, ...] = ()
    """What the finding on memory says besides."""


def second_tool(
    plan: Plan, final: Look, attribution: Attribution | None, *, can_sample: bool
) -> str | None:
    """Return the name of the tool under which the target is to run once more; None for none.

    A soak whose native leak heaptrack could not name in the running process is worth a minute under
    jemalloc.

    Args:
        plan: of the run.
        final: the look that the verdict rests on.
        attribution: what a window in the running target has told.
        can_sample: the target is ours to start, jemalloc is there, and what reads its dumps.
    """
    if plan.runs_again:
        return plan.profiler if plan.looks_beyond_growth or final.leaking else None
    readings = final.view.readings(final.view.checkpoints[-1]) if final.view.checkpoints else ()
    native = bool(readings) and all(reading.source == "native" for reading in readings)
    unnamed = native and attribution is not None and not attribution.sites
    if plan.samples_when_unnamed and final.memory_leaks and unnamed and can_sample:
        return "jemalloc"
    return None


def make_way(engine: Engine, name: str) -> bool:
    """End the target, so that a tool can run it once more.

    Args:
        engine: between two segments.
        name: of the tool.

    Returns:
        Whether it has ended; where the tool cannot run it, it goes on, and that is recorded.
    """
    target = engine.instruments.target
    if not isinstance(target, Target):
        fail(engine, f"{name} needs to start the target, and this one runs already")
        return False
    if engine.instruments.agents.interpreters():
        fail(engine, f"{name} follows native programs, and the target runs Python")
        return False
    engine.profiling = name
    target.stop()
    return True


def fail(engine: Engine, reason: str) -> None:
    """Record that a profiler could not look as it was asked to, so that the run does not pass."""
    engine.note("profiler_failed", reason)
