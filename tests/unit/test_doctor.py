import re
import resource
import socket
import sys
import sysconfig
from pathlib import Path

import pytest

from tsprof.config import Settings
from tsprof.doctor import Row, Status, exit_code
from tsprof.doctor.access import has_capability, maps_row, perf_events_row, ptrace_row
from tsprof.doctor.interpreter import Interpreter, agent_row
from tsprof.doctor.interpreter import memray_row as target_memray_row
from tsprof.doctor.machine import (
    control_group_row,
    cpu_quota,
    disk_row,
    files_row,
    kernel_row,
    libc_row,
    memory_row,
    processors_row,
)
from tsprof.doctor.readiness import (
    baseline_row,
    gauges_row,
    governor_row,
    port_row,
    reference_row,
)
from tsprof.doctor.readiness import files_row as connections_row
from tsprof.doctor.tools import find_program, jemalloc_row, module_row
from tsprof.exit_codes import ExitCode

GB = 1_000_000_000


def row(status: Status, *, needed: bool) -> Row:
    return Row(name="x", status=status, found="", needed=needed)


def expect(found: Row, status: Status) -> None:
    """A row that is not ok says what that means and what to do."""
    assert found.status is status, found
    assert bool(found.meaning) == bool(found.fix) == (status is not Status.OK)
    assert found.found


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], ExitCode.PASS),
        ([row(Status.OK, needed=True), row(Status.MISSING, needed=False)], ExitCode.PASS),
        ([row(Status.LIMITED, needed=True)], ExitCode.PASS),
        ([row(Status.OK, needed=True), row(Status.MISSING, needed=True)], ExitCode.INCONCLUSIVE),
    ],
)
def test_only_what_is_needed_and_missing_fails(rows: list[Row], code: ExitCode) -> None:
    assert exit_code(rows) is code


def test_kernel() -> None:
    expect(kernel_row("Linux", "6.1"), Status.OK)
    expect(kernel_row("Darwin", "23.0"), Status.MISSING)
    assert kernel_row("Darwin", "23.0").needed


def test_c_library() -> None:
    expect(libc_row(True, "glibc 2.36"), Status.OK)
    expect(libc_row(False, " "), Status.LIMITED)
    assert "not glibc" in libc_row(False, " ").found


@pytest.mark.parametrize(
    ("cores", "load", "status"),
    [
        (2, 0.9, Status.OK),
        (2, 1.1, Status.LIMITED),
        (1, 0.0, Status.LIMITED),
        (64, 30, Status.OK),
    ],
)
def test_processors(cores: int, load: float, status: Status) -> None:
    expect(processors_row(cores, load), status)


def test_memory() -> None:
    expect(memory_row(8 * GB, 4 * GB), Status.OK)
    expect(memory_row(8 * GB, GB // 2), Status.LIMITED)


@pytest.mark.parametrize(
    ("memory", "processors", "status", "found"),
    [
        (None, None, Status.OK, "no limits"),
        (4 * GB, 2.0, Status.OK, "memory 4 GB, 2 processors"),
        (GB // 2, None, Status.LIMITED, "memory 500 MB"),
        (None, 0.5, Status.LIMITED, "0.5 processors"),
    ],
)
def test_control_group(
    memory: int | None, processors: float | None, status: Status, found: str
) -> None:
    expect(control_group_row(memory, processors), status)
    assert control_group_row(memory, processors).found == found


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
    ],
)
def test_cpu_quota_of_both_generations_of_control_groups(
    tmp_path: Path, files: dict[str, str], processors: float | None
) -> None:
    for name, content in files.items():
        plant(tmp_path / "sys/fs/cgroup" / name, content)
    assert cpu_quota(tmp_path) == processors


@pytest.mark.parametrize(
    ("soft", "hard", "status", "fix"),
    [
        (1024, 4096, Status.OK, ""),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, Status.OK, ""),
        (256, resource.RLIM_INFINITY, Status.LIMITED, "ulimit -n 4096"),
        (256, 512, Status.LIMITED, "ulimit -n 512"),
        (64, 8192, Status.MISSING, "ulimit -n 4096"),
    ],
)
def test_open_files(soft: int, hard: int, status: Status, fix: str) -> None:
    expect(files_row(soft, hard), status)
    assert files_row(soft, hard).fix == fix


def test_storage_is_judged_where_the_folder_will_be(tmp_path: Path) -> None:
    expect(disk_row(tmp_path / "not" / "yet"), Status.OK)
    (tmp_path / "file").touch()
    expect(disk_row(tmp_path / "file" / "below"), Status.MISSING)
    assert not list(tmp_path.glob("not*"))


def plant(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.mark.parametrize(
    ("scope", "capabilities", "status"),
    [
        (None, "0", Status.OK),
        ("0", "0", Status.OK),
        ("1", "0", Status.OK),
        ("2", "0", Status.LIMITED),
        ("2", "0000000000080000", Status.OK),
        ("3", "0", Status.LIMITED),
        ("junk", "0", Status.OK),
    ],
)
def test_ptrace(tmp_path: Path, scope: str | None, capabilities: str, status: Status) -> None:
    plant(tmp_path / "proc/self/status", f"Name:\tx\nCapEff:\t{capabilities}\n")
    if scope is not None:
        plant(tmp_path / "proc/sys/kernel/yama/ptrace_scope", scope + "\n")
    expect(ptrace_row(tmp_path), status)


@pytest.mark.parametrize(
    ("level", "capabilities", "status"),
    [
        (None, "0", Status.LIMITED),
        ("2", "0", Status.OK),
        ("-1", "0", Status.OK),
        ("3", "0", Status.LIMITED),
        ("4", f"{1 << 38:x}", Status.OK),
        ("4", f"{1 << 21:x}", Status.OK),
    ],
)
def test_perf_events(tmp_path: Path, level: str | None, capabilities: str, status: Status) -> None:
    plant(tmp_path / "proc/self/status", f"CapEff:\t{capabilities}\n")
    if level is not None:
        plant(tmp_path / "proc/sys/kernel/perf_event_paranoid", level + "\n")
    expect(perf_events_row(tmp_path), status)


def test_a_system_without_proc_gives_no_capability(tmp_path: Path) -> None:
    assert not has_capability(tmp_path, 19)


def test_the_memory_maps_of_this_process_can_be_read() -> None:
    expect(maps_row(), Status.OK)


def interpreter(version: tuple[int, int, int], **changes: object) -> Interpreter:
    facts = {"implementation": "CPython", "soabi": "cpython-311", "memray": "", "gil": True}
    return Interpreter.model_validate(facts | {"version": version} | changes)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (interpreter((3, 9, 0)), Status.OK),
        (interpreter((3, 14, 7)), Status.OK),
        (interpreter((3, 15, 0)), Status.LIMITED),
        (interpreter((3, 8, 18)), Status.LIMITED),
        (interpreter((2, 7, 18)), Status.LIMITED),
        (interpreter((3, 11, 0), implementation="PyPy"), Status.LIMITED),
        (interpreter((3, 13, 0), gil=False), Status.LIMITED),
    ],
)
def test_the_agent_needs_its_python(found: Interpreter, status: Status) -> None:
    expect(agent_row(found), status)


@pytest.mark.parametrize(
    ("found", "lent", "status", "fix"),
    [
        (interpreter((3, 11, 1)), Path("lent"), Status.OK, ""),
        (interpreter((3, 12, 1), memray="1.19.0"), None, Status.OK, ""),
        (
            interpreter(
                (3, 12, 1), soabi=re.sub(r"-3\d+-", "-312-", sysconfig.get_config_var("SOABI"))
            ),
            None,
            Status.LIMITED,
            "--python-version 3.12 --target",
        ),
        (
            interpreter((2, 7, 18), soabi=""),
            None,
            Status.LIMITED,
            "bin/python -m pip install memray",
        ),
    ],
)
def test_memray_is_the_targets_or_lent(
    found: Interpreter, lent: Path | None, status: Status, fix: str
) -> None:
    row = target_memray_row(found, Path("bin/python"), lent)
    expect(row, status)
    assert fix in row.fix


def test_tools_that_are_there_and_not_there() -> None:
    expect(module_row("click", "m", "f"), Status.OK)
    expect(module_row("no-such-distribution", "m", "f"), Status.MISSING)
    expect(jemalloc_row("libjemalloc.so.2"), Status.OK)
    expect(jemalloc_row(None), Status.MISSING)
    assert find_program("no-such-program") is None
    assert find_program(Path(sys.executable).name) is not None


def test_connections_for_all_users() -> None:
    expect(connections_row(500, 4096), Status.OK)
    expect(connections_row(5000, 4096), Status.MISSING)


def test_the_port_of_the_target() -> None:
    expect(port_row("http://127.0.0.1:{port}"), Status.OK)
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        expect(port_row(host), Status.MISSING)
    expect(port_row(host), Status.OK)


def test_what_a_scenario_judges_by(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    settings = Settings.model_validate({"check": {"baseline": file}, "gauges": {"url": "/metrics"}})
    expect(gauges_row(settings), Status.OK)
    expect(gauges_row(Settings()), Status.LIMITED)
    expect(baseline_row(settings), Status.LIMITED)
    file.touch()
    expect(baseline_row(settings), Status.OK)
    expect(baseline_row(Settings()), Status.LIMITED)
    expect(reference_row(Settings()), Status.MISSING)
    named = Settings.model_validate({"compare": {"reference": "old --port {port}"}})
    expect(reference_row(named), Status.OK)


def test_the_clock_of_the_processors() -> None:
    expect(governor_row(""), Status.OK)
    expect(governor_row("performance"), Status.OK)
    expect(governor_row("powersave"), Status.LIMITED)
