"""Which lines belong to which container, and when they are left together."""

from typing import Any

import pytest

from tsprof.analysis.attribution.causes import Cause, entry_in_words, separate
from tsprof.analysis.attribution.holders import HeldGrowth, Place
from tsprof.analysis.comparison.keys import holder_key
from tsprof.report.model import Frame, Holder, Site

APP = "/srv/app.py"


def site(size: float, *stack: tuple[str, int]) -> Site:
    """A site with the functions and lines on its stack, innermost first."""
    frames = tuple(Frame(function=name, file=APP, line=line) for name, line in stack)
    return Site(
        function=stack[0][0],
        file=APP,
        line=stack[0][1],
        bytes_per_request=size,
        share=size / 300,
        stack=frames,
    )


def held(name: str, size: float, *, entries: int = 2_000, **known: Any) -> HeldGrowth:
    return HeldGrowth(
        holder=Holder(
            path=name,
            type="dict",
            entries_per_request=1.0,
            entries=entries,
            bound=known.pop("bound", None),
        ),
        bytes_per_request=size,
        **known,
    )


def place(function: str, line: int = 1) -> Place:
    return Place(function=function, file=APP, line=line)


SEEN = held("seen", 200, writers=(place("Seen.remember", 10),))
TRAIL = held("trail", 100, writers=(place("record", 20),))
REMEMBER = site(200, ("remember", 10), ("handle", 50))
RECORD = site(100, ("record", 20), ("handle", 51))


def apart(
    *sites: Site, by: tuple[HeldGrowth, ...] = (SEEN, TRAIL), lines: Any = None
) -> tuple[Cause, ...]:
    return separate(sites, by, lines=lines or {}, native={("malloc", APP)})


def paths(cause: Cause) -> list[str]:
    return [holder.path for holder in cause.holders]


def test_two_leaks_are_two_causes() -> None:
    one, two = apart(REMEMBER, RECORD)
    assert (one.sites, paths(one)) == ((REMEMBER,), ["seen"])
    assert (two.sites, paths(two)) == ((RECORD,), ["trail"])
    assert [one.share, two.share] == pytest.approx([2 / 3, 1 / 3])


def test_keys_values_and_table_of_one_dict_are_one_cause() -> None:
    """The keys come from the function that calls the one that inserts."""
    seen = held("seen", 200, writers=(place("remember", 10),), callers=(place("handle", 50),))
    key, value = site(80, ("query", 3), ("handle", 50)), site(120, ("__init__", 7), ("remember", 9))
    one, two = apart(key, value, RECORD, by=(seen, TRAIL))
    assert (one.sites, paths(one)) == ((key, value), ["seen"])
    assert two.sites == (RECORD,)


def test_one_line_that_fills_two_containers_is_one_cause() -> None:
    twice = held("by_name", 50, writers=(place("remember", 10),))
    both = site(250, ("remember", 9), ("handle", 50))
    one, two = apart(both, RECORD, by=(SEEN, TRAIL, twice))
    assert sorted(paths(one)) == ["by_name", "seen"]
    assert paths(two) == ["trail"]


def test_holders_of_the_same_name_but_for_a_line_are_one_cause() -> None:
    """Or two findings would have one key."""
    first, second = (
        held(f"app.py: poll, suspended at line {line} -> list", 100, writers=(place("poll", line),))
        for line in (30, 40)
    )
    sites = site(100, ("poll", 30)), site(100, ("poll", 40)), RECORD
    one, two = apart(*sites, by=(first, second, TRAIL))
    assert len(one.holders) == 2
    assert paths(two) == ["trail"]
    assert len({holder_key(cause.holders[0]) for cause in (one, two)}) == 2


def test_the_line_tells_two_containers_of_one_function_apart() -> None:
    seen = held("seen", 200, writers=(place("handle", 50),))
    trail = held("trail", 100, writers=(place("handle", 51),))
    lines = site(200, ("make", 3), ("handle", 50)), site(100, ("tell", 4), ("handle", 51))
    assert [paths(cause) for cause in apart(*lines, by=(seen, trail))] == [["seen"], ["trail"]]


def test_one_function_with_two_leaks_is_parted_by_line() -> None:
    seen = held("seen", 200, writers=(place("handle", 50),))
    trail = held("trail", 100, writers=(place("handle", 52),))
    small = site(1, ("handle", 49))
    parts = site(200, ("handle", 50)), site(60, ("handle", 52)), site(40, ("handle", 51)), small
    whole = site(300, ("handle", 50))
    one, two = apart(whole, by=(seen, trail), lines={("handle", APP): parts})
    assert [(part.line, part.bytes_per_request) for part in one.sites] == [(50, 200)]
    assert [(part.line, part.bytes_per_request) for part in two.sites] == [(52, 60), (51, 40)]
    assert sum(part.share for cause in (one, two) for part in cause.sites) == pytest.approx(1)


def test_what_is_made_on_one_line_is_inserted_on_a_later_one() -> None:
    seen = held("seen", 200, writers=(place("handle", 50), place("other", 1)))
    trail = held("trail", 100, writers=(place("handle", 53),))
    made = site(200, ("make", 3), ("handle", 48)), site(100, ("make_row", 4), ("handle", 51))
    assert [paths(cause) for cause in apart(*made, by=(seen, trail))] == [["seen"], ["trail"]]


def test_a_middleware_does_not_own_what_is_allocated_within_it() -> None:
    around = held("requests", 100, writers=(place("middleware", 5),))
    outer = site(100, ("uuid", 2), ("middleware", 5))
    inner = site(200, ("remember", 10), ("handle", 50), ("middleware", 8))
    one, two = apart(inner, outer, by=(SEEN, around))
    assert (paths(one), paths(two)) == (["seen"], ["requests"])


def test_native_memory_is_a_cause_without_a_holder() -> None:
    native = site(200, ("malloc", 0), ("resize", 4))
    one, two = apart(native, RECORD, by=(TRAIL,))
    assert (one.sites, one.holders) == ((native,), ())
    assert paths(two) == ["trail"]


@pytest.mark.parametrize(
    ("sites", "by"),
    [
        ((REMEMBER,), (SEEN,)),  # one cause is no choice
        ((REMEMBER, RECORD, site(100, ("elsewhere", 1))), (SEEN, TRAIL)),  # whose is it?
        ((REMEMBER, RECORD), (SEEN, TRAIL, held("third", 150))),  # what fills the third?
        ((REMEMBER, RECORD), (SEEN, held("trail", 20, writers=TRAIL.writers))),  # too little
        ((site(290, ("remember", 10)), site(10, ("record", 20))), (SEEN, TRAIL)),  # too small
    ],
)
def test_what_is_not_clear_stays_together(
    sites: tuple[Site, ...], by: tuple[HeldGrowth, ...]
) -> None:
    assert apart(*sites, by=by) == ()


def test_an_object_that_is_no_container_is_no_doubt() -> None:
    timer = held("TimerHandle", 150, entries=0)
    assert len(apart(REMEMBER, RECORD, by=(SEEN, TRAIL, timer))) == 2


def test_blocks_that_were_reused_go_where_they_are_lacking() -> None:
    """As in a dict that was a header's in the server before the leak took it over."""
    seen = held("seen", 290, writers=SEEN.writers)
    recycled = site(90, ("send", 7), ("serve", 1))
    one, two = apart(REMEMBER, RECORD, recycled, by=(seen, TRAIL))
    assert one.sites == (REMEMBER, recycled)
    assert two.sites == (RECORD,)


def test_a_small_rest_belongs_to_the_largest() -> None:
    rest = site(10, ("elsewhere", 1))
    one, two = apart(REMEMBER, RECORD, rest)
    assert one.sites == (REMEMBER, rest)
    assert one.share + two.share == pytest.approx(1)


def test_a_cache_beside_a_leak_is_known_as_bounded() -> None:
    cache = held("cache", 100, writers=TRAIL.writers, bound=5_000, plateau_bytes=500_000.0)
    one, two = apart(REMEMBER, RECORD, by=(SEEN, cache))
    assert (one.bounded, two.bounded) == (False, True)
    assert two.plateau == 500_000


def test_what_comes_with_an_entry() -> None:
    part = Holder(path="seen[...].rows -> list", type="list", entries_per_request=0.0)
    one = held("seen", 200, brings={"app.Session": 1.0, "list": 2.0}, parts=(part,))
    words = "with each entry of seen come 1 app.Session, 2 list, seen[...].rows -> list"
    assert entry_in_words(one) == words
    assert not entry_in_words(SEEN)
