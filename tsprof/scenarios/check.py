"""``check``: the leak check before a release."""

from dataclasses import replace

from tsprof.config import Settings
from tsprof.scenarios.common import timed_plan
from tsprof.scenarios.profiling import sampled_every
from tsprof.supervisor.plan import Plan

SEGMENT_SECONDS = 1.2
"""Long enough for some thousand requests; the checkpoint after it takes a tenth of that."""

SAMPLED_EVERY = 3
"""Four or more of the segments of a check are sampled then: shares to within some 5 points. Each
takes 0.15 s longer, for py-spy to start and to write."""


def plan(settings: Settings) -> Plan:
    """Return the plan of a leak check: short counted segments until the verdict is sure."""
    check = settings.check
    timed = timed_plan(
        settings, "check", segment_seconds=SEGMENT_SECONDS, max_seconds=check.max_time
    )
    return replace(
        timed,
        counted=True,
        stop_when_sure=not check.keep_going,
        stop_on_leak=not check.keep_going,
        sampled_every=sampled_every(settings, SAMPLED_EVERY),
    )
