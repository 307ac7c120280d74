"""Turns of two targets under the same load: what each came to, and what of the load limited it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tsprof.analysis.service.delivery import MOST_LATE, SATURATED
from tsprof.analysis.service.segments import latency_of
from tsprof.analysis.verdict.unserved_load import failed_share
from tsprof.records import Phase, Segment

LEAST_BLOCKS = 4
"""From which an interval is told."""
OF_A_BLOCK = 2
"""Turns of each target."""
LEAST_CPU = 0.05
"""Seconds of CPU time in a block that can be told apart: the kernel counts in 0.01 s."""
MOST_OWN = 0.1
"""Part of a request's time that the load process may take itself. With many users it is hidden
behind the target; one user waits for both."""


@dataclass(frozen=True)
class Turns:
    """Turns of one target."""

    segments: Sequence[Segment]
    cpu_seconds: float | None
    """CPU time that the target used in them; None where that is not known."""

    @property
    def seconds(self) -> float:
        """From each opening of the gate to the last answer."""
        return sum(segment.seconds for segment in self.segments)

    @property
    def requests(self) -> int:
        """Requests that were completed."""
        return sum(segment.requests for segment in self.segments)

    @property
    def requests_per_second(self) -> float | None:
        """While the gate was open; None where nothing came."""
        return self.requests / self.seconds if self.seconds > 0 and self.requests else None

    @property
    def cpu_ms(self) -> float | None:
        """CPU time per request; None where it is not known, or too little to tell."""
        if self.cpu_seconds is None or self.cpu_seconds < LEAST_CPU or not self.requests:
            return None
        return 1000 * self.cpu_seconds / self.requests

    def percentile(self, percent: float) -> float | None:
        """Latency in milliseconds; None where nothing came."""
        return latency_of(self.segments).percentile(percent)


def joined(each: Sequence[Turns]) -> Turns:
    """Return all turns together."""
    used = [turns.cpu_seconds for turns in each]
    known = [seconds for seconds in used if seconds is not None]
    segments = [segment for turns in each for segment in turns.segments]
    return Turns(segments, sum(known) if len(known) == len(used) else None)


def turns_of(phases: Sequence[Phase], segments: Sequence[Segment]) -> dict[str, Turns]:
    """Return a target's turns by the name of their block.

    Args:
        phases: one for each turn.
        segments: of the run.
    """
    by_number = {segment.number: segment for segment in segments}
    blocks: dict[str, list[Turns]] = defaultdict(list)
    for phase in phases:
        if phase.segment in by_number:
            blocks[phase.name].append(Turns([by_number[phase.segment]], phase.cpu_seconds))
    return {name: joined(turns) for name, turns in blocks.items()}


def whole_blocks(
    reference: Mapping[str, Turns], target: Mapping[str, Turns]
) -> list[tuple[Turns, Turns]]:
    """Return the blocks in which both had all of their turns, the reference's first."""
    return [
        (reference[name], turns)
        for name, turns in target.items()
        if name in reference and len(turns.segments) == len(reference[name].segments) == OF_A_BLOCK
    ]


def obstacle(blocks: Sequence[tuple[Turns, Turns]]) -> str:
    """Say why the two cannot be compared; empty where they can."""
    if len(blocks) < LEAST_BLOCKS:
        return f"they took turns in {len(blocks)} whole blocks, and {LEAST_BLOCKS} are needed"
    for name, side in zip(("reference", "target"), zip(*blocks, strict=True), strict=True):
        turns = joined(side)
        if not turns.requests:
            return f"no request to the {name} was completed"
        if failed := failed_share(turns.segments):
            return f"{failed} at the {name}, and a failure takes another time than an answer"
    return ""


def rate_limit(segments: Sequence[Segment]) -> str:
    """Say that a target was asked for no more than a rate; empty where it did not keep it up.

    Args:
        segments: of one target.
    """
    arrivals = [segment.arrivals for segment in segments if segment.arrivals]
    due = sum(arrival.due for arrival in arrivals)
    missed = sum(arrival.late + arrival.unsent for arrival in arrivals)
    return "the rate asked for no more" if due and missed <= MOST_LATE * due else ""


def generator_limit(segments: Sequence[Segment]) -> str:
    """Say that the load process could not ask for more; empty where it could.

    Args:
        segments: of one target.
    """
    told = [(s, s.generator) for s in segments if s.generator and s.seconds > 0]
    seconds = sum(segment.seconds for segment, _ in told)
    if not seconds:
        return "how busy the load process was is not known"
    used = sum(segment.seconds * g.cpu_share for segment, g in told) / seconds
    waited = sum(segment.seconds * g.waited_share for segment, g in told) / seconds
    users = max(segment.users for segment, _ in told) or 1
    busy = f"used {used:.0%} of a core and waited for one in {waited:.0%} of its time"
    if used + waited >= SATURATED:
        return f"the load process {busy}"
    if (used + waited) / users > MOST_OWN:
        return f"the load process, which {busy}, took a part of each of so few users' requests"
    return ""
