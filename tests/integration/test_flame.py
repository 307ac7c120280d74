"""``tsprof flame`` on services whose CPU time is known."""

import shutil
import sys

import pytest
from command_line import TARGETS, CommandLine

HOT = (sys.executable, str(TARGETS / "hot_service.py"), "{port}")


def test_the_share_of_a_hot_function_is_told_and_its_run_can_be_drawn_again(
    tsprof: CommandLine,
) -> None:
    first = tsprof.run("flame", "--url", "/", "--users", "3", "--max-time", "6", "--", *HOT, "1")
    assert first.code == 0
    functions = {f["function"]: f for f in first.report["hot_paths"]["functions"]}
    hot, spin = functions["hot"], functions["spin"]
    assert hot["own"] / (hot["own"] + spin["own"]) == pytest.approx(0.4, abs=0.1)
    assert hot["low"] < hot["own"] < hot["high"]
    assert hot["file"].endswith("hot_service.py")
    assert hot["own_us_per_request"] == pytest.approx(400, rel=0.35)
    assert first.report["reasons"][0].endswith(f"is in spin ({spin['file']}:{spin['line']})")
    run = tsprof.run_folder
    pictures = ["flame.html", "flame.svg", "flame.folded", "flame.speedscope.json"]
    assert all(str(run / picture) in first.err for picture in pictures)
    assert "hot" in (run / "flame.folded").read_text()
    for picture in pictures:
        (run / picture).unlink()
    again = tsprof.run("flame", run.name)
    assert again.code == 0
    assert "spin" in again.out
    assert all((run / picture).is_file() for picture in pictures)


def test_a_function_that_takes_longer_is_found_between_two_runs(tsprof: CommandLine) -> None:
    for times in ("1", "2"):
        run = tsprof.run(
            "flame", "--url", "/", "--users", "3", "--max-time", "5", "--", *HOT, "1", times
        )
        assert run.code == 0
    earlier, later = sorted(path.name for path in (tsprof.home / "runs").iterdir())
    compared = tsprof.run("flame", "--diff", earlier, later)
    assert compared.code == 0
    changes = compared.report["changes"]
    assert "hot" in {change["function"] for change in changes if change["change"] > 0.3}
    assert (tsprof.home / "runs" / later / "flame-diff.html").is_file()


def test_each_worker_has_a_picture_and_one_that_dies_loses_only_its_own(
    tsprof: CommandLine,
) -> None:
    finished = tsprof.run(
        *("flame", "--url", "/", "--users", "16", "--max-time", "7"),
        *("--", *HOT, "3", "1", "4"),
    )
    assert finished.code == 0
    assert finished.report["hot_paths"]["processes"] == 3
    assert finished.report["hot_paths"]["samples"] > 300
    pages = sorted(tsprof.run_folder.glob("flame-*.html"))
    assert len(pages) == 3
    assert "ended" in finished.notes


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux has it")
def test_a_kernel_that_refuses_is_told_of_with_the_way_out(tsprof: CommandLine) -> None:
    hidden = "import ctypes, runpy, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); del sys.argv[0]"
    target = (sys.executable, "-c", f"{hidden}; runpy.run_path(sys.argv[0], run_name='__main__')")
    tsprof.launcher = ("setpriv", "--bounding-set", "-sys_ptrace")
    finished = tsprof.run(
        *("flame", "--url", "/", "--max-time", "6", "--no-agent", "--", *target, *HOT[1:])
    )
    assert finished.code == 3
    assert "permission denied" in finished.reasons
    assert "CAP" in finished.reasons or "SYS_PTRACE" in finished.reasons


def test_a_run_without_samples_cannot_be_drawn(tsprof: CommandLine) -> None:
    finished = tsprof.run("flame", "nothing")
    assert finished.code == 2
    assert "no run" in finished.err
