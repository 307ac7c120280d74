"""Leaks of two runs that are the same growth: one beside one, or a sum beside its parts.

How much a resource grows is measured; which part of it is whose is found by attribution, which may
name one cause in one run and two in the other, or give a part of one's bytes to another.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tsprof.analysis.comparison.baseline import KnownFinding
from tsprof.analysis.comparison.change import Change, Estimate, change
from tsprof.report.model import IN_BYTES


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is the same growth in two runs; one side is empty where only the other has it."""

    before: tuple[KnownFinding, ...] = ()
    after: tuple[KnownFinding, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its findings, each once, the earlier run's first."""
        return tuple(dict.fromkeys(finding.key for finding in (*self.before, *self.after)))

    def change(self, faster: float) -> Change:
        """Return the change of its rate per request, which is the sum of its findings'.

        Args:
            faster: the later run's throughput by the earlier one's. What grows with time brings
                less per request when more requests come in a second.
        """
        both = (*self.before, *self.after)
        figure = "growth" if both[0].resource in IN_BYTES else "count"
        before, after = _sum(self.before), _sum(self.after)
        by_request = change(before, after, figure)
        if not any(finding.clock.startswith("second") for finding in both):
            return by_request
        # The clock is an inference: where it says time, either reading of the rate may be right.
        by_time = change(before, _sum(self.after, faster), figure)
        return min(by_request, by_time, key=lambda difference: abs(difference.value))


def merged(pairs: Sequence[Pair]) -> Pair:
    """Return one pair with all the findings of some."""
    return Pair(
        before=tuple(chain.from_iterable(pair.before for pair in pairs)),
        after=tuple(chain.from_iterable(pair.after for pair in pairs)),
    )


def pair_leaks(
    before: Sequence[KnownFinding], after: Sequence[KnownFinding], *, faster: float
) -> tuple[Pair, ...]:
    """Pair the leaks of two runs, each of which is in one pair.

    Args:
        before: the earlier run's findings, of any kind and resource.
        after: the later run's.
        faster: as for ``Pair.change``.
    """
    leaks = [finding for finding in (*before, *after) if finding.kind == "leak"]
    return tuple(
        pair
        for resource in dict.fromkeys(leak.resource for leak in leaks)
        for pair in _by_growth(
            list(
                _by_place(
                    [f for f in before if f.resource == resource and f.kind in ("leak", "filling")],
                    [f for f in after if f.resource == resource and f.kind == "leak"],
                )
            ),
            faster,
        )
    )


def _by_growth(pairs: Sequence[Pair], faster: float) -> Iterator[Pair]:
    """Put together what the sum shows to have been told apart otherwise.

    A leak in a new place is a part of the others where they fell by as much. Where the leaks of
    both runs did not rise together, none rose; and where they rose together, but none beyond its
    own noise, it is the sum that rose.
    """

    def rose(pair: Pair) -> bool:
        return pair.change(faster).beyond_noise > 0

    kept = [pair for pair in pairs if pair.before and pair.after]
    new = [pair for pair in pairs if not pair.before]
    gone = [pair for pair in pairs if not pair.after]
    if kept and new and not rose(merged([*kept, *new])):
        kept, new = [merged([*kept, *new])], []
    whole = merged([*kept, *gone])
    if kept and rose(whole) != any(map(rose, kept)):
        kept, gone = [whole], []
    yield from (*kept, *new, *gone)


def _by_place(before: Sequence[KnownFinding], after: Sequence[KnownFinding]) -> Iterator[Pair]:
    """Connect leaks that have a holder in common, or else a site.

    What filled a cache, as far as the earlier run knew, counts for a leak only as a part of one.
    """
    pairs = _connected(before, after, _held_alike)
    held = [pair for pair in pairs if pair.before and pair.after]
    rest = merged([pair for pair in pairs if pair not in held])
    for pair in (*held, *_connected(rest.before, rest.after, _overlap)):
        if any(finding.kind == "leak" for finding in pair.before):
            yield pair
        elif pair.after:
            yield Pair(after=pair.after)


def _connected(
    before: Sequence[KnownFinding],
    after: Sequence[KnownFinding],
    linked: Callable[[KnownFinding, KnownFinding], bool],
) -> list[Pair]:
    pairs = [Pair(before=(finding,)) for finding in before]
    for finding in after:
        mine = [pair for pair in pairs if any(linked(known, finding) for known in pair.before)]
        others = [pair for pair in pairs if pair not in mine]
        pairs = [*others, merged([*mine, Pair(after=(finding,))])]
    return pairs


def _held_alike(before: KnownFinding, after: KnownFinding) -> bool:
    nothing_to_compare = before.where.overlap(after.where) is None
    return nothing_to_compare or bool(set(before.holders) & set(after.holders))


def _overlap(before: KnownFinding, after: KnownFinding) -> bool:
    return before.where.overlap(after.where) is not False


def _sum(findings: Sequence[KnownFinding], times: float = 1.0) -> Estimate:
    """Add rates up; those of one run's causes are shares of one measurement, so their ends, too."""
    return Estimate(
        value=times * sum(finding.per_request for finding in findings),
        low=times * sum(finding.low for finding in findings),
        high=times * sum(finding.high for finding in findings),
    )
