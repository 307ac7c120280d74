"""One look at a run: every resource assessed, and what that leans to."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tsprof.analysis.growth.assess import Assessment, Series, Shape, assess
from tsprof.analysis.growth.shapes import SLOWEST_FILL
from tsprof.analysis.run import observe
from tsprof.records import Checkpoint
from tsprof.report.model import Resource

LEAK_FLOOR = 2.0
"""Bytes per request below which growth is not called a leak: glibc's thread caches alone show
about 3 bytes per request at first and under 1 later in a clean service with native code."""
LEAST_GROWN = 64 << 10
"""Bytes that must certainly have come before growth is called a leak. What clean services gain
once, late and in small steps (thread-local heaps, log buffers, route caches) came to 14 KB within
2,700 requests of Flask under gevent, in even steps."""
DETECTABLE_GOAL = 2.0
"""Bytes per request; a run that could have seen such a leak need not look longer."""
DETECTABLE_LIMIT = 64.0
"""Bytes per request; a run that could not have seen such a leak does not pass."""
PASS_LIMIT = 16.0
"""Bytes per request; growth that is certainly below it does not keep a run from passing, although
it may not be nothing (a slow service whose caches still settle)."""
OUTSIDE_BLIND_SPOT = 4 << 20
"""Bytes that resident memory may hide from a look from outside (allocator slack; at least 1 % of
the memory, as measured on long-running services)."""
OUTSIDE_LEAK = 1 << 20
"""Bytes of steady growth of resident memory from which it counts as a leak."""
UNOWNED_SHARE = 0.2
"""Part of the anonymous memory that no known allocator holds from which the smallest leak that
could have shown is one in there: a garbage-collected heap, an allocator of the program's own.
Python services, nginx and small C programs came to less than 0.02 of theirs."""
UNOWNED_LEAST = 256 << 10
"""Bytes per process up to which that is what every program maps: 60 kB in a worker of nginx."""

Lean = Literal["leak", "clean", "undecided"]
LEAKS = (Shape.LEAK, Shape.LEAK_AND_FILLING)
SETTLED = (Shape.NONE, Shape.FILLED, Shape.STEP)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the checkpoints so far say."""

    view: observe.Watched
    memory: Assessment | None
    """Exact live bytes of the processes with an agent."""
    outside: Assessment | None
    """Resident memory of the processes without one."""
    unowned: Assessment | None
    slack: Assessment | None
    counts: Mapping[Resource, Assessment]
    gained_late: float
    """Bytes per request over the later part of the run, jumps included."""
    garbage_per_request: float
    """Bytes that only the forced collections freed, in processes whose collector does not run."""

    @property
    def leaking(self) -> tuple[Resource, ...]:
        """Resources that leak, by the shape of their growth."""
        found: list[Resource] = []
        if self.memory_leaks or self.outside_leaks or self.unowned_leaks:
            found.append("memory")
        if self.garbage_per_request >= LEAK_FLOOR:
            found.append("garbage")
        found += [name for name, assessment in self.counts.items() if assessment.shape in LEAKS]
        return tuple(found)

    @property
    def memory_leaks(self) -> bool:
        """Exact live bytes grow for good, by an amount that matters."""
        memory = self.memory
        return (
            memory is not None
            and memory.shape in LEAKS
            and memory.rate.value >= LEAK_FLOOR
            and memory.rate.low * requests_between(self.view, memory) >= LEAST_GROWN
        )

    @property
    def outside_leaks(self) -> bool:
        """Resident memory seen from outside grew steadily."""
        return self.outside is not None and _grows_steadily(self.outside, self.view)

    @property
    def unowned_leaks(self) -> bool:
        """Memory that no known allocator holds grew steadily."""
        return self.unowned is not None and _grows_steadily(self.unowned, self.view)

    @property
    def memory_settled(self) -> bool:
        """Memory certainly does not grow for good by an amount that matters."""
        judged = self.memory if self.memory is not None else self.outside
        return judged is not None and (
            judged.shape in SETTLED
            or (not self.memory_leaks and certainly_small(judged, self.gained_late))
        )

    @property
    def is_told(self) -> bool:
        """Each resource certainly leaks or certainly does not: there is no leak left to find."""
        counts = all(count.shape in (*SETTLED, *LEAKS) for count in self.counts.values())
        return counts and ("memory" in self.leaking or self.memory_settled)

    @property
    def detectable(self) -> float | None:
        """The smallest leak in bytes per request that these checkpoints could have shown."""
        parts = []
        if self.memory is not None:
            parts.append(_visible(self.memory))
        if self.outside is not None and (self.memory is None or self.outside_matters):
            parts.append(_visible_from_outside(self.outside, self.view))
        if self.unowned is not None and self.unowned_matters:
            parts.append(_visible_from_outside(self.unowned, self.view))
        if not parts or any(part is None for part in parts):
            return None
        return max(part for part in parts if part is not None)

    @property
    def missing_requests(self) -> float:
        """Requests until resident memory hides no leak above the limit; 0 or less for none."""
        judged = [
            assessment
            for assessment, matters in (
                (self.outside, self.memory is None or self.outside_matters),
                (self.unowned, self.unowned_matters),
            )
            if assessment is not None and matters
        ]
        needed = blind_spot(self.view) / DETECTABLE_LIMIT
        return max((needed - requests_between(self.view, each) for each in judged), default=0.0)

    @property
    def outside_matters(self) -> bool:
        """A process without an agent holds a good part of the memory."""
        if not self.view.checkpoints:
            return False
        readings = self.view.readings(self.view.checkpoints[-1])
        blind = sum(r.rss for r in readings if r.live is None)
        return blind > 0.2 * sum(r.rss for r in readings)

    @property
    def judged_between(self) -> tuple[Checkpoint, Checkpoint] | None:
        """The first and last checkpoint on which the verdict on memory rests."""
        judged = self.memory or self.outside
        points = self.view.checkpoints
        if judged is None or len(points) < 2:  # noqa: PLR2004 - growth needs two points
            return None
        return points[judged.first], points[judged.last]

    @property
    def unowned_matters(self) -> bool:
        """A good part of the memory is held by no allocator that the agents can read."""
        if not self.view.checkpoints:
            return False
        last = self.view.readings(self.view.checkpoints[-1])
        return self.unowned_bytes > UNOWNED_SHARE * sum(r.anonymous for r in last)

    @property
    def unowned_bytes(self) -> float:
        """Bytes at the end that no allocator holds that the agents can read.

        Of the processes in which they are a good part of the memory.
        """
        if not self.view.checkpoints:
            return 0.0
        last = self.view.readings(self.view.checkpoints[-1])
        sizes = [(observe.unowned(reading) or 0.0, reading.anonymous) for reading in last]
        return sum(
            size
            for size, anonymous in sizes
            if size > max(UNOWNED_SHARE * anonymous, UNOWNED_LEAST)
        )

    @property
    def lean(self) -> Lean:
        """What the run would say if it ended here."""
        if self.leaking:
            return "leak"
        memory = self.memory if self.memory is not None else self.outside
        if (
            memory is None
            or self.detectable is None
            or self.detectable > DETECTABLE_LIMIT
            or not self.memory_settled
            or not all(count.shape in SETTLED for count in self.counts.values())
        ):
            return "undecided"
        return "clean"


def look(checkpoints: Sequence[Checkpoint], slowest_fill: float = SLOWEST_FILL) -> Look:
    """Assess every resource on the checkpoints so far.

    Args:
        checkpoints: in order.
        slowest_fill: time constant, in segments, of the slowest filling to be told from a leak.
    """
    view = observe.watched(checkpoints)

    def judge(series: Series | None, resolution: float) -> Assessment | None:
        if series is None:
            return None
        if resolution == observe.PAGE:
            return assess(
                series,
                resolution=resolution,
                floor=1.0,
                tolerance=PASS_LIMIT,
                slowest=slowest_fill,
            )
        return assess(series, resolution=resolution, slowest=slowest_fill)

    counts: dict[Resource, Assessment] = {}
    for name, value in (
        ("fd", observe.descriptors),
        ("thread", observe.threads),
        ("task", observe.tasks),
    ):
        assessment = judge(observe.series(view, value), 1.0)
        if assessment is not None:
            counts[name] = assessment  # type: ignore[index]  # the names are Resources
    counts["process"] = assess(
        observe.process_count(checkpoints), resolution=1.0, slowest=slowest_fill
    )
    temporary = judge(observe.temporary_files(checkpoints), 1.0)
    if temporary is not None:
        counts["temporary_file"] = temporary
    live = observe.series(view, observe.live)
    outside = observe.series(view, observe.outside)
    judged = live if live is not None else outside
    return Look(
        view=view,
        memory=judge(live, observe.BLOCK),
        outside=judge(outside, observe.PAGE),
        unowned=judge(observe.series(view, observe.unowned), observe.PAGE),
        slack=judge(observe.series(view, observe.slack), observe.PAGE),
        counts=counts,
        gained_late=math.inf if judged is None else gained_late(judged),
        garbage_per_request=_uncollected_garbage(view),
    )


def certainly_small(assessment: Assessment, gained: float) -> bool:
    """Tell whether growth in bytes, whatever its shape, is too small to matter.

    Args:
        assessment: of the series.
        gained: bytes per request over the later part of the run, jumps included: a leak that comes
            in rare large pieces looks like steps, and its rate between them is nothing.
    """
    if assessment.detectable is None:
        return False
    return max(assessment.rate.high, gained, assessment.detectable) < PASS_LIMIT


def gained_late(series: Series) -> float:
    """Return the growth per request over the last two thirds of the checkpoints, as it is."""
    count = len(series.values)
    if count < 6:  # noqa: PLR2004 - two checkpoints in each third
        return math.inf
    start = count // 3
    begin, end = (
        statistics.median(series.values[start - 1 : start + 2]),
        statistics.median(series.values[-3:]),
    )
    requests = series.requests[-2] - series.requests[start]
    return (end - begin) / requests if requests > 0 else math.inf


def _visible(assessment: Assessment) -> float | None:
    """Return the smallest leak that would have shown; growth that is there may hide one."""
    if assessment.detectable is None:
        return None
    if assessment.shape in (*SETTLED, *LEAKS):
        return assessment.detectable
    return max(assessment.detectable, assessment.rate.high)


def _visible_from_outside(assessment: Assessment, view: observe.Watched) -> float | None:
    """Return the smallest leak that would have shown in resident memory, which hides some."""
    visible, span = _visible(assessment), requests_between(view, assessment)
    return None if visible is None or span <= 0 else max(visible, blind_spot(view) / span)


def _grows_steadily(assessment: Assessment, view: observe.Watched) -> bool:
    grown = assessment.rate.low * requests_between(view, assessment)
    return assessment.shape in LEAKS and grown > OUTSIDE_LEAK


def blind_spot(view: observe.Watched) -> float:
    """Return the bytes of growth that resident memory can hide."""
    if not view.checkpoints:
        return float(OUTSIDE_BLIND_SPOT)
    rss = sum(r.rss for r in view.readings(view.checkpoints[-1]))
    return max(float(OUTSIDE_BLIND_SPOT), 0.01 * rss)


def requests_between(view: observe.Watched, assessment: Assessment) -> int:
    """Return the requests completed within an assessment's settled window."""
    points = view.checkpoints
    if not points or assessment.last >= len(points):
        return 0
    return points[assessment.last].requests - points[assessment.first].requests


def seconds_between(view: observe.Watched, assessment: Assessment) -> float:
    """Return the seconds of an assessment's settled window."""
    points = view.checkpoints
    if not points or assessment.last >= len(points):
        return 0.0
    return points[assessment.last].seconds - points[assessment.first].seconds


def _uncollected_garbage(view: observe.Watched) -> float:
    """Return bytes of garbage per request in processes whose collector never runs by itself.

    A collector that runs bounds its garbage. One that is switched off (or whose oldest generation
    is never collected while garbage piles up) leaves it to the forced collections of the
    checkpoints: what those free per request would have stayed.
    """
    points = view.checkpoints
    if len(points) < 4:  # noqa: PLR2004 - two collections of one segment each, after the warm-up's
        return 0.0
    freed, requests = 0, points[-1].requests - points[1].requests
    for identity in view.identities:
        lives = [next(r for r in c.processes if r.identity == identity) for c in points]
        if lives[-1].source != "agent" or any(r.gc_enabled for r in lives[1:]):
            continue
        if lives[-1].gc_collections > lives[1].gc_collections:
            continue  # the program collects by hand
        freed += sum(r.garbage_bytes for r in lives[2:])
    return freed / requests if requests > 0 else 0.0
