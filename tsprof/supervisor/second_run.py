"""A second run of the target, under a tool that must be there from its start.

The verdict on growth, and all figures of speed, are those of the first, by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.memory_access import InvalidAccess
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.launch import Target
from tsprof.supervisor.window import Window


@dataclass
class SecondRun:
    """What a tool saw."""

    window: Window
    """Its requests and notes."""
    digests: list[CaptureDigest] = field(default_factory=list)
    invalid: tuple[InvalidAccess, ...] = ()
    details: tuple[str, ...] = ()
    """What the finding on memory says besides."""


def run_again(
    engine: Engine, name: str, window: Window, under: Callable[[], SecondRun]
) -> SecondRun:
    """End the target, and have a tool run it once more.

    Args:
        engine: between two segments.
        name: of the tool.
        window: takes notes.
        under: starts it, drives it, and ends it or leaves it.
    """
    target = engine.instruments.target
    if not isinstance(target, Target):
        fail(engine, f"{name} needs to start the target, and this one runs already")
    elif engine.instruments.agents.interpreters():
        fail(engine, f"{name} follows native programs, and the target runs Python")
    else:
        engine.profiling = name
        target.stop()
        return under()
    return SecondRun(window)


def fail(engine: Engine, reason: str) -> None:
    """Record that a profiler could not look as it was asked to, so that the run does not pass."""
    engine.note("profiler_failed", reason)
