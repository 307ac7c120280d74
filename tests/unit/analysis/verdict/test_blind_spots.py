"""What could not be seen is told once, in plain words."""

import math
from dataclasses import replace

from fabricate import SEGMENT, growing, growing_outside, taken

from tsprof.analysis.growth.assess import Shape
from tsprof.analysis.run.assessments import DETECTABLE_LIMIT, Look, look
from tsprof.analysis.verdict.blind_spots import (
    unsure_of_kept_memory,
    weigh_counts_sight,
    weigh_memory_sight,
)
from tsprof.analysis.verdict.grounds import Grounds
from tsprof.analysis.verdict.more_time import TimeAllowed
from tsprof.report.model import Criterion, Resource

SEEN = look(taken(growing()))
DEFAULT = TimeAllowed(seconds=55)
ENOUGH = "about 56 s more would tell: --max-time 2m10s; less with more load (--users, --rate)"


def unsure(**more_segments: int | None) -> Look:
    """A look at counts that would need so many more segments each."""
    counts: dict[Resource, object] = {
        name: replace(
            SEEN.counts[name],  # type: ignore[index]  # the tests' literals
            shape=Shape.UNDECIDED,
            more_segments=more,
            reason="no change so far, but 6 segments are too few to be sure",
        )
        for name, more in more_segments.items()
    }
    return replace(SEEN, counts={**SEEN.counts, **counts})


def doubts(seen: Look) -> list[tuple[str, str]]:
    grounds = Grounds()
    weigh_counts_sight(seen, DEFAULT, grounds)
    assert not grounds.failures
    return grounds.doubts


def test_counts_that_lack_the_same_are_told_in_one_sentence() -> None:
    ((reason, _),) = doubts(unsure(fd=3, thread=3, task=3, process=3))
    assert reason == (
        "open file descriptors, threads, asyncio tasks and processes: "
        "no change so far, but 6 segments are too few to be sure"
    )
    ((reason, _),) = doubts(unsure(task=3))
    assert reason.startswith("asyncio tasks: ")


def test_the_longest_time_is_advised() -> None:
    ((_, advice),) = doubts(unsure(fd=3, process=100))
    ((_, longest),) = doubts(unsure(process=100))
    ((_, shortest),) = doubts(unsure(fd=3))
    assert advice == longest != shortest


def test_a_time_that_nobody_knows_is_the_longest() -> None:
    ((_, advice),) = doubts(unsure(fd=3, process=None))
    assert advice == "run it for longer: tsprof endurance"


def test_counts_that_are_sure_are_not_doubted() -> None:
    assert doubts(SEEN) == []


def test_resident_memory_is_given_the_time_that_it_takes() -> None:
    short = look(taken(growing_outside()))
    grounds = Grounds()
    weigh_memory_sight(short, DEFAULT, grounds)
    ((reason, advice),) = grounds.doubts
    assert reason.startswith("the smallest leak that this run could have seen is ")
    assert advice == ENOUGH
    longer = 24 + math.ceil(short.missing_requests / SEGMENT)
    nearly, enough = (look(taken(growing_outside(), count=n)) for n in (longer - 2, longer))
    assert (nearly.detectable or 0) > DETECTABLE_LIMIT >= (enough.detectable or math.inf)


def test_undecided_growth_is_not_promised_an_answer_before_it_can_be_seen() -> None:
    """A heap of its own that comes and goes: an answer in two segments would be another doubt."""
    seen = look(taken(growing_outside()))
    assert seen.outside is not None
    undecided = replace(seen.outside, shape=Shape.UNDECIDED, more_segments=2)
    grounds = Grounds()
    weigh_memory_sight(replace(seen, outside=undecided, gained_late=math.inf), DEFAULT, grounds)
    ((reason, advice),) = grounds.doubts
    assert reason.startswith("memory: ")
    assert advice == ENOUGH


def kept(*, met: bool) -> Criterion:
    value = 0.05 if met else 0.3
    return Criterion(name="memory_kept", limit=0.1, value=value, met=met, comparison="<")


def test_memory_kept_after_a_spike_is_certain_where_it_is_read_exactly() -> None:
    assert unsure_of_kept_memory([kept(met=False)], SEEN) == (kept(met=False),)


def test_memory_kept_by_a_heap_that_cannot_be_read_is_uncertain() -> None:
    blind = look(taken(growing_outside()))
    speed = Criterion(name="p99_ms", limit=10, value=20, met=False, comparison="<")
    memory, other = unsure_of_kept_memory([kept(met=False), speed], blind)
    assert memory.met is None
    assert "cannot be told" in memory.reason
    assert other == speed
    assert unsure_of_kept_memory([kept(met=True)], blind) == (kept(met=True),)
