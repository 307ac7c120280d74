"""A real Prometheus server scrapes a run and its target: it says the same as the report."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine, wait_for
from truthsync_server import APP_DIR

PROMETHEUS = shutil.which("prometheus")
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SECONDS = 20
RATE = 300
WINDOW = "12s"
"""What a rate is taken over, in place of the minute that the pages suggest."""

pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Server:
    """A Prometheus server."""

    port: int

    def ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=10
        ) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str, at: float) -> list[float]:
        found = self.ask("query", query=expression, time=f"{at:.3f}")
        return [float(series["value"][1]) for series in found["result"]]

    def health(self) -> set[str]:
        return {target["health"] for target in self.ask("targets")["activeTargets"]}


@contextmanager
def prometheus(folder: Path, metrics_port: int, target_port: int) -> Iterator[Server]:
    """Run a server with the configuration of the documentation, scraping every second."""
    assert PROMETHEUS is not None
    text = (DOCS / "prometheus.yml").read_text(encoding="utf-8")
    for old, new in (("9646", str(metrics_port)), ("8000", str(target_port)), (": 5s", ": 1s")):
        assert old in text
        text = text.replace(old, new)
    configuration = folder / "prometheus.yml"
    configuration.write_text(text, encoding="utf-8")
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield Server(port)
    finally:
        process.terminate()
        process.wait(20)


def is_up(server: Server) -> bool:
    try:
        return server.health() == {"up"}
    except OSError:
        return False


def last_time(server: Server, expression: str) -> float:
    """Return when a series was last scraped."""
    (at,) = server.query(f"max(max_over_time(timestamp({expression})[1m:1s]))", time.time())
    return at


def documented() -> list[str]:
    """The queries of the page, with a window that fits into a short run."""
    queries = re.findall(r"`([^`]*(?:tsprof|truthsync)_[^`]*)`", queries_table())
    return [query.replace("[1m]", f"[{WINDOW}]") for query in queries]


def queries_table() -> str:
    page = (DOCS / "prometheus.md").read_text(encoding="utf-8")
    return "\n".join(line for line in page.splitlines() if line.startswith("|"))


def dashboard_queries() -> list[str]:
    board = json.loads((DOCS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [expression.replace("$__rate_interval", WINDOW) for expression in found]


def test_prometheus_says_what_the_report_says(tsprof: CommandLine) -> None:
    metrics_port, target_port = free_port(), free_port()
    with prometheus(tsprof.folder, metrics_port, target_port) as server:
        started = tsprof.start(
            *("baseline", "--duration", str(SECONDS), "--rate", str(RATE), "--no-attribute"),
            *("--users", "20", "--locustfile", str(ROOT / "locustfile.py")),
            *("--gauges", "/metrics"),
            *("--prometheus", str(metrics_port), "--host", f"http://127.0.0.1:{target_port}"),
            *("--", sys.executable, "-m", "uvicorn", "--app-dir", str(APP_DIR)),
            *("truthsync.app:app", "--port", str(target_port), "--log-level", "warning"),
        )
        wait_for(lambda: is_up(server), "both targets to be scraped")
        report = started.finish().report
        at = last_time(server, "truthsync_requests_total") - 1

        def value(expression: str) -> float:
            (found,) = server.query(expression, at)
            return found

        answers = {query: server.query(query, at) for query in documented() + dashboard_queries()}
        rate = report["latency"]["requests_per_second"]
        own = value(f"sum(rate(tsprof_requests_total[{WINDOW}]))")
        theirs = value(f"sum(rate(truthsync_requests_total[{WINDOW}]))")
        failed = value(f'sum(rate(tsprof_requests_total{{outcome="failed"}}[{WINDOW}]))')
        errors = value(f"sum(rate(truthsync_errors_total[{WINDOW}]))")
        hits = value("truthsync_cache_hit_rate")
        p99 = value("histogram_quantile(0.99, tsprof_request_latency_seconds_bucket)")
        slowest = value("sum(tsprof_request_latency_seconds_count)")
        served = value(
            "histogram_quantile(0.99, sum by (le) (truthsync_processing_seconds_bucket))"
        )
    silent = [query for query, found in answers.items() if not found]
    assert silent == []
    # The checkpoints' pauses, about a tenth of the time of so short a run, are in their rates.
    assert 0.8 * rate <= own <= 1.05 * rate
    assert theirs == pytest.approx(own, rel=0.15)
    assert failed == errors == report["failures"] == 0
    (reported,) = (g for g in report["gauges"] if g["name"] == "truthsync_cache_hit_rate")
    # The service tells its rate since its start, cold cache included; tsprof that of its segments.
    assert hits == pytest.approx(reported["overall"], abs=0.1)
    assert slowest > 0.8 * report["requests"]
    seconds = [point for point in report["timeline"] if point["p99_ms"] is not None]
    assert p99 * 1000 <= 1.2 * max(point["p99_ms"] for point in seconds)
    assert p99 * 1000 >= min(point["p99_ms"] for point in seconds) / 1.2
    assert served > 0
