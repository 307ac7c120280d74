from tsprof.profilers.perf import read_script

PRINTED = """
\t            116b inner (/srv/burn)
\t            11b9 cold(int, char const*) (/srv/burn)
\t           27304 __libc_start_main@@GLIBC_2.34 (/usr/lib/libc.so.6)
\t            1070 _start (/srv/burn)

\tffffffff8112 do_syscall_64 ([kernel.kallsyms])
\t            9999 [unknown] (/srv/burn)

\t            9999 [unknown] (/srv/burn)
nonsense
"""


def test_blocks_of_frames_are_stacks_with_the_outermost_first() -> None:
    stacks = read_script(PRINTED.splitlines())
    assert list(stacks.values()) == [1, 1, 1]
    first, second, third = stacks
    assert [frame.function for frame in first] == [
        "_start",
        "__libc_start_main",
        "cold(int, char const*)",
        "inner",
    ]
    assert [frame.origin for frame in first] == [
        "application",
        "native",
        "application",
        "application",
    ]
    assert (first[1].file, first[1].package) == ("/usr/lib/libc.so.6", "libc.so.6")
    assert (second[-1].function, second[-1].file, second[-1].package) == (
        "do_syscall_64",
        "",
        "kernel",
    )
    assert [frame.function for frame in third] == ["[unknown]"]


def test_equal_stacks_are_counted() -> None:
    block = ["  1 f (/srv/burn)", ""]
    assert list(read_script(block * 3).values()) == [3]


def test_nothing_printed_is_nothing_seen() -> None:
    assert read_script([]) == {}
    assert read_script(["", "failed to open perf.data", ""]) == {}
