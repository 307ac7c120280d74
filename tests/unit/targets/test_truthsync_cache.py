import pytest
from truthsync.cache import LRUCache


def test_what_was_put_is_found() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)

    assert cache.get("a") == 1
    assert cache.get("b") is None
    assert (len(cache), cache.hits, cache.misses, cache.evictions) == (1, 1, 1, 0)


def test_the_least_recently_used_entry_goes() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)

    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    assert (len(cache), cache.evictions) == (2, 1)


def test_putting_again_replaces_and_counts_as_use() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 10)
    cache.put("c", 3)

    assert [cache.get(key) for key in "abc"] == [10, None, 3]


def test_the_hit_rate_counts_every_look_up() -> None:
    cache: LRUCache[int] = LRUCache(1)
    assert cache.hit_rate == 0
    cache.put("a", 1)
    for key in "aaab":
        cache.get(key)

    assert cache.hit_rate == 0.75


def test_the_cache_never_exceeds_its_size() -> None:
    cache: LRUCache[int] = LRUCache(10)
    for number in range(1_000):
        cache.put(str(number), number)
        assert len(cache) <= cache.maxsize


def test_a_cache_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        LRUCache(0)


def test_room_that_is_given_up_takes_the_oldest_entry_with_it() -> None:
    cache: LRUCache[int] = LRUCache(3)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.shrink()
    assert (len(cache), cache.evictions) == (2, 0)
    cache.shrink()
    assert (len(cache), cache.maxsize, cache.evictions, cache.get("b")) == (1, 1, 1, 2)
    with pytest.raises(ValueError, match="room for one entry"):
        cache.shrink()
