"""Caches written in C that still fill."""

from typing import Any

import pytest

from tsprof.analysis.attribution.sized import caches_in_c


def reply(length: int, previous: int | None, bound: int = 5_000) -> dict[str, Any]:
    cache = {"path": "app.py: cache", "type": "lru.LRU", "file": "/srv/app.py"}
    return {"collections": [cache | {"length": length, "previous": previous, "bound": bound}]}


def test_a_cache_below_its_bound_holds_the_growth_that_is_left() -> None:
    replies = [reply(2_000, 1_500), reply(2_500, 2_000)]
    (cache,) = caches_in_c(replies, requests=1_000, growth=400.0, least=0.1)
    assert cache.holder.entries_per_request == pytest.approx(1.0)
    assert (cache.holder.entries, cache.holder.bound) == (4_500, 5_000)
    assert cache.bytes_per_request == pytest.approx(400.0)
    assert cache.plateau_bytes == pytest.approx(2 * 5_000 * 400)
    assert cache.is_bounded


@pytest.mark.parametrize(
    "told",
    [
        reply(2_000, 2_000),  # full of what is asked for
        reply(2_000, None),  # made meanwhile
        reply(2_000, 1_500, bound=2_000),  # its "bound" is its length, or it is full now
        reply(2_000, 1_950),  # gains less than it must to be what grows
    ],
)
def test_what_does_not_fill_is_none(told: dict[str, Any]) -> None:
    assert caches_in_c([told], requests=1_000, growth=400.0, least=0.1) == ()
