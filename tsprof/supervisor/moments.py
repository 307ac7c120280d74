"""Three looks at the target's heap: before, between and after two counted segments."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from tsprof.records import Segment
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.window import Window

MOMENTS = 3

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Moments(Generic[Seen]):
    """What was seen, and the requests between."""

    looks: list[dict[int, Seen]]
    """By pid; a process that is new, or has ended, is not in all."""
    segments: list[Segment]
    """Before each look; the first warms up."""

    @property
    def requests_early(self) -> int:
        """Between the first two looks."""
        return self.segments[1].requests

    @property
    def requests_total(self) -> int:
        """Between the first look and the last."""
        return self.segments[1].requests + self.segments[2].requests

    @property
    def rate(self) -> float:
        """Requests per second meanwhile."""
        seconds = self.segments[1].seconds + self.segments[2].seconds
        return self.requests_total / max(seconds, 0.001)

    @property
    def last(self) -> dict[int, Seen]:
        """The last look."""
        return self.looks[-1]

    def of_processes(self) -> Iterator[tuple[int, list[Seen]]]:
        """Yield each process that was there throughout: its pid, and the three looks at it."""
        for pid in self.last:
            seen = [look[pid] for look in self.looks if pid in look]
            if len(seen) == MOMENTS:
                yield pid, seen


def three_moments(
    engine: Engine,
    requests: int,
    patience: float,
    look: Callable[[], dict[int, Seen]],
    window: Window,
) -> Moments[Seen]:
    """Drive three segments, and look after each.

    Args:
        engine: of a target that serves.
        requests: of the first segment; each later one has as many as the one before got done.
        patience: seconds for each.
        look: tells of each process.
        window: takes the number of requests.

    Raises:
        RunEnded: the target or the load is gone.
    """
    moments: Moments[Seen] = Moments([], [])
    for _ in range(MOMENTS):
        segment = engine.counted_segment(requests, patience)
        requests = max(segment.requests, 1)
        moments.segments.append(segment)
        engine.wait_until_quiet()
        moments.looks.append(look())
        engine.pump()
    window.requests_early = moments.requests_early
    window.requests_total = moments.requests_total
    return moments
