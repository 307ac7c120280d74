"""Climb: the highest rate that a service sustains, step by step, and what gives way above it.

The first step sends as fast as the users can, which no rate above it will ever be. Then rates below
it are held for a while each, in an open model: a rate is sustained when what is sent is also
answered, without a backlog that grows. Rates climb in even steps until one is not sustained, and
the gap between the last that was and the first that was not is halved until it is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tsprof.records import Segment

FIRST_SHARE = 0.5
"""Of the rate that the users reach by themselves: the first rate that is held."""
CLIMB = 0.1
"""Of the same: how much each step adds."""
HIGHEST_SHARE = 1.5
"""Rates above this are not tried: users that wait between requests reach less than the service."""
PRECISION = 0.03
"""Relative gap between the highest sustained rate and the lowest that was not, at the end."""
ANSWERED = 0.99
"""Share of the intended requests that a sustained rate answers in its time."""
FAILED = 0.01
"""Share of failed requests above which a rate is not sustained."""
BUSY = 0.9
"""Use of a processor, or of all, above which it is what gave way."""
CROWDED = 0.25
"""Share of its time that the load process waits for a processor where other work takes them."""
_WAITS = "neither processor nor errors: the target waits for something (a lock, a pool, a disk)"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A rate that was held for a while; seconds, requests per second, and shares of 1."""

    rate: float | None
    """What was to be sent; None for as much as the users can."""
    seconds: float
    """How long it was held."""
    achieved: float
    """What was answered."""
    failed: float = 0.0
    """Share of the answers that were failures, or never came."""
    unsent: float = 0.0
    """Share of the requests that were due by its end and not sent: a backlog."""
    busiest: float | None = None
    """Use of one processor by the target's busiest process."""
    machine: float | None = None
    """Use of all processors, by the target, the load and tsprof."""
    waited: float = 0.0
    """Share of its time for which the load process waited for a processor."""
    generator: str = ""
    """Why the load itself could not keep the rate; empty where it could."""
    p99_ms: float | None = None
    """Of all answers, counted from when each request was due."""

    @property
    def is_sustained(self) -> bool:
        """Whether the rate was answered."""
        if self.rate is None or self.failed > FAILED:
            return False
        return self.achieved >= ANSWERED * self.rate and self.unsent <= 1 - ANSWERED


def step_of(segment: Segment, rate: float | None) -> Step:
    """Return what holding a rate for a segment came to."""
    arrivals = segment.arrivals
    return Step(
        rate=rate,
        seconds=segment.seconds,
        achieved=segment.requests_per_second,
        failed=segment.failures / segment.requests if segment.requests else 1.0,
        unsent=arrivals.unsent / arrivals.due if rate and arrivals and arrivals.due else 0.0,
    )


def next_rate(steps: Sequence[Step]) -> float | None:
    """Return the next rate to hold; None when the highest sustained one is known.

    Args:
        steps: so far; the first is without a rate.
    """
    unheld = steps[0].achieved
    held = [step for step in steps if step.rate is not None]
    if unheld <= 0:
        return None
    best = max((s.rate for s in held if s.rate is not None and s.is_sustained), default=None)
    worst = min((s.rate for s in held if s.rate is not None and not s.is_sustained), default=None)
    if worst is None:
        rate = FIRST_SHARE * unheld if best is None else best + CLIMB * unheld
        return rate if rate <= HIGHEST_SHARE * unheld else None
    if best is None:
        return worst / 2 if worst > CLIMB * unheld else None
    return None if worst - best <= PRECISION * worst else (best + worst) / 2


def best_step(steps: Sequence[Step]) -> Step | None:
    """Return the step with the highest rate that was sustained; None when none was."""
    sustained = [step for step in steps if step.is_sustained]
    return max(sustained, key=lambda step: step.rate or 0.0, default=None)


def first_beyond(steps: Sequence[Step]) -> Step | None:
    """Return the step with the lowest rate that was not sustained; None when all were."""
    beyond = [step for step in steps if step.rate is not None and not step.is_sustained]
    return min(beyond, key=lambda step: step.rate or 0.0, default=None)


def what_gave_way(step: Step, processors: int | None) -> str:
    """Say what kept the target from answering a rate, in words that follow "gave way: ".

    Args:
        step: one that was not sustained.
        processors: of the machine; None where it is not known.
    """
    if step.generator:
        return f"the load generator, not the target: {step.generator}"
    return _ran_into(step, processors) or _other_work(step) or _WAITS


def held_back(step: Step, processors: int | None) -> str:
    """Say what kept a rate from being answered where it was not the target; else empty.

    Args:
        step: one that was not sustained.
        processors: of the machine; None where it is not known.
    """
    return step.generator or ("" if _ran_into(step, processors) else _other_work(step))


def _ran_into(step: Step, processors: int | None) -> str:
    """Say which limit the target, with the load beside it, has reached; empty for none."""
    if step.failed > FAILED:
        return f"answers: {step.failed:.1%} of them failed"
    if step.busiest is not None and step.busiest >= BUSY and processors != 1:
        one = "its one busy process uses" if step.busiest < 1 + BUSY else "its busiest process uses"
        return (
            f"the target's processor time: {one} {step.busiest:.2g} of "
            f"{processors or 'the'} processors; more workers may help"
        )
    if step.machine is not None and step.machine >= BUSY:
        return f"the machine: its processors are {step.machine:.0%} busy"
    return ""


def _other_work(step: Step) -> str:
    """Say that something else has taken the machine's processors; empty where it has not."""
    if step.waited < CROWDED:
        return ""
    return (
        "the machine: something else uses its processors, for which the load process waited in "
        f"{step.waited:.0%} of its time"
    )
