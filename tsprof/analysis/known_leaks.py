"""A leak beside the baseline's: the same, a faster one, or another."""

from dataclasses import dataclass
from typing import Literal

from tsprof.analysis.baseline import Baseline, KnownFinding
from tsprof.analysis.change import Change, Estimate, change
from tsprof.analysis.keys import Places, places
from tsprof.report import format as fmt
from tsprof.report.model import Finding, Resource

BYTES = ("memory", "garbage")
"""Resources whose growth is in bytes."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A leak beside the baseline."""

    outcome: Literal["known", "faster", "elsewhere", "new"]
    """``known`` was there before and grows no faster."""
    text: str
    """What the baseline says of it, to follow a comma or a semicolon."""
    noise: float = 0.0
    """How much faster it could have grown without being told from before, per request."""


def compare_leak(
    finding: Finding, baseline: Baseline, folder: str, requests_per_second: float
) -> Comparison:
    """Say whether a leak is the baseline's.

    Args:
        finding: of kind ``leak``.
        baseline: of an earlier run.
        folder: the target's working directory.
        requests_per_second: the throughput of this run.
    """
    before = next(
        (k for k in baseline.findings if (k.resource, k.kind) == (finding.resource, "leak")), None
    )
    if before is None:
        return Comparison(outcome="new", text="it is new since the baseline")
    was, now = (rate_text(finding.resource, f.per_request) for f in (before, finding))
    where = places(finding.sites, finding.holders, folder)
    there = Places(sites=before.sites, holders=before.holders)
    difference = leak_change(
        before, finding, faster=_times(requests_per_second, baseline.requests_per_second)
    )
    noise = difference.value - difference.low if difference.low is not None else 0.0
    if difference.beyond_noise > 0:
        text = (
            f"its rate rose from the baseline's {was} to {now}, by more than the noise of "
            f"{rate_text(finding.resource, noise)}"
        )
        come = where.without(there)
        return Comparison(outcome="faster", text=f"{text}; new is {come}" if come else text)
    same = where.overlap(there)
    if same is False:
        text = f"it is in another place than the baseline's, which was {before.key}"
        return Comparison(outcome="elsewhere", text=text)
    text = f"known, as in the baseline: {was} then, {now} now"
    if same is None and finding.resource == "memory":
        text += " (its place could not be compared)"
    return Comparison(outcome="known", text=text, noise=noise)


def _times(now: float, then: float) -> float:
    return now / then if now > 0 and then > 0 else 1.0


def leak_change(before: KnownFinding | Finding, after: Finding, *, faster: float) -> Change:
    """Return the change of a leak's rate per request.

    Args:
        before: the leak in the earlier run.
        after: the leak in the later run.
        faster: the later run's throughput by the earlier one's. What grows with time brings less
            per request when more requests come in a second.
    """
    figure = "growth" if after.resource in BYTES else "count"
    by_request = change(_rate(before), _rate(after), figure)
    if not any(finding.clock.startswith("second") for finding in (before, after)):
        return by_request
    # The clock is an inference: where it says time, either reading of the rate may be right.
    by_time = change(_rate(before), _rate(after, faster), figure)
    return min(by_request, by_time, key=lambda difference: abs(difference.value))


def _rate(finding: KnownFinding | Finding, times: float = 1.0) -> Estimate:
    return Estimate(
        value=finding.per_request * times, low=finding.low * times, high=finding.high * times
    )


def rate_text(resource: Resource, per_request: float) -> str:
    """A growth per request in words."""
    amount = fmt.size(per_request) if resource in BYTES else fmt.number(per_request)
    return f"{amount} per request"
