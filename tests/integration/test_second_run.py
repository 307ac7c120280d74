"""A native target that is run once more, under a tool that must be there from its start."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import pytest
from command_line import PATIENCE, SERVICE, TARGETS, wait_for

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.config import Settings
from tsprof.exit_codes import ExitCode
from tsprof.profilers import valgrind
from tsprof.profilers.callgrind import read_callgrind
from tsprof.report.live import LiveView
from tsprof.report.model import Report, Verdict
from tsprof.scenarios import check
from tsprof.supervisor.launch import free_port, is_listening
from tsprof.supervisor.run import run

SOURCE = TARGETS / "native_service.c"
LINES = SOURCE.read_text(encoding="utf-8").splitlines()
TODAY = Allowances(today=date(2026, 1, 1))


def checked(folder: Path, command: Sequence[str], profiler: str, seconds: float) -> Report:
    """Check a target with little load and short segments, and without a rest."""
    settings = Settings.model_validate(
        {
            "target": {"command": command},
            "load": {"url": ("/",), "users": 4, "rate": 1000},
            "check": {"profiler": profiler, "drain": 0},
        }
    )
    plan = replace(check.plan(settings), segment_seconds=0.3, max_seconds=seconds)
    report, _ = run(plan, settings, folder, LiveView(quiet=True), TODAY)
    return report


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    program = tmp_path_factory.mktemp("native") / "service"
    command = [compiler, "-O2", "-g", "-o", str(program), str(SOURCE), "-pthread"]
    subprocess.run(command, check=True)
    return str(program)


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind on this machine")
def test_valgrind_names_the_leak_and_the_invalid_write(tmp_path: Path, service: str) -> None:
    report = checked(tmp_path, (service, "{port}", "overrun", "100"), "valgrind", 6)
    leak, invalid = report.findings
    (site,) = leak.sites
    assert site.function == "work"
    assert LINES[site.line - 1].endswith("malloc(bytes);")
    assert site.bytes_per_request == pytest.approx(112, rel=0.01)
    assert "by valgrind, per request: 112 B definitely lost" in leak.details
    assert (invalid.resource, invalid.kind) == ("memory_access", "invalid")
    assert invalid.title.startswith("invalid write of size 1 in work (")
    assert LINES[invalid.sites[0].line - 1].endswith("kept[bytes] = 1;")
    assert "0 bytes after a block of size 100" in invalid.details[0]
    assert any(note.startswith("valgrind ran a fresh target") for note in report.notes)
    assert report.exit_code == ExitCode.FAIL
    assert not report.failures


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind on this machine")
def test_massif_draws_the_heap_over_time_and_names_what_it_grows_by(
    tmp_path: Path, service: str
) -> None:
    report = checked(tmp_path, (service, "{port}", "leak", "100"), "massif", 6)
    (leak,) = report.findings
    (site,) = leak.sites
    assert site.function == "work"
    assert LINES[site.line - 1].endswith("malloc(bytes);")
    assert site.bytes_per_request == pytest.approx(112, rel=0.01)
    (heap,) = report.heaps
    before, between, after = heap.moments
    assert before < between < after
    at = {point.seconds: point.heap_bytes for point in heap.points}
    assert at[before] < at[between] < at[after]
    assert heap.command.startswith(f"{service} ")
    assert heap.peak[0].stack
    assert any(note.startswith("massif ran a fresh target") for note in report.notes)
    assert report.exit_code == ExitCode.FAIL


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind on this machine")
def test_what_valgrind_does_not_follow_does_not_pass(tmp_path: Path) -> None:
    command = (sys.executable, SERVICE, "{port}")
    report = checked(tmp_path, command, "valgrind", 1)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "valgrind follows native programs, and the target runs Python" in report.reasons


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind on this machine")
def test_callgrind_counts_the_same_instructions_again(tmp_path: Path, service: str) -> None:
    tool = valgrind.find(tmp_path)
    assert tool is not None
    port = free_port()
    with subprocess.Popen([*tool.callgrind, service, str(port), "clean"]) as process:
        try:
            wait_for(lambda: is_listening(f"http://127.0.0.1:{port}"), "the service")
            client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            tool.tell(process.pid, ("instrumentation", "on"), PATIENCE)
            dumps = []
            for _ in range(3):
                for _ in range(50):
                    client.request("GET", "/")
                    assert client.getresponse().read() == b"ok"
                time.sleep(0.1)  # what follows an answer is of the same request
                dumps.append(tool.counts(process.pid, PATIENCE))
            client.close()
        finally:
            process.kill()
    first, second = (read_callgrind(dump.read_text().splitlines()) for dump in dumps[1:])
    assert sum(first.values()) > 50 * 100
    assert sum(second.values()) == pytest.approx(sum(first.values()), rel=0.001)
    assert "serve" in {stack[-1].function for stack in first}
