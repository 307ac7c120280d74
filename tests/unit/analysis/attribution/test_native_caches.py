"""Caches of native programs that still fill."""

import pytest

from tsprof.analysis.attribution.captures import CallFrame, CaptureDigest, StackSurvivors
from tsprof.analysis.attribution.native_caches import with_bounded_caches
from tsprof.analysis.run.confirmation import Attribution
from tsprof.profilers.native_origin import native_origin

REGISTRY = "/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f"
PUT: CallFrame = ("LruCache::put", f"{REGISTRY}/lru-0.16.4/src/lib.rs", 400)
HASHED: CallFrame = ("HashMap::insert", f"{REGISTRY}/hashbrown-0.16.1/src/map.rs", 9)
FILLS: CallFrame = ("summarise", "/srv/src/summary.rs", 12)
PAYLOAD: CallFrame = ("render", "/srv/src/summary.rs", 30)
LEAK: CallFrame = ("audit", "/srv/src/audit.rs", 7)
REQUESTS = 3_000


def survivors(size: int, blocks: float, *frames: CallFrame) -> StackSurvivors:
    """Of ``size`` bytes, so many a request."""
    early, late = round(blocks * REQUESTS / 3), round(blocks * REQUESTS * 2 / 3)
    return StackSurvivors(
        frames=frames,
        kind="native",
        early_blocks=early,
        early_bytes=size * early,
        late_blocks=late,
        late_bytes=size * late,
        mark_blocks=early,
        mark_bytes=size * early,
    )


def judged(growth: float, *stacks: StackSurvivors, lost: float = 0.0) -> Attribution:
    digest = CaptureDigest(
        method="heaptrack",
        requests_early=REQUESTS // 3,
        requests_total=REQUESTS,
        stacks=stacks,
    )
    return with_bounded_caches(Attribution(), [digest], growth, native_origin, lost)


ENTRY = survivors(64, 1, PUT, FILLS)


def test_what_goes_into_a_bounded_cache_is_no_leak_for_certain() -> None:
    found = judged(364, ENTRY, survivors(300, 1, PAYLOAD, FILLS))
    assert found.bounded_share == pytest.approx(1)
    (holder,) = found.holders
    assert holder.path == "a cache of the crate lru 0.16.4"
    assert holder.entries_per_request == pytest.approx(1)
    assert found.notes == ("it is a leak if that cache of lru 0.16.4 was made without a bound",)


def test_a_key_and_a_value_of_one_line_are_two_blocks_an_entry() -> None:
    assert judged(364, ENTRY, survivors(150, 2, PAYLOAD, FILLS)).bounded_share == pytest.approx(1)


def test_what_nothing_refers_to_is_in_no_cache() -> None:
    leak = survivors(300, 1, LEAK)
    assert judged(364, ENTRY, leak, lost=0).holders
    assert judged(364, ENTRY, leak, lost=300) == Attribution()


@pytest.mark.parametrize(
    ("growth", "stacks"),
    [
        # One that is full frees as many entries as it takes in: what grows is something else.
        (300, (ENTRY, survivors(300, 1, LEAK))),
        # Another leak beside it, at a pace of its own.
        (364, (ENTRY, survivors(1_000, 0.3, LEAK))),
        # A table without a bound.
        (364, (survivors(64, 1, HASHED, FILLS), survivors(300, 1, PAYLOAD, FILLS))),
        # So small beside the rest that nobody can tell whether it is full.
        (10_064, (ENTRY, survivors(10_000, 1, LEAK))),
        (364, ()),
        # A service that gives every byte back.
        (0, ()),
    ],
)
def test_what_leaks_all_the_same(growth: float, stacks: tuple[StackSurvivors, ...]) -> None:
    assert judged(growth, *stacks) == Attribution()
