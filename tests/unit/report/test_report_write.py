import errno
import io
import os
import resource
import stat
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from report_builder import failing, hostile

from tsprof.errors import UsageError
from tsprof.exit_codes import ExitCode
from tsprof.report import html, json_report, junit, markdown
from tsprof.report.write import check_outputs, write_outputs

REPORT = failing()
BOTH = [check_outputs, partial(write_outputs, REPORT)]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_every_form_goes_where_its_option_says(tmp_path: Path) -> None:
    write_outputs(
        REPORT,
        json=tmp_path / "r.json",
        junit=str(tmp_path / "r.xml"),
        markdown=tmp_path / "r.md",
        html=tmp_path / "r.html",
    )
    assert (tmp_path / "r.json").read_text("utf-8") == json_report.render(REPORT)
    assert (tmp_path / "r.xml").read_text("utf-8") == junit.render(REPORT)
    assert (tmp_path / "r.md").read_text("utf-8") == markdown.render(REPORT)
    assert (tmp_path / "r.html").read_text("utf-8") == html.render(REPORT)
    assert names(tmp_path) == ["r.html", "r.json", "r.md", "r.xml"]


def test_nothing_asked_for_is_nothing_written(tmp_path: Path) -> None:
    write_outputs(REPORT)
    assert names(tmp_path) == []


def test_a_dash_is_standard_output_in_utf_8() -> None:
    stdout = io.BytesIO()
    write_outputs(hostile("日本"), markdown="-", stdout=stdout)
    assert stdout.getvalue().decode() == markdown.render(hostile("日本"))


def test_a_file_is_replaced_with_the_permissions_of_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    before = os.umask(0o027)
    try:
        write_outputs(REPORT, json=path)
    finally:
        os.umask(before)
    assert json_report.parse(path.read_bytes()) == REPORT
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write_outputs(REPORT, json=tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert json_report.parse((tmp_path / "real.json").read_bytes()) == REPORT


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    check_outputs(json=path)
    write_outputs(REPORT, json=path)
    reader.join(timeout=30)
    assert json_report.parse(received[0]) == REPORT
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("run", BOTH, ids=["before the run", "after the run"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/r.json", "its directory does not exist"),
        (".", "it is a directory"),
        ("sub", "it is a directory"),
        ("file/r.json", "its directory is a file"),
        ("new/", "it is a directory"),
        ("n" * 300, "the file name is too long"),
        ("loop/r.json", "Too many levels of symbolic links"),
    ],
)
def test_a_bad_destination_is_one_line_that_names_the_option(
    tmp_path: Path, name: str, message: str, run: Callable[..., None]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = names(tmp_path)
    destination = f"{tmp_path}/{name}"
    with pytest.raises(UsageError) as caught:
        run(junit=destination)
    text = str(caught.value)
    assert text.startswith("--junit: cannot write ")
    assert text.endswith(message)
    assert "\n" not in text
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE
    assert names(tmp_path) == before


@pytest.mark.parametrize("run", BOTH, ids=["before the run", "after the run"])
def test_no_permission_is_one_line(run: Callable[..., None]) -> None:
    # Nobody, not even root, may create files in /sys, which some machines mount read-only.
    expected = r"^--html: cannot write /sys/r\.html: (no permission|the file system is read-only)"
    with pytest.raises(UsageError, match=expected):
        run(html="/sys/r.html")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every file")
def test_a_protected_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.touch(0o444)
    with pytest.raises(UsageError, match="no permission"):
        check_outputs(json=path)


def test_a_full_disk_is_one_line() -> None:
    with pytest.raises(UsageError, match=r"^--json: cannot write /dev/full: the disk is full$"):
        write_outputs(REPORT, json="/dev/full")


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(UsageError, match=r"--json: .*: the limit on file sizes is reached"):
            write_outputs(REPORT, json=path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["r.json"]


def test_one_bad_destination_does_not_cost_the_other_reports(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_outputs(
            REPORT,
            json=tmp_path / "missing" / "r.json",
            junit="/dev/full",
            markdown=tmp_path / "r.md",
        )
    assert "--json: cannot write" in str(caught.value)
    assert "; --junit: cannot write" in str(caught.value)
    assert (tmp_path / "r.md").read_text("utf-8") == markdown.render(REPORT)


@pytest.mark.parametrize("run", BOTH, ids=["before the run", "after the run"])
def test_two_reports_cannot_share_a_destination(tmp_path: Path, run: Callable[..., None]) -> None:
    with pytest.raises(UsageError, match="--json and --markdown both write to standard output"):
        run(json="-", markdown="-")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="--junit and --html both write to "):
        run(junit=tmp_path / "r", html=tmp_path / "link" / "r")
    assert names(tmp_path) == ["link"]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--json: not a file name"):
        check_outputs(json=name)


def test_checking_leaves_nothing_behind_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    check_outputs(json=path, html=tmp_path / "r.html", markdown="-")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["r.json"]


def test_a_closed_standard_output_is_one_line() -> None:
    closed = io.BytesIO()
    closed.close()
    for stdout in (None, closed):
        with pytest.raises(UsageError, match="--json: cannot write -: standard output is closed"):
            write_outputs(REPORT, json="-", stdout=stdout)


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        write_outputs(REPORT, json="-", stdout=stdout)
        stdout.write(b"more")
        stdout.flush()


def test_an_error_without_a_special_text_is_told_in_the_system_s_words(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    with pytest.raises(UsageError, match=os.strerror(errno.ELOOP)):
        write_outputs(REPORT, json=path)
