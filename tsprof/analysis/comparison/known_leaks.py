"""The leaks of a run beside its baseline's: the same, faster ones, or others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tsprof.analysis.comparison.baseline import Baseline, KnownFinding, known_findings
from tsprof.analysis.comparison.keys import Places
from tsprof.analysis.comparison.pairs import Pair, merged, pair_leaks
from tsprof.report import format as fmt
from tsprof.report.model import IN_BYTES, Finding, Resource


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A leak beside the baseline."""

    outcome: Literal["known", "faster", "elsewhere", "new"]
    """``known`` was there before and grows no faster."""
    text: str
    """What the baseline says of it, to follow a comma or a semicolon."""
    room: float = 0.0
    """How much faster its resource could have grown without being told from before, per request;
    0 where the leak is not known."""


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """The findings of a run beside the baseline's leaks."""

    by_finding: tuple[Comparison | None, ...]
    """In the order of the findings; None for what is no leak."""
    gone: tuple[KnownFinding, ...]
    """The baseline's leaks that are there no more, in no form."""


def compare_leaks(
    findings: Sequence[Finding], baseline: Baseline, folder: str, requests_per_second: float
) -> Comparisons:
    """Say which leaks are the baseline's, and which of the baseline's have gone.

    Args:
        findings: all those of a run.
        baseline: of an earlier run.
        folder: the target's working directory.
        requests_per_second: the throughput of this run.
    """
    here = known_findings(findings, folder)
    faster = _times(requests_per_second, baseline.requests_per_second)
    pairs = pair_leaks(baseline.findings, here, faster=faster)
    return Comparisons(
        by_finding=tuple(
            _comparison(finding, pairs, faster) if finding.kind == "leak" else None
            for finding in here
        ),
        gone=tuple(
            known
            for pair in pairs
            if not pair.after
            for known in pair.before
            if not any(_has_become(known, finding) for finding in here)
        ),
    )


def _has_become(known: KnownFinding, finding: KnownFinding) -> bool:
    """Tell whether a leak may be what still fills or was let go, and so has not gone."""
    other = finding.kind not in ("leak", "fragmentation") and finding.resource == known.resource
    return other and known.where.overlap(finding.where) is not False


def _comparison(finding: KnownFinding, pairs: Sequence[Pair], faster: float) -> Comparison:
    mine = next(pair for pair in pairs if finding in pair.after)
    if not mine.before:
        return _unknown(finding, pairs)
    difference = mine.change(faster)
    was, now = (
        rate_text(finding.resource, sum(part.per_request for part in side))
        for side in (mine.before, mine.after)
    )
    others = ", ".join(key for key in mine.keys if key != finding.key)
    summed = len(mine.before) + len(mine.after) > 2  # noqa: PLR2004 - more than one beside one
    together = f", together with {others}" if summed and others else ""
    if difference.beyond_noise > 0:
        noise = rate_text(finding.resource, difference.value - (difference.low or 0.0))
        text = (
            f"its rate{together}{',' if together else ''} rose from the baseline's {was} to {now}, "
            f"by more than the noise of {noise}"
        )
        come = finding.where.without(_places(mine.before))
        return Comparison(outcome="faster", text=f"{text}; new is {come}" if come else text)
    text = f"known, as in the baseline{together}: {was} then, {now} now"
    if finding.resource == "memory" and _nothing_to_compare(finding, mine):
        text += " (its place could not be compared)"
    return Comparison(outcome="known", text=text, room=_room(finding.resource, pairs, faster))


def _unknown(finding: KnownFinding, pairs: Sequence[Pair]) -> Comparison:
    """Compare a leak that is in no place of the baseline's."""
    earlier = [pair for pair in pairs if _of(finding.resource, pair.before)]
    if not earlier or any(pair.after for pair in earlier):
        return Comparison(outcome="new", text="it is new since the baseline")
    names = ", ".join(merged(earlier).keys)
    text = f"it is in another place than the baseline's, which was {names}"
    return Comparison(outcome="elsewhere", text=text)


def _places(findings: Sequence[KnownFinding]) -> Places:
    return Places(
        sites=tuple(key for finding in findings for key in finding.sites),
        holders=tuple(key for finding in findings for key in finding.holders),
    )


def _nothing_to_compare(finding: KnownFinding, pair: Pair) -> bool:
    return all(known.where.overlap(finding.where) is None for known in pair.before)


def _room(resource: Resource, pairs: Sequence[Pair], faster: float) -> float:
    """Return how much more all leaks of a resource that was known to leak could bring."""
    whole = merged([pair for pair in pairs if _of(resource, pair.before)])
    return max(0.0, -(whole.change(faster).low or 0.0))


def _of(resource: Resource, findings: Sequence[KnownFinding]) -> bool:
    return any(finding.resource == resource for finding in findings)


def _times(now: float, then: float) -> float:
    return now / then if now > 0 and then > 0 else 1.0


def rate_text(resource: Resource, per_request: float) -> str:
    """A growth per request in words."""
    amount = fmt.size(per_request) if resource in IN_BYTES else fmt.number(per_request)
    return f"{amount} per request"
