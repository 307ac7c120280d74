"""What sites and holders of a window come to, beside the ledger's growth."""

from dataclasses import replace
from typing import Any

import pytest
from fabricate import growing, reading, taken

from tsprof.analysis.attribution.conclude import Seen, conclude
from tsprof.analysis.attribution.sites import LeakingSite, Origin
from tsprof.analysis.run.assessments import Look, look
from tsprof.report.model import Frame, Site

APP = "/srv/app.py"
STANDARD = "/lib/linecache.py"
REQUESTS = 1_000
LEAK = look(taken(growing(300)))


def leaking(size: float, *stack: tuple[str, int], file: str = APP) -> LeakingSite:
    frames = tuple(Frame(function=name, file=file, line=line) for name, line in stack)
    return LeakingSite(
        site=Site(
            function=stack[0][0],
            file=file,
            line=stack[0][1],
            bytes_per_request=size,
            blocks_per_request=1.0,
            share=0.0,
            stack=frames,
        ),
        python_blocks_per_request=1.0,
    )


def holder(identity: int, path: str, size: float, **known: Any) -> dict[str, Any]:
    """A list of 2,000 entries as the agent describes it."""
    return {
        "path": path, "root": "global", "type": "list", "id": identity, "entries": 2_000,
        "bytes": size * 2_000, "table_bytes": 0, "sample": "bytes(40)", "file": APP, "line": 0,
        "parents": [], "element_types": {"bytes": 50}, "keeps_frames": False, "found_by": [],
        "bound": None, "eviction": None, "writers": [], "callers": [], "removers": [],
        "notes": [],
    } | known  # fmt: skip


def seen(
    sites: list[LeakingSite], *holders: dict[str, Any], types: dict[str, int] | None = None
) -> Seen:
    """A window in which each holder gained an entry per request, and types instances."""
    rows = [
        {"id": one["id"], "type": "list", "length": 2_000, "previous": 1_000} for one in holders
    ]
    before = {"containers": rows, "types": {}, "spread": {"ids": [], "entries": 0}}
    after = before | {"types": types or {}}
    return Seen(
        sites=sites,
        before={100: before},
        after={100: after},
        holders={100: holders},
        requests=REQUESTS,
    )


def writer(function: str, line: int) -> dict[str, Any]:
    return {"function": function, "file": APP, "line": line}


def origin_of(file: str) -> Origin:
    """Of the files of these tests only the standard library's is another's."""
    return Origin(kind="interpreter" if file == STANDARD else "application")


def blocks(number: float) -> Look:
    """A leak of 300 bytes in so many blocks per request."""
    return look(
        taken(lambda n: reading(n, grown=300_000 * n, blocks=round(100_000 + number * 1000 * n)))
    )


def test_two_leaks_are_told_apart() -> None:
    attribution = conclude(
        seen(
            [leaking(200, ("remember", 10), ("handle", 5)), leaking(100, ("record", 20))],
            holder(1, "seen", 200, writers=[writer("Seen.remember", 10)]),
            holder(2, "trail", 100, writers=[writer("record", 20)]),
        ),
        blocks(2),
        origin_of,
    )
    assert [cause.holders[0].path for cause in attribution.causes] == ["seen", "trail"]
    assert [cause.share for cause in attribution.causes] == pytest.approx([2 / 3, 1 / 3])
    assert attribution.explained == pytest.approx(1, abs=0.01)


def test_what_explains_too_little_is_not_split() -> None:
    attribution = conclude(
        seen(
            [leaking(100, ("remember", 10)), leaking(80, ("record", 20))],
            holder(1, "seen", 100, writers=[writer("Seen.remember", 10)]),
            holder(2, "trail", 80, writers=[writer("record", 20)]),
        ),
        blocks(2),
        origin_of,
    )
    assert attribution.causes == ()
    assert {site.function for site in attribution.sites} == {"remember", "record"}


BUFFERS = leaking(260, ("read", 90), file="/x/site-packages/server/parser.py")
RAISES = leaking(30, ("parse", 7), ("handle", 12))
FAILURES = holder(
    1, "failures", 290, keeps_frames=True, writers=[writer("handle", 12)], sample="ValueError"
)


def test_the_line_that_keeps_frames_comes_before_what_they_drag_along() -> None:
    attribution = conclude(seen([BUFFERS, RAISES], FAILURES), blocks(2), origin_of)
    first, *others = attribution.sites
    assert (first.function, first.file, first.line) == ("handle", APP, 12)
    assert first.bytes_per_request == 0
    assert [site.function for site in others] == ["parse", "read"]
    assert sum(site.share for site in attribution.sites) == pytest.approx(0.97, abs=0.02)


def test_the_line_that_keeps_frames_may_allocate_as_well() -> None:
    handle = leaking(30, ("handle", 12))
    attribution = conclude(seen([BUFFERS, handle], FAILURES), blocks(2), origin_of)
    assert [site.function for site in attribution.sites] == ["handle", "read"]
    assert attribution.sites[0].bytes_per_request == 30


def test_the_line_that_keeps_what_a_library_made_comes_first() -> None:
    kept = holder(1, "seen", 290, writers=[writer("remember", 12)])
    attribution = conclude(seen([BUFFERS, RAISES], kept), blocks(2), origin_of)
    assert [site.function for site in attribution.sites] == ["remember", "read", "parse"]


def test_payload_is_named_by_the_line_that_allocates_it() -> None:
    kept = holder(1, "seen", 290, writers=[writer("remember", 9)], callers=[writer("handle", 8)])
    made = leaking(290, ("make", 7), ("handle", 8))
    attribution = conclude(seen([made], kept), blocks(1), origin_of)
    assert [site.function for site in attribution.sites] == ["make"]


def test_a_cache_that_fills_is_not_blamed_for_what_others_allocate() -> None:
    kept = holder(1, "cache", 290, bound=10_000, writers=[writer("remember", 12)])
    attribution = conclude(seen([BUFFERS, RAISES], kept), blocks(2), origin_of)
    assert [site.function for site in attribution.sites] == ["read", "parse"]


def test_a_small_list_is_not_blamed_for_what_others_allocate() -> None:
    log = holder(1, "log", 10, writers=[writer("note", 12)])
    attribution = conclude(seen([BUFFERS, RAISES], log), blocks(2), origin_of)
    assert [site.function for site in attribution.sites] == ["read", "parse"]


def test_an_object_that_is_no_container_and_holds_little_is_no_holder() -> None:
    some = holder(1, "Live.? -> tuple", 0.0, entries=None, bytes=80, type="tuple")
    handles = holder(2, "handles", 0.5)
    native = leaking(300, ("tidy", 12))
    attribution = conclude(
        seen([native], some, handles, types={"tuple": 1_500}), blocks(0), origin_of
    )
    assert [one.path for one in attribution.holders] == ["handles"]


def test_what_a_table_grows_by_between_its_jumps_belongs_to_the_line_that_inserts() -> None:
    kept = holder(1, "seen", 300, table_bytes=2_000 * 80, writers=[writer("remember", 12)])
    attribution = conclude(seen([leaking(220, ("query", 3))], kept), blocks(1), origin_of)
    assert {site.function: site.bytes_per_request for site in attribution.sites} == pytest.approx(
        {"remember": 80, "query": 220}, abs=1
    )
    assert attribution.explained == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("jump", [0.0, 150.0])
def test_no_table_is_credited_beyond_the_growth(jump: float) -> None:
    """Not even where the window saw one that was just reallocated."""
    kept = holder(1, "seen", 300, table_bytes=2_000 * 80, writers=[writer("remember", 12)])
    remember = leaking(290 + jump, ("remember", 12))
    remember = replace(remember, table_bytes_per_request=jump)
    attribution = conclude(seen([remember], kept), blocks(1), origin_of)
    assert [site.bytes_per_request for site in attribution.sites] == pytest.approx([300], abs=1)
    assert attribution.explained == pytest.approx(1, abs=0.01)


def test_a_cache_that_turns_over_does_not_hide_what_a_table_gains() -> None:
    kept = holder(1, "seen", 300, table_bytes=2_000 * 40, writers=[writer("remember", 12)])
    page = replace(leaking(500, ("page", 20)), table_bytes_per_request=100.0)
    attribution = conclude(seen([page, leaking(260, ("remember", 12))], kept), blocks(1), origin_of)
    assert [(site.function, site.bytes_per_request) for site in attribution.sites] == [
        ("remember", pytest.approx(300, abs=1))
    ]


def test_two_tables_of_one_line_add_up() -> None:
    both = [
        holder(at, str(at), 150, table_bytes=2_000 * 30, writers=[writer("remember", 12)])
        for at in (1, 2)
    ]
    attribution = conclude(seen([leaking(240, ("remember", 12))], *both), blocks(1), origin_of)
    assert [site.bytes_per_request for site in attribution.sites] == pytest.approx([300], abs=1)


def test_the_tables_of_two_leaks_in_one_function_stay_apart() -> None:
    handle = leaking(250, ("handle", 12))
    lines = (
        handle.site.model_copy(update={"bytes_per_request": size, "line": line})
        for size, line in ((200, 12), (50, 14))
    )
    lines = (
        one.model_copy(update={"stack": (Frame(function="handle", file=APP, line=one.line),)})
        for one in lines
    )
    attribution = conclude(
        seen(
            [replace(handle, lines=tuple(lines))],
            holder(1, "archive", 200, writers=[writer("handle", 12)]),
            holder(2, "ratings", 100, table_bytes=2_000 * 50, writers=[writer("handle", 14)]),
        ),
        blocks(2),
        origin_of,
    )
    assert [cause.share for cause in attribution.causes] == pytest.approx([2 / 3, 1 / 3], abs=0.01)


@pytest.mark.parametrize(("own", "first"), [(120, "find"), (80, "run_asgi")])
def test_the_applications_line_comes_first_where_it_is_about_as_much(own: int, first: str) -> None:
    server = leaking(300 - own, ("run_asgi", 403), file="/site-packages/uvicorn/h11_impl.py")
    site = server.site.model_copy(update={"origin": "dependency"})
    ours = leaking(own, ("find", 26))
    attribution = conclude(seen([replace(server, site=site), ours]), blocks(2), origin_of)
    assert attribution.sites[0].function == first


TIMERS = {"asyncio.TimerHandle": 50}


@pytest.mark.parametrize(("blocks_per_request", "held"), [(2.0, True), (30.0, False)])
def test_a_container_of_small_entries_may_hold_what_keeps_pace_with_it(
    blocks_per_request: float, *, held: bool
) -> None:
    leak = leaking(300, ("clean", 16))
    site = leak.site.model_copy(update={"blocks_per_request": blocks_per_request})
    attribution = conclude(
        seen([replace(leak, site=site)], holder(1, "timers", 1, element_types=TIMERS)),
        blocks(blocks_per_request),
        origin_of,
    )
    assert [one.path for one in attribution.holders] == (["timers"] if held else [])


@pytest.mark.parametrize(
    ("types", "held"), [({"NoneType": 50}, False), ({"NoneType": 40, "shop.Pen": 10}, True)]
)
def test_a_list_of_none_does_not_hold_what_c_code_leaks(
    types: dict[str, int], *, held: bool
) -> None:
    """Beside 49 B per request that GEOS leaked, a list gained a None in one of 60 requests."""
    window = seen([], holder(1, "list", 0.15, element_types=types))
    assert bool(conclude(window, LEAK, origin_of).holders) == held


def test_what_an_incomplete_census_had_not_seen_is_not_called_new() -> None:
    """Of five million objects, the first census saw a part, and not the list that holds them."""
    window = seen([leaking(300, ("app", 4))], holder(1, "HEAP", 300))
    rows = [{"id": 1, "type": "list", "length": 5_000_000, "previous": None}]
    counted = {"containers": rows, "types": {}, "spread": {"ids": [], "entries": 0}}
    for complete, paths in ((True, ["HEAP"]), (False, [])):
        census = counted | {"complete": complete}
        part = replace(window, before={100: census}, after={100: census})
        assert [one.path for one in conclude(part, blocks(1), origin_of).holders] == paths


def test_of_several_lines_that_may_fill_a_holder_that_counts_which_was_on_the_way() -> None:
    others = {"function": "update", "file": STANDARD, "line": 109}
    kept = holder(1, "cache", 290, writers=[others, writer("make_class", 34)])
    made = leaking(30, ("shape", 20), ("make_class", 34))
    first, *_ = conclude(seen([BUFFERS, made], kept), blocks(2), origin_of).sites
    assert (first.function, first.line) == ("make_class", 34)


def test_it_says_which_line_fills_a_holder_where_another_allocates() -> None:
    kept = holder(1, "cache", 290, writers=[writer("make_class", 34)])
    made = leaking(290, ("shape", 20), ("make_class", 34))
    assert conclude(seen([made], kept), blocks(1), origin_of).details == (
        f"cache is filled in make_class ({APP}:34)",
    )
    same = leaking(290, ("make_class", 34))
    assert conclude(seen([same], kept), blocks(1), origin_of).details == ()


def test_it_says_whose_code_a_line_is_that_only_keeps() -> None:
    kept = holder(1, "cache", 290, writers=[{"function": "update", "file": STANDARD, "line": 109}])
    first, *_ = conclude(seen([BUFFERS, RAISES], kept), blocks(2), origin_of).sites
    assert (first.function, first.origin) == ("update", "interpreter")


def test_a_cache_in_c_that_still_fills_is_bounded_growth() -> None:
    cache = {
        "path": "app.py: cache -> lru.LRU", "type": "lru.LRU", "file": APP,
        "length": 2_000, "previous": 1_000, "bound": 50_000,
    }  # fmt: skip
    window = seen([leaking(300, ("view", 7))])
    attribution = conclude(replace(window, sized=[{"collections": [cache]}]), LEAK, origin_of)
    assert attribution.bounded_share == pytest.approx(1.0)
    assert [one.bound for one in attribution.holders] == [50_000]
    assert [site.function for site in attribution.sites] == ["view"]
    assert conclude(window, LEAK, origin_of).bounded_share == 0


def test_entries_that_come_ever_more_rarely_are_bounded_growth() -> None:
    labels = holder(1, "labels", 100)
    window = seen([leaking(300, ("view", 7))], labels | {"entries": 24_000, "bytes": 2_400_000})
    overall = {0: 0.0, 15_000: 1.0, 25_000: 0.0}
    for requests, share in overall.items():
        found = conclude(replace(window, requests_overall=requests or None), LEAK, origin_of)
        assert (found.bounded_share > 0) == bool(share)


@pytest.mark.parametrize(("entries", "bounded"), [(24_000, True), (78, False)])
def test_a_bounded_list_that_comes_and_goes_excuses_nothing(entries: int, *, bounded: bool) -> None:
    loop = holder(1, "_scheduled", 300, entries=entries, bytes=300 * entries, bound=50_000)
    found = conclude(seen([leaking(300, ("_set", 38))], loop), LEAK, origin_of)
    assert (found.bounded_share > 0) == bounded


def test_a_cache_that_handed_its_entries_over_has_gathered_them() -> None:
    young = holder(1, "young", 300, entries=78, bytes=300 * 78, bound=15_000)
    window = seen([leaking(300, ("get", 12))], young | {"handed_over": 24_000})
    assert conclude(window, LEAK, origin_of).bounded_share > 0


@pytest.mark.parametrize(("seconds", "bounded"), [(1.3, False), (13.0, True), (0.0, False)])
def test_what_follows_the_clock_is_compared_by_the_second(seconds: float, *, bounded: bool) -> None:
    expiry = {"function": "sample", "file": APP, "line": 10, "kind": "time"}
    samples = holder(1, "samples", 300, eviction=expiry, entries=2_500, bytes=300 * 2_500)
    window = replace(seen([leaking(300, ("sample", 9))], samples), seconds=seconds)
    assert (conclude(window, LEAK, origin_of).bounded_share > 0) == bounded


@pytest.mark.parametrize(("requests", "idle"), [(25_000, True), (30_000, False), (None, False)])
def test_an_expiry_that_has_taken_nothing_out_yet_is_told(
    requests: int | None, *, idle: bool
) -> None:
    expiry = {"function": "Cache.sweep", "file": APP, "line": 30, "kind": "time"}
    kept = holder(1, "cache", 290, eviction=expiry, entries=24_000, bytes=290 * 24_000)
    window = replace(seen([leaking(290, ("put", 9))], kept), requests_overall=requests)
    (text,) = conclude(window, blocks(2), origin_of).evictions
    assert text.startswith(f"cache is evicted by age in Cache.sweep ({APP}:30)")
    assert ("has taken out none of its 24,000 entries" in text) is idle


def test_what_the_whole_heap_of_a_fresh_process_gained_is_named_though_it_gained_more() -> None:
    window = replace(seen([leaking(400, ("remember", 10))]), native=True)
    assert conclude(window, LEAK, origin_of).sites == ()
    (site,) = conclude(replace(window, whole_heap=True), LEAK, origin_of).sites
    assert (site.function, site.share) == ("remember", 1)
