"""``tsprof flame`` on services whose CPU time is known."""

import shutil
import subprocess
import sys

import pytest
from command_line import TARGETS, CommandLine, Finished

HOT = (sys.executable, str(TARGETS / "hot_service.py"), "{port}")
PICTURES = ("flame.html", "flame.svg", "flame.folded", "flame.speedscope.json")
HIDES = (
    "import ctypes, runpy, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); del sys.argv[0]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""Runs a program in a process that the kernel lets no other look into without CAP_SYS_PTRACE."""


def flame(tsprof: CommandLine, *words: str, seconds: str = "4", users: str = "3") -> Finished:
    return tsprof.run(*("flame", "--url", "/", "--users", users, "--max-time", seconds), *words)


def test_shares_are_told_drawn_again_and_compared_between_runs(tsprof: CommandLine) -> None:
    runs = [flame(tsprof, "--", *HOT, "1", times) for times in ("1", "2")]
    assert [run.code for run in runs] == [0, 0]
    assert "may miss what changes in a function with a tenth of the CPU time" in runs[0].notes
    functions = {f["function"]: f for f in runs[0].report["hot_paths"]["functions"]}
    hot, spin = functions["hot"], functions["spin"]
    assert hot["own"] / (hot["own"] + spin["own"]) == pytest.approx(0.4, abs=0.1)
    assert hot["low"] < hot["own"] < hot["high"]
    assert hot["file"].endswith("hot_service.py")
    assert hot["own_us_per_request"] == pytest.approx(400, rel=0.35)
    assert runs[0].report["reasons"][0].endswith(f"is in spin ({spin['file']}:{spin['line']})")
    earlier, later = sorted((tsprof.home / "runs").iterdir())
    assert all(str(later / picture) in runs[1].err for picture in PICTURES)
    assert "hot" in (earlier / "flame.folded").read_text()
    for picture in PICTURES:
        (earlier / picture).unlink()
    again = tsprof.run("flame", earlier.name)
    assert again.code == 0
    assert "spin" in again.out
    assert all((earlier / picture).is_file() for picture in PICTURES)
    compared = tsprof.run("flame", "--diff", earlier.name, later.name)
    assert compared.code == 0
    changes = compared.report["changes"]
    assert "hot" in {change["function"] for change in changes if change["change"] > 0.3}
    assert (later / "flame-diff.html").is_file()


def test_each_worker_has_a_picture_and_one_that_dies_loses_only_its_own(
    tsprof: CommandLine,
) -> None:
    finished = flame(tsprof, "--", *HOT, "3", "1", "5", seconds="6", users="24")
    assert finished.code == 0
    processes = finished.report["hot_paths"]["processes"]
    assert processes in {2, 3}  # the one that died is missing if it did so in its first window
    assert finished.report["hot_paths"]["samples"] > 200
    assert len(list(tsprof.run_folder.glob("flame-*.html"))) == processes
    assert "ended" in finished.notes


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux has it")
def test_where_the_kernel_refuses_the_way_out_is_told_and_the_agent_samples(
    tsprof: CommandLine,
) -> None:
    tsprof.launcher = ("setpriv", "--bounding-set", "-sys_ptrace")
    finished = flame(tsprof, "--", sys.executable, "-c", HIDES, *HOT[1:])
    # How many samples the agent gets in so short a time depends on what else the machine does.
    assert finished.code in {0, 3}
    assert finished.report["hot_paths"]["samples"] > 0
    assert "permission denied" in finished.notes
    assert "--cap-add SYS_PTRACE" in finished.notes
    assert "hot_service.py" in finished.out


@pytest.fixture
def native_service(tsprof: CommandLine) -> str:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler on this machine")
    program = tsprof.folder / "service"
    source = TARGETS / "native_service.c"
    subprocess.run(["cc", "-O2", "-g", "-pthread", source, "-o", program], check=True)
    return str(program)


@pytest.mark.skipif(shutil.which("perf") is None, reason="no perf on this machine")
def test_a_native_program_is_sampled_by_perf(tsprof: CommandLine, native_service: str) -> None:
    finished = flame(tsprof, "--", native_service, "{port}", "clean", seconds="3")
    if "permission denied" in finished.notes:
        pytest.skip("the kernel lets nobody sample")
    seen = finished.report["hot_paths"]
    assert seen["samples"] > 0
    assert {f["origin"] for f in seen["functions"]} <= {"application", "native"}
    assert finished.code == (0 if seen["samples"] >= 50 else 3)


def test_without_perf_no_native_program_is_loaded(tsprof: CommandLine, native_service: str) -> None:
    tsprof.environment["PATH"] = "/nowhere"
    finished = tsprof.run("flame", "--url", "/", "--", native_service, "{port}", "clean")
    assert finished.code == 2
    assert "perf, which samples native programs, is not installed" in finished.err
    assert "apt install linux-perf" in finished.err
    assert not list((tsprof.home / "runs").iterdir())


def test_a_run_that_is_not_there_cannot_be_drawn(tsprof: CommandLine) -> None:
    finished = tsprof.run("flame", "nothing")
    assert finished.code == 2
    assert "no run" in finished.err
