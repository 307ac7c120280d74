"""What memcheck tells, read."""

from pathlib import Path

import pytest

from tsprof.analysis.attribution.sites import leaking_sites
from tsprof.profilers.memcheck import growth_by_kind, read_errors, read_losses
from tsprof.profilers.native_origin import native_origin
from tsprof.profilers.valgrind_stacks import digest_of

LOSSES = """\
==11== 272 bytes in 1 blocks are possibly lost in loss record 1 of 4
==11==    at 0x48465EF: calloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==11==    by 0x109642: main (/srv/app/server.c:94)
==11==
==11== {number} (+30,000) bytes in {blocks} (+300) blocks are definitely lost in loss record 2 of 4
==11==    at 0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==11==    by 0x1092F0: Cache::put(int, char (*)()) (/srv/app/cache (copy).cpp:31)
==11==    by 0x1092F0: serve (/srv/app/server.c:67)
==11==    by 0x4964B4F: ??? (in /srv/app/stripped)
==11==    by 0x1: ???
==11==
==11== 400 (100 direct, 300 indirect) bytes in 1 blocks are definitely lost in loss record 3 of 4
==11==    at 0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==11==    by 0x109300: start (/srv/app/server.c:12)
==11==
==11== 300 bytes in 3 blocks are indirectly lost in loss record 4 of 4
==11==    at 0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==11==    by 0x109300: start (/srv/app/server.c:13)
==11==
==11== LEAK SUMMARY:
==11==    definitely lost: 50,000 (+30,000) bytes in 500 (+300) blocks
"""


def losses(blocks: int) -> str:
    return LOSSES.replace("{number}", f"{blocks * 100:,}").replace("{blocks}", f"{blocks:,}")


def test_loss_records() -> None:
    found = read_losses(losses(1500))
    put, start = (
        next(stack for stack in found.blocks if stack[1][0].startswith(name))
        for name in ("Cache::put", "start")
    )
    assert found.blocks[put] == (1500 * 112, 1500)
    assert put[1:] == (
        ("Cache::put(int, char (*)())", "/srv/app/cache (copy).cpp", 31),
        ("serve", "/srv/app/server.c", 67),
        ("stripped+0x4964b4f", "/srv/app/stripped", 0),
        ("???", "", 0),
    )
    assert found.blocks[start] == (112, 1)  # what it keeps has a record of its own
    assert found.kinds == {
        "possibly lost": 288,
        "definitely lost": 1500 * 112 + 112,
        "indirectly lost": 3 * 112,
    }


def test_what_grows_with_requests_is_a_site() -> None:
    moments = [read_losses(losses(blocks)) for blocks in (100, 600, 1600)]
    (leak,) = leaking_sites(
        [digest_of("valgrind", [moment.blocks for moment in moments], 500, 1500)], native_origin
    )
    assert (leak.site.function, leak.site.line) == ("Cache::put(int, char (*)())", 31)
    assert (leak.site.bytes_per_request, leak.site.blocks_per_request) == (112, 1)
    grown = growth_by_kind(moments, 1500)
    assert grown == {"possibly lost": 0, "definitely lost": 112, "indirectly lost": 0}


@pytest.mark.parametrize(
    "text",
    ["", "==1== All heap blocks were freed -- no leaks are possible", "no\x00sense\n" * 9],
)
def test_an_answer_without_losses(text: str) -> None:
    assert read_losses(text).blocks == {}


def test_inlined_functions_without_names() -> None:
    lines = (
        "10 bytes in 1 blocks are still reachable in loss record 1 of 1",
        "   at 0x10: malloc (vg_replace_malloc.c:381)",
        "   by 0x20: UnknownInlinedFun (/srv/src/keep.rs:5)",
        "   by 0x20: app::serve (/srv/src/main.rs:9)",
        "   by 0x30: UnknownInlinedFun (/srv/src/main.rs:20)",
    )
    (stack,) = read_losses("\n".join(lines)).blocks
    assert [frame[0] for frame in stack] == [
        "malloc",
        "app::serve (inlined)",
        "app::serve",
        "UnknownInlinedFun (inlined)",
    ]


def test_a_stack_that_is_cut_off() -> None:
    found = read_losses("==1== 10 bytes in 1 blocks are still reachable in loss record 1 of 1")
    assert found.blocks == {(): (32, 1)}


ERROR = """\
<error>
  <unique>0x2</unique>
  <kind>InvalidWrite</kind>
  <what>Invalid write of size 1</what>
  <stack>
    <frame><ip>0x10</ip><obj>/usr/lib/libc.so.6</obj><fn>strcpy</fn></frame>
    <frame>
      <ip>0x109300</ip><obj>/srv/server</obj><fn>work</fn>
      <dir>/srv</dir><file>server.c</file><line>33</line>
    </frame>
    <frame><ip>0x1092F0</ip><obj>/srv/server</obj></frame>
  </stack>
  <auxwhat>Address 0x4aa704a is 0 bytes after a block of size 10 alloc'd</auxwhat>
  <stack><frame><ip>0x1</ip></frame></stack>
</error>
"""


LEAK = "<error><kind>Leak_DefinitelyLost</kind><xwhat><text>10 bytes</text></xwhat></error>"


def test_errors_of_all_processes(tmp_path: Path) -> None:
    counts = "<errorcounts><pair> <count>7</count> <unique>0x2</unique> </pair></errorcounts>"
    files = [tmp_path / "1.xml", tmp_path / "2.xml"]
    files[0].write_text(f"<valgrindoutput>\n{LEAK}{ERROR}<error>&</error>{counts}</valgrindoutput>")
    files[1].write_text(f"<valgrindoutput>\n{ERROR}<error><kind>Inva")
    (access,) = read_errors(files, native_origin)
    assert (access.kind, access.times) == ("InvalidWrite", 8)
    assert access.block == "0 bytes after a block of size 10 alloc'd"
    assert [(f.function, f.file, f.line, f.origin) for f in access.stack] == [
        ("strcpy", "/usr/lib/libc.so.6", 0, "interpreter"),
        ("work", "/srv/server.c", 33, "application"),
        ("server+0x1092f0", "/srv/server", 0, "application"),
    ]
