"""Flame: sample segment after segment until a change would be seen in another run like it."""

import time
from collections.abc import Sequence
from functools import partial

from tsprof.analysis.hotspots.difference import hot_changes
from tsprof.analysis.hotspots.hot_paths import side
from tsprof.profilers.sampling import Sampling
from tsprof.records import SampledWindow
from tsprof.report import format as fmt
from tsprof.report.progress import Progress
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.instructions import count_instructions
from tsprof.supervisor.line_profile import profile_lines
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling import Sampler

FEWEST_WINDOWS = 6
"""Sampled segments before a run may end: of three or four, how much shares vary is hardly known,
and one run in sixteen was off by 5 points."""
SIGHT = 0.3
"""Growth of a function with a tenth of the CPU time that a comparison of two such runs has to find:
of one with 40 % it finds 20 % then. Takes 10,000 independent samples: 20 s of CPU time."""
WARM_UP = 2.0
"""Seconds after the calibration: imports, first connections, caches."""


def flame(engine: Engine, plan: Plan) -> int:
    """Warm up, then sample, and look at lines, where the plan says so; or count instructions.

    Returns:
        0: no leak was looked for, so that none is to be followed.
    """
    if plan.profiler == "callgrind":
        return count_instructions(engine)
    sampler = Sampler(engine, plan.sampling or Sampling(), plan.segment_seconds)
    engine.calibrate()
    if engine.totals.only_fails:
        return 0
    began = time.monotonic()
    engine.lean = Progress(phase="warming up", elapsed=0.0, lean="")
    engine.phase = "warming up"
    engine.timed_segment(min(WARM_UP, plan.max_seconds / 4))
    engine.phase = "sampling"
    while (left := plan.max_seconds - (time.monotonic() - began)) > 0 and not sampler.problem:
        length = min(plan.segment_seconds, left)
        sampler.segment(partial(engine.timed_segment, length))
        sight = _sight(sampler.windows)
        message = "" if sight is None else f"growth of {fmt.percentage(sight)} would be seen"
        engine.lean = Progress(phase="sampling", elapsed=0.0, lean="", message=message)
        if sight is not None and sight <= SIGHT:
            break
    else:
        if sampler.windows and not sampler.problem:
            engine.note("note", _told_sight(_sight(sampler.windows)))
    if plan.lines is not None:
        profile_lines(engine, plan.lines)
    return 0


def _told_sight(sight: float | None) -> str:
    """Say what a run that was not sampled for long enough can be compared for.

    Args:
        sight: growth of a function with a tenth of the CPU time that would be found; None where
            that is not known.
    """
    sees = "what changes" if sight is None else f"growth below {fmt.percentage(sight)}"
    return (
        f"the time was over before there were enough samples: a comparison with this run may miss "
        f"{sees} in a function with a tenth of the CPU time (--max-time allows more)"
    )


def _sight(windows: Sequence[SampledWindow]) -> float | None:
    """Return the growth that a comparison with another run like this one would find."""
    if len({window.segment for window in windows}) < FEWEST_WINDOWS:
        return None
    seen = side(windows)
    return hot_changes(seen, seen).detectable
