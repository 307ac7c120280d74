"""Flame: sample segment after segment until the shares of the hottest functions are precise."""

import time
from collections.abc import Sequence
from functools import partial

from tsprof.analysis.hotspots.functions import PRECISE, uncertainty
from tsprof.analysis.hotspots.hot_paths import by_segment, whole
from tsprof.profilers.sampling import Sampling
from tsprof.records import SampledWindow
from tsprof.report.progress import Progress
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.instructions import count_instructions
from tsprof.supervisor.line_profile import profile_lines
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling import Sampler

FEWEST_WINDOWS = 6
"""Sampled segments before a run may end: of three or four, how much shares vary is hardly known,
and one run in sixteen was off by 5 points."""
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
        reach = _reach(sampler.windows)
        told = f"shares of the hottest functions to within {100 * reach:.1f} points"
        message = told if reach < 1 else ""
        engine.lean = Progress(phase="sampling", elapsed=0.0, lean="", message=message)
        if reach <= PRECISE:
            break
    if plan.lines is not None:
        profile_lines(engine, plan.lines)
    return 0


def _reach(windows: Sequence[SampledWindow]) -> float:
    """Return how far the shares of the hottest functions may be off, 1 while that is not known."""
    profiles = by_segment(windows)
    if len(profiles) < FEWEST_WINDOWS:
        return 1.0
    return uncertainty(profiles, whole(windows))
