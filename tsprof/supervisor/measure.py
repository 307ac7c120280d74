"""Measure: segment after segment, until the verdict is sure or the time is up."""

import time
from functools import partial

from tsprof.analysis.run.assessments import DETECTABLE_GOAL, Look, look
from tsprof.records import Segment
from tsprof.report.progress import Progress
from tsprof.supervisor.descriptors import Descriptors
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling import sampled_in_turn
from tsprof.supervisor.settling import Settling
from tsprof.supervisor.stock import take_stock

SURE_LOOKS = 2
"""Looks in a row that must agree before a run ends early."""
MOST_SURE_LOOKS = 5
"""Looks in a row after which a leak ends a run although the last increment is a jump. A table that
doubled in it is part of the leak: without one more, 49 B per request were told of 80."""
SLOW_SEGMENT = 4.0
"""A counted segment may take so many times its intended length before it is cut short."""
UNEVEN = 2.0
"""A segment that takes so many times its intended length makes the next ones smaller: a service
that slows down as it leaks came to 8 segments in 55 s. One that takes such a part of it makes them
larger: moto's first requests import its services, and so slow a second came to 91 segments of 20
requests, with 6 s of load in 57."""


def measure(engine: Engine, plan: Plan) -> int:
    """Drive segments and take checkpoints.

    Returns:
        The number of requests of a segment; 0 when nothing but failures came back.
    """
    sampled = sampled_in_turn(engine, plan)
    descriptors = Descriptors(engine, plan.users)
    settling = Settling(engine)
    rate = engine.calibrate(descriptors.are_going, descriptors.requests_to_calibrate())
    if engine.totals.only_fails:
        return 0
    take_stock(engine)
    engine.phase = "measuring"
    requests = max(2 * plan.users, round(rate * plan.segment_seconds))
    if plan.counted:
        requests = descriptors.affordable(requests, 2 * plan.users) or 2 * plan.users
    began = time.monotonic()
    sure = 0
    while True:
        left = plan.max_seconds - (time.monotonic() - began)
        if left <= 0:
            break
        if plan.counted:
            patience = SLOW_SEGMENT * plan.segment_seconds + 5
            segment = sampled(partial(engine.counted_segment, requests, patience))
            requests = paced(segment, requests, plan)
        else:
            sampled(partial(engine.timed_segment, min(plan.segment_seconds, left)))
        take_stock(engine)
        now = look(engine.checkpoints, plan.slowest_fill)
        engine.lean = _lean(now)
        sure = sure + 1 if _is_sure(now) else 0
        if sure >= looks_needed(now) and may_stop(plan, now):
            break
        settling.look_into(now)
        least = 2 * plan.users if plan.counted else requests
        lasting = descriptors.affordable(requests, least)
        if not lasting:
            break
        requests = lasting
    return requests


def paced(segment: Segment, requests: int, plan: Plan) -> int:
    """Return how many requests the next segment is to have.

    Args:
        segment: the last one.
        requests: that the next would have.
        plan: of the run.
    """
    if segment.seconds <= 0 or not segment.requests:
        return requests
    lengths = segment.seconds / plan.segment_seconds
    if 1 / UNEVEN <= lengths <= UNEVEN:
        return requests
    return max(2 * plan.users, round(segment.requests / lengths))


def _is_sure(now: Look) -> bool:
    if now.lean == "clean":
        return now.detectable is not None and now.detectable <= DETECTABLE_GOAL
    return now.lean == "leak"


def looks_needed(now: Look) -> int:
    """Return how many looks in a row must agree: more where the next tells the size of a leak."""
    jumped = now.memory_leaks and now.memory is not None and now.memory.ends_in_jump
    return MOST_SURE_LOOKS if jumped else SURE_LOOKS


def may_stop(plan: Plan, now: Look) -> bool:
    """Tell whether a run may end with a look that is sure, before its time is up."""
    if now.lean != "leak":
        return plan.stop_when_sure
    if _grows_with_time(now):
        return False
    return plan.stop_on_leak or (plan.stop_when_sure and now.is_told)


def _grows_with_time(now: Look) -> bool:
    """Tell growth that no request causes: what a job still loads at first looks the same."""
    return now.memory_leaks and now.memory is not None and now.memory.clock == "seconds"


def _lean(now: Look) -> Progress:
    memory = now.memory or now.outside
    undecided = now.lean == "undecided"  # for want of another resource, where memory is settled
    rate = memory.rate if memory and memory.is_measured else None
    return Progress(
        phase="measuring",
        elapsed=0.0,
        growth_bytes_per_request=rate.value if rate else None,
        low=rate.low if rate else None,
        high=rate.high if rate else None,
        lean=now.lean,
        message=memory.reason if memory and not (undecided and now.memory_settled) else "",
    )
