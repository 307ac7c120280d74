from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tsprof.analysis.attribution.captures import (
    BlockKind,
    CallFrame,
    CaptureDigest,
    NativeFrame,
    StackSurvivors,
)
from tsprof.analysis.attribution.reconcile import reconcile
from tsprof.analysis.attribution.sites import LeakingSite, Origin, leaking_sites

EARLY, TOTAL = 1_000, 3_000

LOOP: tuple[CallFrame, ...] = (
    ("_run_once", "/usr/lib/python3.11/asyncio/base_events.py", 1900),
    ("run_forever", "/usr/lib/python3.11/asyncio/base_events.py", 600),
    ("main", "/srv/app/main.py", 99),
)


def origin_of(file: str) -> Origin:
    if "/site-packages/" in file:
        return Origin(kind="dependency", package="some 1.0")
    return Origin(kind="interpreter" if file.startswith("/usr/lib") else "application")


def stack(
    *frames: CallFrame,
    early: tuple[int, int] = (0, 0),
    late: tuple[int, int] = (0, 0),
    mark: tuple[int, int] | None = None,
    kind: BlockKind = "small",
    native: tuple[NativeFrame, ...] = (),
) -> StackSurvivors:
    """Survivors as (blocks, bytes)."""
    at_mark = early if mark is None else mark
    return StackSurvivors(
        frames=frames or (("handler", "/srv/app/views.py", 12), *LOOP),
        kind=kind,
        early_blocks=early[0],
        early_bytes=early[1],
        late_blocks=late[0],
        late_bytes=late[1],
        mark_blocks=at_mark[0],
        mark_bytes=at_mark[1],
        native=native,
    )


def sites_of(*stacks: StackSurvivors, method: Any = "memray") -> tuple[LeakingSite, ...]:
    return leaking_sites([digest_of(stacks, method)], origin_of)


def digest_of(stacks: Sequence[StackSurvivors], method: Any = "memray") -> CaptureDigest:
    return CaptureDigest(
        method=method, requests_early=EARLY, requests_total=TOTAL, stacks=tuple(stacks)
    )


def test_mappings_are_told_from_blocks_and_hide_none() -> None:
    start = ("start", "/srv/app/threads.py", 7)
    mapped, block = (1_000, 8_000_000_000), (2_000, 16_000_000_000)
    leak, thread = sites_of(
        stack(start, early=mapped, late=block, kind="mapping"),
        stack(early=(1_000, 32_000), late=(2_000, 64_000)),
    )
    assert (leak.site.function, leak.mapped_bytes_per_request) == ("handler", 0)
    assert thread.site.function == "start"
    assert thread.mapped_bytes_per_request == thread.site.bytes_per_request == 8_000_000


def test_a_leak_survives_in_proportion_to_requests() -> None:
    (leak,) = sites_of(stack(early=(100, 32_000), late=(200, 64_000)))
    assert leak.site.bytes_per_request == pytest.approx(32.0)
    assert leak.site.blocks_per_request == pytest.approx(0.1)
    assert (leak.site.function, leak.site.line) == ("handler", 12)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ((0, 0), (500, 50_000)),  # a cache that turned over within the window
        ((0, 0), (7, 460_000)),  # the buffers of the connections that are open at the end
        ((800, 90_000), (0, 0)),  # made once, at the first requests
    ],
)
def test_what_is_not_in_proportion_is_no_leak(
    early: tuple[int, int], late: tuple[int, int]
) -> None:
    assert sites_of(stack(early=early, late=late)) == ()


def test_a_leak_among_turnover_is_what_the_early_part_left() -> None:
    (leak,) = sites_of(stack(early=(100, 10_000), late=(1_000, 100_000)))
    assert leak.site.bytes_per_request == pytest.approx(10.0)


def test_few_blocks_may_differ_by_chance() -> None:
    (leak,) = sites_of(stack(early=(3, 3_000), late=(14, 14_000)))
    assert leak.site.bytes_per_request == pytest.approx(17_000 / TOTAL)


def test_threads_processes_and_lines_of_a_function_are_one_site() -> None:
    frames = [("handler", "/srv/app/views.py", line) for line in (12, 30)]
    one = stack(frames[0], early=(100, 1_000), late=(200, 2_000))
    two = stack(frames[1], early=(100, 9_000), late=(200, 18_000))
    (leak,) = leaking_sites([digest_of([one, two]), digest_of([two])], origin_of)
    assert leak.site.bytes_per_request == pytest.approx(1 + 9 + 9)
    assert leak.site.line == 30
    assert leak.site.stack[0].line == 30
    by_line = {part.line: part.bytes_per_request for part in leak.lines}
    assert by_line == pytest.approx({12: 1, 30: 18})
    assert [part.stack[0].line for part in leak.lines] == [30, 12]


def test_a_line_of_the_application_comes_first() -> None:
    library = ("parse", "/x/site-packages/some/parser.py", 5)
    standard = ("loads", "/usr/lib/python3.11/json/__init__.py", 300)
    caller = ("handler", "/srv/app/views.py", 12)
    (leak,) = sites_of(
        stack(standard, library, caller, *LOOP, early=(50, 5_000), late=(100, 10_000))
    )
    assert (leak.site.function, leak.site.origin) == ("handler", "application")
    assert [frame.origin for frame in leak.site.stack][:3] == [
        "interpreter",
        "dependency",
        "application",
    ]
    assert leak.site.stack[1].package == "some 1.0"


def test_a_comprehension_belongs_to_the_function_around_it() -> None:
    inner = ("<listcomp>", "/srv/app/views.py", 13)
    outer = ("handler", "/srv/app/views.py", 12)
    (leak,) = sites_of(stack(inner, outer, *LOOP, early=(50, 5_000), late=(100, 10_000)))
    assert (leak.site.function, leak.site.line) == ("handler", 12)
    assert leak.site.stack[0].function == "<listcomp>"


def test_the_script_that_starts_the_server_is_not_blamed() -> None:
    library = ("remember", "/x/site-packages/some/cache.py", 5)
    standard = ("setdefault", "/usr/lib/python3.11/collections/__init__.py", 300)
    (leak,) = sites_of(stack(standard, library, *LOOP, early=(50, 5_000), late=(100, 10_000)))
    assert (leak.site.function, leak.site.package) == ("remember", "some 1.0")


def test_a_container_s_table_belongs_to_the_line_that_fills_it() -> None:
    payload = stack(early=(1_000, 48_000), late=(2_000, 96_000))
    table = stack(late=(1, 24_000), mark=(1, 8_000), kind="large")
    (leak,) = sites_of(payload, table)
    assert leak.site.bytes_per_request == pytest.approx(48 + 8)
    assert leak.site.blocks_per_request == pytest.approx(1.0)
    assert leak.table_bytes_per_request == pytest.approx(8)


def test_an_old_large_table_is_not_taken_for_growth_of_this_window() -> None:
    payload = stack(early=(1_000, 48_000), late=(2_000, 96_000))
    table = stack(late=(1, 9_000_000), mark=(0, 0), kind="large")
    (leak,) = sites_of(payload, table)
    assert leak.site.bytes_per_request == pytest.approx(48 + 9_000_000 / 9 / TOTAL)


def test_two_containers_that_one_function_fills_have_a_table_each() -> None:
    payload = stack(early=(1_000, 32_000), late=(2_000, 64_000))
    one = stack(("handler", "/srv/app/views.py", 13), early=(1, 9_000_000), kind="large")
    other = stack(("handler", "/srv/app/views.py", 15), late=(1, 1_000_000), kind="large")
    (leak,) = sites_of(payload, one, other)
    assert leak.site.bytes_per_request - leak.table_bytes_per_request == pytest.approx(32)
    assert leak.table_bytes_per_request < 1_000


def test_large_blocks_that_stay_are_no_table() -> None:
    (leak,) = sites_of(stack(early=(5, 5_000_000), late=(10, 10_000_000), kind="large"))
    assert leak.site.bytes_per_request == pytest.approx(5_000)
    assert leak.table_bytes_per_request == 0


def test_native_blocks_are_not_python_s() -> None:
    (leak,) = sites_of(stack(early=(100, 32_000), late=(200, 64_000), kind="native"))
    assert leak.site.blocks_per_request == pytest.approx(0.1)
    assert leak.python_blocks_per_request == 0


def test_tracemalloc_tells_growth_from_turnover() -> None:
    (leak,) = sites_of(stack(late=(300, 96_000), mark=(100, 32_000)), method="tracemalloc")
    assert leak.site.bytes_per_request == pytest.approx(32.0)
    full = stack(late=(500, 50_000), mark=(500, 50_000))
    assert sites_of(full, method="tracemalloc") == ()


def test_line_zero_is_not_shown() -> None:
    frames = [("__init__", "/srv/app/views.py", line) for line in (0, 12)]
    (leak,) = sites_of(
        stack(frames[0], early=(200, 20_000), late=(400, 40_000)),
        stack(frames[1], early=(100, 10_000), late=(200, 20_000)),
    )
    assert leak.site.line == 12


@pytest.mark.parametrize("requests", [(0, 100), (100, 100)])
def test_a_window_without_an_early_or_late_part_tells_nothing(requests: tuple[int, int]) -> None:
    digest = CaptureDigest(
        method="memray",
        requests_early=requests[0],
        requests_total=requests[1],
        stacks=(stack(early=(100, 1_000), late=(100, 1_000)),),
    )
    assert leaking_sites([digest], origin_of) == ()
    assert leaking_sites([], origin_of) == ()


def test_sites_too_small_to_matter_are_left_out() -> None:
    stacks = [
        stack(
            (f"function_{number}", "/srv/app/views.py", 1),
            early=(10, 10 * size),
            late=(20, 20 * size),
        )
        for number, size in enumerate([1_000, 300, 5, 4, 3])
    ]
    assert [leak.site.function for leak in sites_of(*stacks)] == ["function_0", "function_1"]


# -- reconciliation ----------------------------------------------------------------------------


def leaking(function: str, size: float, blocks: float) -> LeakingSite:
    (leak,) = sites_of(
        stack(
            (function, "/srv/app/views.py", 1),
            early=(round(blocks * EARLY), round(size * EARLY)),
            late=(round(blocks * 2 * EARLY), round(size * 2 * EARLY)),
        )
    )
    return leak


def test_sites_get_their_share_of_the_growth() -> None:
    sites = [leaking("first", 240, 1), leaking("second", 60, 0.5)]
    result = reconcile(sites, bytes_per_request=310, blocks_per_request=1.5)
    assert [site.share for site in result.sites] == pytest.approx([240 / 310, 60 / 310])
    assert result.explained == pytest.approx(300 / 310)
    assert result.notes == ()


def test_slow_turnover_is_told_from_the_leak_by_the_ledger() -> None:
    sites = [leaking("slow_cache", 1_000, 1), leaking("leak", 300, 1), leaking("small", 12, 0.25)]
    result = reconcile(sites, bytes_per_request=310, blocks_per_request=1.25)
    assert [site.function for site in result.sites] == ["leak", "small"]
    assert result.explained == 1
    assert "slow_cache" in result.notes[0]


def test_what_is_inserted_into_a_growing_container_is_the_growth_if_it_sums_up_to_it() -> None:
    cache, one, other = leaking("cache", 40, 1), leaking("one", 38, 1), leaking("other", 20, 1)
    by_numbers = reconcile([cache, one, other], bytes_per_request=59, blocks_per_request=2)
    assert not by_numbers.agrees
    result = reconcile(
        [cache, one, other], bytes_per_request=59, blocks_per_request=2, kept=[one, other]
    )
    assert [site.function for site in result.sites] == ["one", "other"]
    assert result.agrees
    assert "cache" in result.notes[0]


def test_of_what_is_left_out_three_are_named() -> None:
    log = leaking("log", 300, 1)
    caches = [leaking(f"cache_{number}", 100, 1) for number in range(5)]
    result = reconcile([log, *caches], bytes_per_request=300, blocks_per_request=1, kept=[log])
    assert result.notes[0].endswith(": cache_0, cache_1, cache_2 and 2 more")


def test_what_is_inserted_into_a_growing_container_may_be_only_a_part() -> None:
    one, other, log = leaking("one", 300, 1), leaking("other", 305, 1), leaking("log", 5, 1)
    result = reconcile([other, one, log], bytes_per_request=300, blocks_per_request=1, kept=[log])
    assert not result.agrees


def test_a_site_that_alone_keeps_more_blocks_than_the_ledger_is_turnover() -> None:
    sites = [leaking("slow_cache", 400, 8), leaking("leak", 300, 1)]
    result = reconcile(sites, bytes_per_request=310, blocks_per_request=1)
    assert [site.function for site in result.sites] == ["leak"]


def test_a_site_of_native_blocks_may_keep_a_few_of_python_s() -> None:
    native = stack(early=(48_000, 10_400_000), late=(96_000, 20_800_000), kind="native")
    python = stack(early=(50, 3_000), late=(100, 6_000))
    result = reconcile(sites_of(native, python), bytes_per_request=10_470, blocks_per_request=0)
    assert [site.function for site in result.sites] == ["handler"]
    assert result.explained == pytest.approx(1, rel=0.02)


def test_the_ledger_s_blocks_do_not_refute_a_site_s_native_ones() -> None:
    native = stack(early=(2_000, 1_712_000), late=(4_000, 3_424_000), kind="native")
    python = stack(early=(7_000, 290_000), late=(14_000, 580_000))
    result = reconcile(sites_of(native, python), bytes_per_request=1_985, blocks_per_request=4)
    assert [site.function for site in result.sites] == ["handler"]
    assert result.sites[0].bytes_per_request == pytest.approx(1_712)


def test_two_sets_that_fit_alike_are_not_told_apart() -> None:
    sites = [leaking("one", 300, 1), leaking("other", 305, 1)]
    result = reconcile(sites, bytes_per_request=300, blocks_per_request=1)
    assert {site.function for site in result.sites} == {"one", "other"}
    assert not result.agrees
    assert result.explained == 0
    assert "a longer window" in result.notes[0]


def test_a_site_that_is_in_every_set_that_fits_is_named() -> None:
    """What connections left beside 8 B in each request: any one of it made up the difference."""
    connections = [leaking(f"connection_{number}", 0.9, 0.004) for number in range(6)]
    sites = [leaking("decode", 8.0, 0.25), *connections]
    result = reconcile(sites, bytes_per_request=8.66, blocks_per_request=0.25)
    assert [site.function for site in result.sites] == ["decode"]
    assert result.agrees
    assert result.explained == pytest.approx(0.92, abs=0.01)


def test_what_no_site_explains_is_said() -> None:
    result = reconcile([leaking("first", 30, 0.1)], bytes_per_request=300, blocks_per_request=0.1)
    assert result.explained == pytest.approx(0.1)
    assert "the rest is native memory" in result.notes[0]


@pytest.mark.parametrize("growth", [0.0, -5.0, 20.0])
def test_nothing_to_reconcile(growth: float) -> None:
    result = reconcile([], bytes_per_request=growth)
    assert result.sites == ()
    assert result.explained == 0
    assert bool(result.notes) == (growth > 0)


def test_many_sites_are_reconciled() -> None:
    sites = [leaking(f"site_{number}", 100 - number, 1) for number in range(40)]
    result = reconcile(sites, bytes_per_request=100, blocks_per_request=1)
    assert len(result.sites) == 40


LIBC = NativeFrame(
    function="strdup", file="/lib/libc.so.6", line=0, module="/usr/lib/x86_64-linux-gnu/libc.so.6"
)
NODE = NativeFrame(function="node_new", file="fast.c", line=7, module="/srv/app/_fast.so")
OFFSET = NativeFrame(
    function="_fast.so+0x12e8", file="/srv/app/_fast.so", line=0, module="/srv/app/_fast.so"
)


@pytest.mark.parametrize(
    ("native", "through"),
    [
        ((NODE,), "_fast.so: node_new()"),
        ((LIBC, NODE), "_fast.so: node_new()"),
        ((LIBC, OFFSET), "_fast.so+0x12e8"),
        ((LIBC,), "libc.so.6: strdup()"),
        ((), ""),
    ],
)
def test_the_native_code_behind_a_line(native: tuple[NativeFrame, ...], through: str) -> None:
    grown = stack(early=(100, 32_000), late=(200, 64_000), kind="native", native=native)
    (leak,) = sites_of(grown)
    assert leak.site.function == "handler"
    assert leak.site.through == through
    assert [frame.module for frame in leak.site.stack if frame.module] == [
        frame.module for frame in native
    ]


def test_a_thread_without_python() -> None:
    grown = stack(early=(100, 32_000), late=(200, 64_000), kind="native", native=(LIBC, NODE))
    (leak,) = sites_of(replace(grown, frames=()))
    assert (leak.site.function, leak.site.file, leak.site.line) == ("node_new", "fast.c", 7)
    assert leak.site.origin == "native"
    assert leak.site.bytes_per_request == pytest.approx(32.0)


def test_a_stripped_thread_is_named_once() -> None:
    grown = stack(early=(100, 32_000), late=(200, 64_000), kind="native", native=(OFFSET,))
    (leak,) = sites_of(replace(grown, frames=()))
    assert (leak.site.function, leak.site.through) == ("_fast.so+0x12e8", "")
