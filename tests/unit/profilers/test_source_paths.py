"""Whole paths of source files."""

from tsprof.profilers.source_paths import completed, read_files

OUTPUT = """\
0x000000000000ad75
/home/me/.cargo/registry/src/index/tokio-1.54.1/src/macros/select.rs:710
/srv/app/src/main.rs:12 (discriminator 3)
0x000000000000ad7d
??:0
0x000000000000ad80
/srv/a:b/c.c:?
"""


def test_files_by_address() -> None:
    assert read_files(OUTPUT) == {
        0xAD75: [
            "/home/me/.cargo/registry/src/index/tokio-1.54.1/src/macros/select.rs",
            "/srv/app/src/main.rs",
        ],
        0xAD7D: ["??"],
        0xAD80: ["/srv/a:b/c.c"],
    }


def test_paths_are_completed_where_they_are_of_the_same_file() -> None:
    files = ["src/main.rs", "./src/a.rs", "src/b.rs", "/srv/c.rs"]
    whole = ["/srv/app/src/main.rs", "/srv/app/src/a.rs", "/srv/app/src/other_b.rs", "/srv/c.rs"]
    assert completed(files, whole) == [whole[0], whole[1], "src/b.rs", "/srv/c.rs"]
    assert completed(files, whole[:2]) == files
    assert completed(files, []) == files
