"""The log of the load process does not fill the disk."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tsprof.load.bounded_log import LIMIT, TAIL, BoundedLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "load.log"


@pytest.fixture
def fd(path: Path) -> Iterator[int]:
    with path.open("a+b") as file:
        yield file.fileno()


def test_short_output_is_kept_and_appended_to_what_was_there(path: Path, fd: int) -> None:
    os.write(fd, b"before\n")
    log = BoundedLog(fd)
    assert log.write(b"one\n") == 4
    log.cut()
    assert path.read_bytes() == b"before\none\n"


def test_long_output_is_cut_to_its_end(path: Path, fd: int) -> None:
    log = BoundedLog(fd)
    line = b"x" * 99_999 + b"\n"
    for number in range(5 * LIMIT // len(line)):
        log.write(b"%08d" % number + line[8:])
        assert path.stat().st_size <= LIMIT
    content = path.read_bytes()
    assert content.startswith(b"[tsprof: cut")
    assert content.endswith(b"%08d" % number + line[8:])
    assert len(content) > TAIL / 2


def test_what_others_write_to_the_file_is_cut_too(path: Path, fd: int) -> None:
    log = BoundedLog(fd)
    with path.open("ab") as other:
        other.write(b"y" * (LIMIT + 1))
    log.cut()
    assert TAIL <= path.stat().st_size <= TAIL + 100
    log.write(b"after\n")
    assert path.read_bytes().endswith(b"yafter\n")


def test_text_goes_through_at_once(path: Path, fd: int) -> None:
    text = io.TextIOWrapper(
        BoundedLog(fd),  # type: ignore[type-var]  # as in redirect_output
        "utf-8",
        "backslashreplace",
        write_through=True,
    )
    text.write("no newline, \udc80")
    assert path.read_bytes() == b"no newline, \\udc80"
