"""Runs on disks that are full, damaged, in use, or oddly named."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import SERVICE, CommandLine, wait_for

PYTHON = sys.executable


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 192 kB: enough to begin a run, too little for its end."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_during_the_run(tsprof: CommandLine, small_disk: Path) -> None:
    tsprof.environment["TSPROF_HOME"] = str(small_disk)
    finished = tsprof.check("--no-attribute", "--", PYTHON, SERVICE, "{port}")
    assert finished.code == 3
    assert "database or disk is full" in finished.reasons
    assert "make room" in "\n".join(finished.report["advice"])
    assert "check --url" not in "\n".join(finished.report["advice"])
    assert "INCONCLUSIVE" in finished.out
    assert "there is no HTML page" in finished.err
    assert "INCONCLUSIVE" in tsprof.run("report").out


def test_a_disk_that_is_full_before_the_run(tsprof: CommandLine, small_disk: Path) -> None:
    tsprof.environment["TSPROF_HOME"] = str(small_disk)
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}")
    assert finished.code == 2
    assert "cannot be" in finished.err
    assert "TSPROF_HOME" in finished.err
    assert not list(small_disk.glob("runs/*"))


def test_a_home_that_is_no_folder(tsprof: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}")
    assert finished.code == 2
    assert f"runs cannot be stored under {tmp_path / 'home'}" in finished.err


def test_a_run_can_be_read_while_it_goes_on(tsprof: CommandLine, tmp_path: Path) -> None:
    """Also in a home whose name has a meaning in a URI."""
    tsprof.environment["TSPROF_HOME"] = str(tmp_path / "a home?mode=memory#1%20")
    started = tsprof.start("check", "--url", "/", "--", PYTHON, SERVICE, "{port}")
    wait_for(lambda: any(tsprof.home.glob("runs/*/run.db")), "the run")

    def under_way() -> int:
        listed = json.loads(tsprof.start("runs", "--json", "-").finish().out)
        assert [run["verdict"] for run in listed] == [None] * len(listed)
        return int(listed[0]["requests"]) if listed else 0

    wait_for(under_way, "a checkpoint")
    report = json.loads(tsprof.start("report", "--json", "-", "--quiet").finish().out)
    assert (report["verdict"], report["complete"]) == ("inconclusive", False)
    os.kill(started.pid, 9)
    started.process.wait()
    wait_for(lambda: not tsprof.left(), "every process to end")


def test_damaged_runs(tsprof: CommandLine) -> None:
    runs = tsprof.home / "runs"
    for name, content in (("1-empty", b""), ("2-other", b"PK" * 5000)):
        (runs / name).mkdir(parents=True)
        (runs / name / "run.db").write_bytes(content)
        finished = tsprof.run("report", name)
        assert finished.code == 70
        assert str(runs / name / "run.db") in finished.err
    assert json.loads(tsprof.run("runs", "--json", "-").out) == []
