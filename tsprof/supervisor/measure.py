"""Measure: segment after segment, until the verdict is sure or the time is up."""

import time
from functools import partial

from tsprof.analysis.run.assessments import DETECTABLE_GOAL, Look, look
from tsprof.records import Segment
from tsprof.report.progress import Progress
from tsprof.supervisor.descriptors import Descriptors
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.gauges import read_gauges
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.sampling import sampled_in_turn

SURE_LOOKS = 2
"""Looks in a row that must agree before a run ends early."""
SLOW_SEGMENT = 4.0
"""A counted segment may take so many times its intended length before it is cut short."""
UNEVEN = 2.0
"""A segment that takes so many times its intended length makes the next ones smaller: a service
that slows down as it leaks came to 8 segments in 55 s. One that takes such a part of it makes them
larger: moto's first requests import its services, and so slow a second came to 91 segments of 20
requests, with 6 s of load in 57."""
LEAST_REQUESTS = 20
"""Requests after which a load that only fails is given up."""


def measure(engine: Engine, plan: Plan) -> int:
    """Drive segments and take checkpoints.

    Returns:
        The number of requests of a segment; 0 when nothing but failures came back.
    """
    engine.expected_seconds = plan.max_seconds
    engine.hang_seconds = plan.hang_seconds
    sampled = sampled_in_turn(engine, plan)
    descriptors = Descriptors(engine, plan.users)
    rate = engine.calibrate(descriptors.are_going)
    if engine.requests >= LEAST_REQUESTS and engine.failures == engine.requests:
        return 0
    read_gauges(engine)
    engine.checkpoint()
    engine.control()
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
        read_gauges(engine)
        engine.checkpoint()
        engine.control()
        now = look(engine.checkpoints, plan.slowest_fill)
        engine.lean = _lean(now)
        sure = sure + 1 if _is_sure(now) else 0
        if sure >= SURE_LOOKS and may_stop(plan, now):
            break
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
    return Progress(
        phase="measuring",
        elapsed=0.0,
        growth_bytes_per_request=memory.rate.value if memory else None,
        low=memory.rate.low if memory else None,
        high=memory.rate.high if memory else None,
        lean=now.lean,
        message=memory.reason if memory and not (undecided and now.memory_settled) else "",
    )
