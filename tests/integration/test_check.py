"""``tsprof check`` on services that leak, that do not, and that cannot be judged."""

import json
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import SERVICE, TARGETS, CommandLine, python, wait_for

PYTHON = sys.executable
GUNICORN = (PYTHON, "-m", "gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}")
LEAKING = {
    "fd": "descriptors",
    "thread": "threads",
    "task": "tasks",
    "temporary_file": "temporary_files",
}


def bytes_by_owner(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {row["owner"]: row["bytes_per_request"] for row in rows}


def test_a_clean_service_passes_and_its_run_is_kept(tsprof: CommandLine) -> None:
    finished = tsprof.run("check", "--url", "/", "--", PYTHON, SERVICE, "{port}")
    assert finished.code == 0
    report = finished.report
    assert report["verdict"] == "pass"
    assert report["complete"] is True
    assert report["findings"] == []
    assert 0 < report["growth"]["detectable_bytes_per_request"] <= 64
    assert "would have shown" in finished.out
    assert (tsprof.run_folder / "report.html").is_file()

    again = tsprof.run("report", "--json", "-", "--quiet")
    assert json.loads(again.out) == report
    listed = json.loads(tsprof.run("runs", "--json", "-").out)
    assert [(run["verdict"], run["requests"]) for run in listed] == [("pass", report["requests"])]


def test_leaks_of_memory_descriptors_threads_and_tasks(tsprof: CommandLine) -> None:
    finished = tsprof.run(
        *(
            "check",
            "--url",
            "/",
            "--drain",
            "1",
            "--max-time",
            "18",
            "--keep-going",
            "--rate",
            "2000",
        ),
        *("--", PYTHON, SERVICE, "{port}", "leaks_everything"),
    )
    assert finished.code == 1
    assert {f["resource"] for f in finished.report["findings"]} >= {
        "memory",
        "fd",
        "thread",
        "task",
        "temporary_file",
    }
    assert finished.finding("fd")["per_request"] == pytest.approx(1 / 20, rel=0.05)
    assert finished.finding("thread")["per_request"] == pytest.approx(1 / 50, rel=0.05)
    assert finished.finding("task")["per_request"] == pytest.approx(1 / 10, rel=0.05)
    assert finished.finding("memory")["per_request"] > 336
    assert finished.finding("temporary_file")["per_request"] == pytest.approx(1 / 20, rel=0.05)
    for resource, name in LEAKING.items():
        site = finished.finding(resource)["sites"][0]
        assert site["function"].endswith(f"leaks_{name}")
        assert site["file"] == SERVICE
        assert site["share"] > 0.9
    assert "running time.sleep" in finished.finding("thread")["title"]
    assert "kept -> list" in finished.finding("fd")["holders"][0]["path"]


def test_cycles_with_the_collector_switched_off(tsprof: CommandLine) -> None:
    finished = tsprof.run(
        *("check", "--url", "/", "--drain", "0", "--max-time", "25", "--no-attribute"),
        *("--", PYTHON, SERVICE, "{port}", "makes_cycles"),
    )
    assert finished.code == 1
    assert finished.finding("garbage")["per_request"] > 336


@pytest.mark.parametrize(
    ("worker", "application"),
    [
        ("sync", "wsgi:application"),
        ("gevent", "wsgi:application"),
        ("uvicorn.workers.UvicornWorker", "asgi:application"),
    ],
)
def test_the_ledgers_of_workers_add_up(tsprof: CommandLine, worker: str, application: str) -> None:
    """Each worker keeps 300 bytes per request: an object of 336, and its place in a list."""
    finished = tsprof.check(
        *("--no-attribute", "--cwd", str(TARGETS), "--env", "LEAK=1", "--"),
        *(*GUNICORN, "--workers", "2", "--worker-class", worker, application),
    )
    processes = finished.report["processes"]
    assert [process["source"] for process in processes] == ["agent"] * 3
    # Connections that are kept alive may all have gone to one worker.
    assert 1 <= sum(process["bytes_per_request"] > 30 for process in processes) <= 2
    total = bytes_by_owner(finished.report["ledger"])
    assert total["python_objects"] == pytest.approx(350, rel=0.2)
    parts: defaultdict[str, float] = defaultdict(float)
    for process in processes:
        for owner, size in bytes_by_owner(process["ledger"]).items():
            parts[owner] += size
    assert sum(parts.values()) == pytest.approx(sum(total.values()), abs=0.01)
    for owner in ("allocator_slack", "stacks", "mappings", "other"):
        assert parts[owner] == pytest.approx(total[owner], abs=0.01)


def test_a_worker_that_is_killed_is_noticed(tsprof: CommandLine) -> None:
    started = tsprof.start(
        *("check", "--url", "/", "--max-time", "4", "--drain", "0", "--no-attribute"),
        *(
            "--cwd",
            str(TARGETS),
            "--env",
            "LEAK=1",
            "--",
            *GUNICORN,
            "--workers",
            "2",
            "wsgi:application",
        ),
    )
    assert started.process.stderr is not None
    while "measuring" not in started.process.stderr.readline():
        pass
    (master,) = (
        process
        for process in psutil.Process(started.pid).children(recursive=True)
        if "gunicorn" in " ".join(process.cmdline()) and process.children()
    )
    worker = master.children()[0]
    worker.kill()
    finished = started.finish()
    assert tsprof.left() == []
    assert finished.code in (1, 3)
    if finished.code == 1:
        assert finished.finding("memory")["per_request"] == pytest.approx(350, rel=0.2)
    assert f"process {worker.pid} (python) ended" in finished.notes
    ended = {p["pid"] for p in finished.report["processes"] if p["ended"]}
    assert ended == {worker.pid}


def test_workers_that_are_recycled_cannot_be_judged(tsprof: CommandLine) -> None:
    finished = tsprof.check(
        *("--cwd", str(TARGETS), "--env", "LEAK=1", "--"),
        *(*GUNICORN, "--workers", "2", "--max-requests", "100", "wsgi:application"),
    )
    assert finished.code == 3
    assert "came or went" in finished.reasons
    assert "max_requests" in "\n".join(finished.report["advice"])


@pytest.mark.parametrize(
    "launcher",
    [(PYTHON, "-I"), (PYTHON, "-S"), ("/usr/bin/env", "-i", PYTHON)],
    ids=["isolated", "without site", "without environment"],
)
def test_a_target_that_keeps_the_agent_out(tsprof: CommandLine, launcher: tuple[str, ...]) -> None:
    finished = tsprof.check("--max-time", "1", "--", *launcher, SERVICE, "{port}", "leaks")
    assert finished.code == 3
    assert "clears PYTHONPATH" in finished.notes
    assert [p["source"] for p in finished.report["processes"]] == ["outside"]


@pytest.mark.parametrize("version", ["3.8", "3.15"])
def test_a_python_that_the_agent_does_not_know(tsprof: CommandLine, version: str) -> None:
    interpreter = python(version)
    finished = tsprof.check("--max-time", "1", "--", interpreter, SERVICE, "{port}", "leaks")
    assert finished.code == 3
    assert f"it runs on Python {version}, and tsprof's agent on CPython 3.9 to" in finished.notes
    assert [p["source"] for p in finished.report["processes"]] == ["outside"]


@pytest.mark.parametrize("version", ["3.9", "3.13", "3.14"])
def test_the_targets_python_need_not_be_that_of_tsprof(tsprof: CommandLine, version: str) -> None:
    finished = tsprof.check("--max-time", "1", "--", python(version), SERVICE, "{port}")
    assert [p["source"] for p in finished.report["processes"]] == ["agent"]
    assert finished.report["provenance"]["target_python"].startswith(version)


LISTENS_AND_ENDS = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(0.5)
print("no module named app")
sys.exit(3)
"""


def test_a_server_that_listens_and_ends_was_never_ready(tsprof: CommandLine) -> None:
    finished = tsprof.check("--", PYTHON, "-c", LISTENS_AND_ENDS, "{port}")
    assert finished.code == 4
    assert "ended before it was ready (exit code 3)" in finished.err
    assert "no module named app" in finished.err


def test_a_report_that_cannot_be_written_is_told_before_the_run(tsprof: CommandLine) -> None:
    junit = "/nowhere/at/all/junit.xml"
    finished = tsprof.check("--junit", junit, "--", PYTHON, SERVICE, "{port}")
    assert finished.code == 2
    assert junit in finished.err
    assert not tsprof.home.exists()


def test_a_target_that_closes_its_descriptors_keeps_its_agent(tsprof: CommandLine) -> None:
    finished = tsprof.check(
        *("--max-time", "1", "--", PYTHON, SERVICE, "{port}", "closes_descriptors", "leaks")
    )
    assert "agent" not in finished.reasons
    assert [p["source"] for p in finished.report["processes"]] == ["agent"]


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A control group with a memory limit of 64 MB."""
    root = Path("/sys/fs/cgroup")
    version_1 = (root / "memory").is_dir()
    group = (root / "memory" if version_1 else root) / f"tsprof-test-{os.getpid()}"
    limit = "memory.limit_in_bytes" if version_1 else "memory.max"
    try:
        group.mkdir()
        (group / limit).write_text(str(64 << 20))
        if not version_1:
            (group / "memory.swap.max").write_text("0")
    except OSError as error:
        shutil.rmtree(group, ignore_errors=True)
        if group.exists():
            group.rmdir()
        pytest.skip(f"no memory control group can be made here: {error.strerror}")
    yield group
    wait_for(lambda: not (group / "cgroup.procs").read_text(), "the group to be empty")
    group.rmdir()


def test_a_target_that_runs_out_of_memory(tsprof: CommandLine, memory_group: Path) -> None:
    enter = f'echo $$ > {memory_group}/cgroup.procs && exec "$@"'
    finished = tsprof.run(
        *("check", "--url", "/", "--max-time", "30", "--no-attribute"),
        *("--", "sh", "-c", enter, "sh", PYTHON, SERVICE, "{port}", "eats_memory"),
    )
    assert finished.code == 1
    assert "killed by SIGKILL" in finished.reasons
    assert "its memory limit of 67,108,864 bytes was reached" in finished.reasons
