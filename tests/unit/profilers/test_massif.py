"""What massif tells, read."""

from dataclasses import replace

import pytest

from tsprof.analysis.attribution.sites import leaking_sites
from tsprof.analysis.attribution.survivors import peak_sites
from tsprof.profilers.massif import read_history, read_moment, with_moments
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.survivors import UnreadableError
from tsprof.profilers.valgrind_stacks import digest_of

HEAD = "desc: --massif-out-file=heap\ncmd: ./server 8000\ntime_unit: ms\n"
SNAPSHOT = """\
#-----------
snapshot={number}
#-----------
time={time}
mem_heap_B={size}
mem_heap_extra_B=16
mem_stacks_B=0
heap_tree={tree}
"""
TREE = """\
n3: {whole} {title}
 n2: {leaked} 0x109300: keep (/srv/app/server.c:31)
  n1: {leaked} 0x109310: UnknownInlinedFun (/srv/app/server.c:60)
   n0: {leaked} 0x109310: serve (/srv/app/server.c:67)
  n0: 0 0x109320: warm_up (/srv/app/server.c:70)
 n1: {once} 0x48417B4: start (/srv/app/cache (copy).cpp:12)
  n0: {once} 0x4964B4F: ??? (in /srv/app/stripped)
 n0: 7 in 3 places, all below massif's threshold (0.00%)
"""


def tree(title: str, leaked: int, once: int) -> str:
    return TREE.format(title=title, whole=leaked + once + 7, leaked=leaked, once=once)


def moment(leaked_blocks: int) -> list[str]:
    sizes = SNAPSHOT.format(number=0, time=1500, size=0, tree="detailed")
    counts = SNAPSHOT.format(number=1, time=1500, size=0, tree="detailed")
    text = (
        HEAD
        + sizes
        + tree("curB : currently allocated Bytes", leaked_blocks * 100, 400)
        + counts
        + tree("curBk : currently allocated Blocks", leaked_blocks, 1)
    )
    return text.splitlines(keepends=True)


def test_bytes_and_blocks_of_each_call_stack() -> None:
    found = read_moment(moment(1500))
    assert found.seconds == 1.5
    keep, start, too_small_to_be_told = found.blocks
    assert too_small_to_be_told == ()
    assert keep == (
        ("keep", "/srv/app/server.c", 31),
        ("serve (inlined)", "/srv/app/server.c", 60),
        ("serve", "/srv/app/server.c", 67),
    )
    assert start == (
        ("start", "/srv/app/cache (copy).cpp", 12),
        ("stripped+0x4964b4f", "/srv/app/stripped", 0),
    )
    assert found.blocks[keep] == (1500 * 112, 1500)  # as malloc takes them
    assert found.blocks[start] == (416, 1)


def test_what_grows_between_three_moments_is_a_site() -> None:
    blocks = [read_moment(moment(number)).blocks for number in (100, 600, 1600)]
    (leak,) = leaking_sites([digest_of("massif", blocks, 500, 1500)], native_origin)
    assert (leak.site.function, leak.site.line) == ("keep", 31)
    assert (leak.site.bytes_per_request, leak.site.blocks_per_request) == (112, 1)


def history() -> list[str]:
    text = HEAD + SNAPSHOT.format(number=0, time=0, size=0, tree="empty")
    for number, (kind, leaked) in enumerate((("peak", 100), ("empty", 500), ("peak", 300)), 1):
        text += SNAPSHOT.format(number=number, time=250 * number, size=leaked + 407, tree=kind)
        if kind == "peak":
            text += tree("(heap allocation functions) malloc/new/new[]", leaked, 400)
    return text.splitlines(keepends=True)


def test_the_heap_over_time_and_its_last_peak() -> None:
    found = read_history(history())
    told = [(point.seconds, point.heap_bytes) for point in found.points]
    assert told == [(0, 0), (0.25, 507), (0.5, 907), (0.75, 707)]
    assert found.peak_seconds == 0.75
    most, least = peak_sites(found.peak, native_origin)
    assert (most.function, most.line, most.bytes) == ("start", 12, 400)
    assert most.share == pytest.approx(400 / 707)
    assert (least.function, least.file, least.bytes) == ("keep", "/srv/app/server.c", 300)
    assert [frame.function for frame in least.stack] == ["keep", "serve (inlined)", "serve"]


def test_a_moment_of_rest_is_part_of_it_and_may_be_the_peak() -> None:
    peak = read_history(history()).peak
    late = replace(read_moment(moment(1)), seconds=2)
    found = with_moments(read_history(history()), [late])
    assert (found.points[-1].seconds, found.points[-1].heap_bytes) == (2, 507)
    assert (found.peak_seconds, found.peak) == (0.75, peak)
    found = with_moments(read_history(history()), [late, read_moment(moment(5))])
    assert [point.seconds for point in found.points] == [0, 0.25, 0.5, 0.75, 1.5, 2]
    assert (found.peak_seconds, sum(stack.bytes for stack in found.peak)) == (1.5, 907)


@pytest.mark.parametrize("lines", [[], ["no\x00sense\n"] * 9, [HEAD], history()])
def test_an_answer_that_is_no_heap(lines: list[str]) -> None:
    with pytest.raises(UnreadableError, match="no heap of massif"):
        read_moment(lines)


def test_no_snapshots() -> None:
    with pytest.raises(UnreadableError, match="no snapshots of massif"):
        read_history([HEAD])


def test_a_file_that_is_cut_off_anywhere() -> None:
    text = "".join(history())
    for length in range(text.index("snapshot=1"), len(text), 7):
        assert read_history(text[:length].splitlines(keepends=True)).points


def test_a_file_that_is_too_large() -> None:
    with pytest.raises(UnreadableError, match="larger than 0 MiB"):
        read_history(history(), most=100)
