"""What a run could not see, of memory and of what is counted: why it does not pass."""

import math
from collections.abc import Iterable

from tsprof.analysis.growth.assess import Assessment
from tsprof.analysis.run.assessments import (
    DETECTABLE_LIMIT,
    LEAK_FLOOR,
    LEAKS,
    OUTSIDE_LEAK,
    PASS_LIMIT,
    SETTLED,
    Look,
)
from tsprof.analysis.verdict.findings import NOUNS, count_finding
from tsprof.analysis.verdict.grounds import Grounds
from tsprof.analysis.verdict.more_time import TimeAllowed, more_time
from tsprof.report import format as fmt
from tsprof.report.model import Criterion

LEAST_SEGMENTS = 4
USUAL_SEGMENTS = 12
"""Segments after which most runs are sure."""


def weigh_memory_sight(look: Look, allowed: TimeAllowed, grounds: Grounds) -> None:
    """Doubt what could not be seen of memory."""
    if look.memory is None and look.outside is None:
        grounds.doubt("no checkpoint was taken, so memory could not be judged")
        return
    if len(look.view.checkpoints) <= LEAST_SEGMENTS:
        if look.view.restarts:
            grounds.doubt(
                f"processes of the target came or went at {look.view.restarts} checkpoints, "
                "so no stretch was long enough to judge",
                "switch off worker recycling for the check (max_requests = 0); where they crashed, "
                "the last lines of the target say why",
            )
        elif look.view.uncertain:
            grounds.doubt(
                f"load processes were lost in {fmt.count(look.view.uncertain, 'segment')}, and "
                "no stretch without such a loss was long enough to judge",
                "see in the notes why they were lost",
            )
        else:
            grounds.doubt(
                f"only {max(0, len(look.view.checkpoints) - 1)} segments were measured",
                more_time(look, USUAL_SEGMENTS, allowed),
            )
        return
    judged = look.memory if look.memory is not None else look.outside
    assert judged is not None
    tiny = judged.shape in LEAKS and judged.rate.value < LEAK_FLOOR
    if not look.memory_settled and not tiny:
        grounds.doubt(f"memory: {judged.reason}", _time_to_see(look, judged.more_segments, allowed))
    elif look.detectable is None or look.detectable > DETECTABLE_LIMIT:
        seen = "nothing" if look.detectable is None else f"{look.detectable:.3g} B per request"
        grounds.doubt(
            f"the smallest leak that this run could have seen is {seen}, "
            f"above the limit of {DETECTABLE_LIMIT:g} B per request",
            _time_to_see(look, 0, allowed)
            if _segments_unseen(look)
            else f"allow more time ({allowed.option}) or more load (--users); without the agent, a "
            "leak shows only after megabytes",
        )


def _time_to_see(look: Look, decides: int | None, allowed: TimeAllowed) -> str:
    """Advise how long to run for a verdict, and for a leak to show where memory hides it.

    Args:
        look: at the run.
        decides: segments that decide whether memory grows; None where that cannot be said.
        allowed: for this run.
    """
    unseen = _segments_unseen(look)
    if decides is None or unseen <= decides:
        return more_time(look, decides, allowed)
    return f"{more_time(look, unseen, allowed)}; less with more load (--users, --rate)"


def _segments_unseen(look: Look) -> int:
    """Return how many more segments it takes until resident memory hides no leak that matters."""
    points = look.view.checkpoints
    requests = points[-1].requests - points[0].requests
    if look.missing_requests <= 0 or requests <= 0:
        return 0
    return math.ceil(look.missing_requests * (len(points) - 1) / requests)


def weigh_counts_sight(look: Look, allowed: TimeAllowed, grounds: Grounds) -> None:
    """Doubt what could not be seen of descriptors, threads, tasks and processes.

    What lacks the same is told in one sentence, and of the times that would tell the longest.
    """
    if not look.view.checkpoints:
        return  # that nothing was seen is said already
    unsure: dict[str, list[str]] = {}
    doubted: list[Assessment] = []
    for resource, assessment in look.counts.items():
        if assessment.shape not in SETTLED and count_finding(resource, assessment) is None:
            unsure.setdefault(assessment.reason, []).append(NOUNS[resource])
            doubted.append(assessment)
    known = [each.more_segments for each in doubted if each.more_segments is not None]
    longest = max(known) if len(known) == len(doubted) and known else None
    for reason, names in unsure.items():
        grounds.doubt(f"{_listed(names)}: {reason}", more_time(look, longest, allowed))


def unsure_of_kept_memory(criteria: Iterable[Criterion], look: Look) -> tuple[Criterion, ...]:
    """Return criteria with memory in doubt that a target seems to have kept after a spike.

    A heap that is collected whenever its runtime likes keeps what nobody needs any more: right
    after ten times the load, an idle server on Node.js held 72 % more anonymous memory.
    """
    if not look.outside_matters and not look.unowned_matters:
        return tuple(criteria)
    reason = "what is live cannot be told from what its runtime or allocator keeps for later"
    return tuple(
        criterion.model_copy(update={"met": None, "reason": reason})
        if criterion.name == "memory_kept" and criterion.met is False
        else criterion
        for criterion in criteria
    )


def unread_memory(look: Look) -> tuple[str, ...]:
    """Say what memory could not be read exactly, or is not judged, where that matters."""
    return (*_unowned(look), *_mapped(look))


def _mapped(look: Look) -> tuple[str, ...]:
    """Tell of files and shared memory that grow after the warm-up.

    A file that is read, and a ring buffer that is written for the first time, grow so, too: the 80
    MB of Varnish's log came to 577 B per request.
    """
    points = look.view.checkpoints[len(look.view.checkpoints) // 3 :]
    sizes = [sum(r.file_mapped for r in look.view.readings(point)) for point in points]
    requests = points[-1].requests - points[0].requests if points else 0
    grown = sizes[-1] - sizes[0] if points else 0
    if grown < OUTSIDE_LEAK or grown < PASS_LIMIT * requests:
        return ()
    rate = fmt.size(grown / max(requests, 1))
    text = (
        f"mapped files and shared memory grew by {rate} per request, which is not judged: a page "
        "counts from when it is first touched"
    )
    return (text,)


def _unowned(look: Look) -> tuple[str, ...]:
    if not look.unowned_matters:
        return ()
    text = (
        f"{fmt.size(look.unowned_bytes)} are held by no allocator that can be read (such as a "
        "garbage-collected heap, one of the program's own, mimalloc, or jemalloc built without "
        "statistics, for which Rust's crate has the feature stats): there, small leaks stay unseen"
    )
    return (text,)


def _listed(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
