"""Leaks of two runs that are the same growth, or parts of it."""

import pytest
from compared import FOLDER, TRAIL, leak, trail

from tsprof.analysis.comparison.baseline import known_findings
from tsprof.analysis.comparison.pairs import pair_leaks
from tsprof.report.model import Finding

CACHE = 'app.py: module global "cache" -> dict'


def seen(rate: float, **changes: object) -> Finding:
    return leak(rate, **changes)


def native(rate: float) -> Finding:
    """Memory of a C extension, which no container holds."""
    return leak(rate, site="resize", holder=None)


def cache(rate: float, **changes: object) -> Finding:
    return leak(rate, site="load", holder=CACHE, **changes)


def lump(rate: float, *parts: Finding, **changes: object) -> Finding:
    """One finding on what could not be told apart, with the places of all of it."""
    places = {
        "sites": tuple(site for part in parts for site in part.sites),
        "holders": tuple(holder for part in parts for holder in part.holders),
    }
    return leak(rate, **places | changes)


def unlocated(rate: float) -> Finding:
    return leak(rate, site="", holder=None)


BOTH = (seen(0), trail(0))


def told(
    before: list[Finding], after: list[Finding], *, faster: float = 1.0
) -> list[tuple[list[float], list[float], int]]:
    """Pairs as the rates of either side, and 1 where the sum rose beyond noise."""
    pairs = pair_leaks(known_findings(before, FOLDER), known_findings(after, FOLDER), faster=faster)
    return [
        (
            [finding.per_request for finding in pair.before],
            [finding.per_request for finding in pair.after],
            pair.change(faster).beyond_noise if pair.before and pair.after else 0,
        )
        for pair in pairs
    ]


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        # There in both, each beside its own, in whatever order.
        (
            [seen(200), trail(100)],
            [trail(101), seen(199)],
            [([100], [101], 0), ([200], [199], 0)],
        ),
        # One is new, one has gone, one has moved.
        ([seen(200)], [seen(200), trail(100)], [([200], [200], 0), ([], [100], 0)]),
        ([seen(200), trail(100)], [seen(200)], [([200], [200], 0), ([100], [], 0)]),
        (
            [seen(200), trail(100)],
            [seen(200), cache(100)],
            [([200], [200], 0), ([], [100], 0), ([100], [], 0)],
        ),
        ([seen(200)], [trail(200)], [([], [200], 0), ([200], [], 0)]),
        # One of two rose.
        (
            [seen(200), trail(100)],
            [seen(200), trail(150)],
            [([200], [200], 0), ([100], [150], 1)],
        ),
    ],
)
def test_leaks_are_paired_by_place(
    before: list[Finding],
    after: list[Finding],
    pairs: list[tuple[list[float], list[float], int]],
) -> None:
    assert told(before, after) == pairs


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([lump(300, *BOTH)], [seen(200), trail(100)]),
        ([unlocated(300)], [seen(200), trail(100)]),
        ([seen(300)], [seen(200), trail(100)]),  # the lump did not name what was smaller
        ([seen(300)], [seen(200), native(100)]),
        ([lump(300, seen(0), native(0))], [seen(200), native(100)]),
        ([seen(200), trail(100)], [seen(230), trail(70)]),  # a part of one was given to the other
    ],
)
def test_a_split_is_compared_by_the_sum_both_ways(
    before: list[Finding], after: list[Finding]
) -> None:
    for one, other in ((before, after), (after, before)):
        ((was, now, rose),) = told(one, other)
        assert (sum(was), sum(now), rose) == (300, 300, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([lump(300, *BOTH)], [seen(200), trail(150)]),
        ([unlocated(300)], [seen(200), trail(150)]),
        ([seen(200), trail(100)], [lump(350, *BOTH)]),
        ([seen(200), trail(100)], [unlocated(350)]),
    ],
)
def test_a_sum_that_rose_is_told_through_a_split(
    before: list[Finding], after: list[Finding]
) -> None:
    ((was, now, rose),) = told(before, after)
    assert (sum(was), sum(now), rose) == (300, 350, 1)


def test_a_new_leak_is_not_made_up_for_by_one_that_has_gone() -> None:
    assert ([], [200], 0) in told([seen(200), trail(200)], [seen(200), cache(200)])


def test_a_new_leak_in_a_function_that_leaked_before_is_new() -> None:
    other = leak(100, holder=TRAIL)
    assert told([seen(300)], [seen(300), other]) == [([300], [300], 0), ([], [100], 0)]


def test_parts_that_rise_together_are_told_by_their_sum() -> None:
    """Each by less than the least that matters, which is 2 bytes."""
    parts = [(f"f{number}", f"holder {number}") for number in range(6)]
    before = [leak(12, site=s, holder=h, low=12, high=12) for s, h in parts]
    after = [leak(13.5, site=s, holder=h, low=13.5, high=13.5) for s, h in parts]
    assert told(before[:1], after[:1]) == [([12], [13.5], 0)]
    ((_, now, rose),) = told(before, after)
    assert (len(now), rose) == (6, 1)


def test_what_filled_a_cache_counts_as_a_part_of_a_lump_only() -> None:
    full = cache(100, kind="filling")
    assert told([seen(200), full], [lump(300, seen(0), cache(0))]) == [([200, 100], [300], 0)]
    assert told([seen(200), full], [seen(300)]) == [([200], [300], 1)]
    unbounded = told([seen(200), full], [seen(200), cache(100)])
    assert unbounded == [([200], [200], 0), ([], [100], 0)]


def test_what_is_no_leak_now_is_in_no_pair() -> None:
    assert told([seen(200)], [seen(200, kind="filling")]) == [([200], [], 0)]
    assert told([], [seen(200, kind="released")]) == []


def test_resources_are_kept_apart() -> None:
    garbage = seen(300, resource="garbage")
    assert told([garbage], [seen(300)]) == [([300], [], 0), ([], [300], 0)]


def test_a_sum_that_follows_time_is_compared_by_time() -> None:
    before = [seen(200, clock="seconds"), trail(100, clock="seconds")]
    (pair,) = told(before, [lump(600, *BOTH, clock="seconds")], faster=0.5)
    assert pair == ([200, 100], [600], 0)
