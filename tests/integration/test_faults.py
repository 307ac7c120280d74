"""A target that fails: the exit code, the sentence, and nothing left running."""

import re
import sys
from pathlib import Path

import pytest
from command_line import SERVICE, CommandLine

from tsprof.supervisor.launch import LOG_LIMIT

PYTHON = sys.executable


def test_a_target_that_ends_at_its_start(tsprof: CommandLine) -> None:
    program = "import sys; print('no such database: orders'); sys.exit(3)"
    finished = tsprof.check("--", PYTHON, "-c", program)
    assert finished.code == 4
    assert "ended before it was ready (exit code 3)" in finished.err
    assert "| no such database: orders" in finished.err
    assert (tsprof.home / "not-ready.log").read_text() == "no such database: orders\n"
    assert str(tsprof.home / "not-ready.log") in finished.err
    assert "gunicorn: without --daemon" in finished.err
    assert not list((tsprof.home / "runs").iterdir())


def test_a_command_that_does_not_exist(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", "no-such-program", "{port}")
    assert finished.code == 2
    assert "not found: no-such-program" in finished.err
    assert not list((tsprof.home / "runs").iterdir())


def test_a_file_that_cannot_be_executed(tsprof: CommandLine, tmp_path: Path) -> None:
    script = tmp_path / "serve.sh"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    finished = tsprof.check("--", "./serve.sh")
    assert finished.code == 2
    assert "Permission denied" in finished.err
    assert "chmod +x" in finished.err


def test_a_command_whose_place_cannot_be_looked_at(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", "a" * 300)  # as a folder that the user may not enter
    assert finished.code == 2
    assert "cannot be run: [Errno 36] File name too long" in finished.err
    assert not list((tsprof.home / "runs").iterdir())


def test_a_target_that_is_never_ready(tsprof: CommandLine) -> None:
    program = "import time; print('warming up'); time.sleep(600)"
    finished = tsprof.check("--ready-timeout", "1", "--", PYTHON, "-uc", program)
    assert finished.code == 4
    assert "not ready after 1 s" in finished.err
    assert "it listens on no port" in finished.err
    assert "| warming up" in finished.err


def test_a_target_that_serves_on_another_port(tsprof: CommandLine) -> None:
    program = (
        "import socket, time; other = socket.create_server(('127.0.0.1', 0));"
        "print('\\033[31mport', other.getsockname()[1], flush=True); time.sleep(600)"
    )
    finished = tsprof.check("--ready-timeout", "1", "--", PYTHON, "-c", program)
    assert finished.code == 4
    port = finished.err.partition("| port ")[2].split()[0]
    assert f"it listens on port {port})" in finished.err


def test_a_target_whose_command_has_no_place_for_the_port(tsprof: CommandLine) -> None:
    program = (
        "import socket, time; other = socket.create_server(('127.0.0.1', 0));"
        "print('port', other.getsockname()[1], flush=True); time.sleep(600)"
    )
    finished = tsprof.check("--ready-timeout", "100", "--", PYTHON, "-c", program)
    assert finished.code == 4
    assert re.search(r"listens on port (\d+), but is expected at .*\n.*--host \S+:\1", finished.err)


@pytest.mark.parametrize(
    ("behaviour", "how"),
    [
        ("exits", "exit code 7"),
        ("is_killed", "killed by SIGKILL"),
        ("crashes", "killed by SIGSEGV"),
    ],
)
def test_a_target_that_dies_under_load(tsprof: CommandLine, behaviour: str, how: str) -> None:
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", behaviour)
    assert finished.code == 1
    assert f"the target died under load ({how})" in finished.reasons
    assert finished.report["requests"] - finished.report["failures"] > 400  # of 500
    samples = "\n".join(finished.report["failure_samples"])
    assert finished.report["failures"] == sum(
        int(count.replace(",", "")) for count in re.findall(r"\(([\d,]+) times\)", samples)
    )
    if behaviour == "exits":
        assert "giving up: the queue is gone" in finished.out


def test_a_target_that_dies_of_its_descriptors(tsprof: CommandLine) -> None:
    finished = tsprof.check(
        "--max-time", "30", "--", PYTHON, SERVICE, "{port}", "dies_of_descriptors"
    )
    assert finished.code == 1
    died = r"died under load \(exit code 7\), when its file descriptors had grown from \d+ to \d{3}"
    assert re.search(died, finished.reasons)


@pytest.mark.alone  # beside other work, 6,000 descriptors may be gone between two looks
def test_descriptors_that_would_run_out_at_full_speed_are_counted(tsprof: CommandLine) -> None:
    """At full speed they would be gone within the first second."""
    command = f"ulimit -n 6000; exec {PYTHON} {SERVICE} {{port}} opens_one_per_request"
    finished = tsprof.check("--max-time", "20", "--no-attribute", "--", "sh", "-c", command)
    assert finished.code == 1
    assert finished.report["failures"] == 0
    (leak,) = [finding for finding in finished.report["findings"] if finding["resource"] == "fd"]
    assert leak["per_request"] == pytest.approx(1, abs=0.01)


def test_a_target_that_ends_at_its_first_request(tsprof: CommandLine) -> None:
    finished = tsprof.check("--ready", "tcp", "--", PYTHON, SERVICE, "{port}", "exits_at_once")
    assert finished.code == 4
    assert "ended before it had answered a request (exit code 7)" in finished.err
    assert not list((tsprof.home / "runs").iterdir())


def test_a_target_that_hangs_under_load(tsprof: CommandLine) -> None:
    finished = tsprof.check("--hang-timeout", "2", "--", PYTHON, SERVICE, "{port}", "hangs")
    assert finished.code == 1
    assert "the target hung" in finished.reasons


@pytest.mark.parametrize("behaviour", ["closes", "fails"])
def test_a_load_that_only_fails(tsprof: CommandLine, behaviour: str) -> None:
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", behaviour)
    assert finished.code == 3
    assert "100% of the" in finished.reasons
    assert finished.report["failure_samples"]


def test_an_address_where_something_else_serves(tsprof: CommandLine, busy_port: int) -> None:
    finished = tsprof.check(
        "--host", f"http://127.0.0.1:{busy_port}", "--", PYTHON, SERVICE, str(busy_port)
    )
    assert finished.code == 2
    assert "something else already serves" in finished.err


def test_a_target_that_does_not_go_away_by_itself(tsprof: CommandLine) -> None:
    """That it is gone in the end is seen by ``CommandLine.run``."""
    behaviours = ("ignores_sigterm", "has_a_daemon", "fails")
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", *behaviours)
    assert finished.code == 3
    assert finished.report["requests"] > 0


def test_a_target_that_leaves_processes_behind(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", "leaks_processes")
    assert finished.code in (1, 3)
    assert len(finished.report["processes"]) > 1


def test_a_target_that_goes_into_the_background(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", "becomes_a_daemon")
    assert finished.code == 4
    assert "exit code 0" in finished.err
    assert "foreground" in finished.err


def test_a_target_that_prints_100_megabytes(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", "prints_much", "fails")
    assert finished.report["requests"] > 0
    logs = list(tsprof.run_folder.glob("target.log*"))
    assert 0 < sum(log.stat().st_size for log in logs) <= 2 * LOG_LIMIT


def test_a_target_that_prints_what_is_no_text(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", PYTHON, SERVICE, "{port}", "prints_bytes", "fails")
    assert finished.code == 3
    assert "caf\ufffd" in finished.out
    assert "\x1b" not in finished.out


def test_a_locust_file_with_a_syntax_error(tsprof: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "load.py").write_text("import locust\n\nclass User(locust.HttpUser)\n    pass\n")
    finished = tsprof.run("check", "--locustfile", "load.py", "--", PYTHON, SERVICE, "{port}")
    assert finished.code == 2
    assert f"{tmp_path / 'load.py'}:3: SyntaxError" in finished.err
    assert f"{tmp_path / 'load.py'} shows all of the traceback" in finished.err
    assert "load.log" not in finished.err  # it is gone with the run that never began


def test_a_locust_file_without_users(tsprof: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "load.py").write_text("import locust\n")
    finished = tsprof.run("check", "--locustfile", "load.py", "--", PYTHON, SERVICE, "{port}")
    assert finished.code == 2
    assert "load.py defines no user" in finished.err
