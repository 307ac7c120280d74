"""The gauges of real targets: read between segments, held to limits, refused where they mix."""

import sys

import pytest
from command_line import CommandLine
from truthsync_server import APP_DIR

PYTHON = sys.executable
UVICORN = (
    *(PYTHON, "-m", "uvicorn", "--app-dir", str(APP_DIR), "truthsync.app:app"),
    *("--no-access-log", "--port", "{port}"),
)
TWO_WORKERS = (
    *(PYTHON, "-m", "gunicorn", "--no-control-socket", "--chdir", str(APP_DIR)),
    *("truthsync.app:app", "--worker-class", "uvicorn.workers.UvicornWorker"),
    *("--workers", "2", "--bind", "127.0.0.1:{port}"),
)
CRITERIA = """
[criteria]
"rate(truthsync_requests_total)" = "< 1.1"
"rate(truthsync_errors_total)" = "< 0.1%"
truthsync_cache_capacity = "> 1000"
"""


def test_limits_of_gauges_are_kept_or_missed(tsprof: CommandLine) -> None:
    (tsprof.folder / "tsprof.toml").write_text(CRITERIA)
    finished = tsprof.run(
        *("check", "--url", "/health", "--max-time", "3", "--drain", "0"),
        *("--gauges", "/metrics", "--gauges", "/stats", "--gauges", "/nothing", "--", *UVICORN),
    )
    assert finished.code == 1
    assert "truthsync_cache_capacity is 1000, not > 1000" in finished.reasons
    criteria = {c["name"]: c for c in finished.report["criteria"]}
    # The request that asks for the gauges is the target's, and not the load's.
    assert 1 < criteria["rate(truthsync_requests_total)"]["value"] < 1.1
    assert criteria["rate(truthsync_requests_total)"]["met"] is True
    assert criteria["rate(truthsync_errors_total)"]["value"] == pytest.approx(0, abs=0.001)
    gauges = {gauge["name"]: gauge for gauge in finished.report["gauges"]}
    assert gauges["cache.capacity"]["source"] == "/stats"
    assert finished.notes.count("the gauges at /nothing: it answered with status 404") == 1


def test_workers_that_count_for_themselves_are_not_judged(tsprof: CommandLine) -> None:
    (tsprof.folder / "tsprof.toml").write_text(CRITERIA)
    finished = tsprof.run(
        *("check", "--url", "/health", "--max-time", "3", "--drain", "0"),
        *("--gauges", "/metrics", "--", *TWO_WORKERS),
    )
    assert finished.code == 3
    assert "rate(truthsync_requests_total) could not be measured" in finished.reasons
    assert "its multiprocess mode" in finished.reasons
    assert finished.report["gauges"] == []
