import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from truthsync_server import ROOT, Server, running

ENDPOINTS = {"/verify", "/verify/batch", "/health", "/stats"}

MEASURE_HIT_RATE = """
import json, random, sys
from collections import OrderedDict
import locustfile
source, chance = locustfile.claim_source(), random.Random(1)
cache, hits = OrderedDict(), 0
for number in range(220_000):
    claim = source.draw(chance)
    if claim in cache:
        cache.move_to_end(claim)
        hits += number >= 20_000
        continue
    cache[claim] = None
    if len(cache) > int(sys.argv[1]):
        cache.popitem(last=False)
print(json.dumps({"claims": len(set(source.claims)), "hit_rate": hits / 200_000}))
"""

RUN_EVERY_TASK = """
import json, sys
import locustfile
from locust.env import Environment
environment = Environment(user_classes=[locustfile.TruthSyncUser], host=sys.argv[1])
locustfile.TruthSyncUser.host = sys.argv[1]
environment.create_local_runner()
user = locustfile.TruthSyncUser(environment)
user.on_start()
for task in set(user.tasks):
    task(user)
print(json.dumps([entry.to_dict() for entry in environment.stats.entries.values()]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the locustfile, where tsprof cannot be imported."""
    shutil.copy(ROOT / "locustfile.py", tmp_path)
    (tmp_path / "tsprof.py").write_text('raise ImportError("there is no tsprof here")')
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def locust(folder: Path, server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run locust for 3 seconds, or for 30 where a starved machine got no request done in 3."""
    command = ("-m", "locust", "-f", "locustfile.py", "--headless", "--json", *arguments)
    host = f"http://127.0.0.1:{server.port}"
    result = None
    for seconds in ("3s", "30s"):
        users = ("--users", "5", "--spawn-rate", "5", "--run-time", seconds, "--host", host)
        result = run(folder, *command, *users)
        if "/verify" in entries(result):
            break
    assert result is not None
    return result


def entries(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return locust's statistics by name; every load process prints a list, workers' are empty."""
    found: dict[str, Any] = {}
    text = result.stdout.lstrip()
    while text:
        printed, end = json.JSONDecoder().raw_decode(text)
        found |= {entry["name"]: entry for entry in printed}
        text = text[end:].lstrip()
    return found


def test_plain_locust_runs_without_a_failure(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        result = locust(folder, server)
        stats = server.stats()

    assert result.returncode == 0, result.stderr
    assert "10,000 claims made in memory" in result.stderr
    found = entries(result)
    assert set(found) <= ENDPOINTS
    assert all(entry["num_failures"] == 0 for entry in found.values())
    requests = {name: entry["num_requests"] for name, entry in found.items()}
    assert requests["/verify"] == max(requests.values())
    # /stats was asked once more here, and locust does not count requests that its end cut off.
    assert 0 <= stats["requests"] - sum(requests.values()) <= 1 + 2 * 5


def test_a_claims_file_is_used(folder: Path, tmp_path: Path) -> None:
    claims = {"claims": [{"text": "一"}, {"text": "two"}], "popularity": {"zipf_exponent": 0}}
    (folder / "synthetic_claims_1k.json").write_text(json.dumps(claims), encoding="utf-8")

    with running(tmp_path) as server:
        result = locust(folder, server)
        size = server.stats()["cache"]["size"]

    assert result.returncode == 0, result.stderr
    assert "made in memory" not in result.stderr
    assert all(entry["num_failures"] == 0 for entry in entries(result).values())
    assert 1 <= size <= 2


def test_load_can_come_from_several_processes(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        result = locust(folder, server, "--processes", "2")

    assert result.returncode == 0, result.stderr
    found = entries(result)
    assert sum(entry["num_requests"] for entry in found.values()) > 0
    assert all(entry["num_failures"] == 0 for entry in found.values())


@pytest.mark.parametrize(("batch_size", "failures"), [("100", 0), ("1", 1)])
def test_every_task_asks_its_endpoint(
    folder: Path, tmp_path: Path, batch_size: str, failures: int
) -> None:
    with running(tmp_path, BATCH_SIZE=batch_size) as server:
        result = run(folder, "-c", RUN_EVERY_TASK, f"http://127.0.0.1:{server.port}")

    assert result.returncode == 0, result.stderr
    found = entries(result)
    assert {name: entry["num_requests"] for name, entry in found.items()} == dict.fromkeys(
        ENDPOINTS, 1
    )
    assert found["/verify/batch"]["num_failures"] == failures
    assert sum(entry["num_failures"] for entry in found.values()) == failures


def test_the_lean_user_is_used_where_tsprof_is_installed() -> None:
    code = "import locustfile; print([c.__name__ for c in locustfile.TruthSyncUser.__mro__])"
    assert "LeanHttpUser" in run(ROOT, "-c", code).stdout


def test_claims_in_memory_give_the_default_cache_its_hit_rate(folder: Path) -> None:
    result = run(folder, "-c", MEASURE_HIT_RATE, "1000")

    assert result.returncode == 0, result.stderr
    measured = json.loads(result.stdout)
    assert measured["claims"] == 10_000
    assert measured["hit_rate"] == pytest.approx(0.8, abs=0.01)


def test_claims_of_a_file_give_the_stated_cache_its_hit_rate(folder: Path) -> None:
    options = ("--size", "1k", "--cache-size", "200", "--hit-rate", "0.85")
    run(ROOT, "scripts/generate_synthetic_data.py", *options, "--out", str(folder))

    result = run(folder, "-c", MEASURE_HIT_RATE, "200")

    assert json.loads(result.stdout)["hit_rate"] == pytest.approx(0.85, abs=0.01)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot read the claims file"),
        ("", "is not a claims file"),
        ("[]", "is not a claims file"),
        ('{"claims": []}', "is not a claims file"),
        ('{"claims": [], "popularity": {"zipf_exponent": 1}}', "it has no claims"),
        ('{"claims": [{"text": "a"}], "popularity": {"zipf_exponent": 99}}', "not 0 to 20"),
        ('{"claims": [{"text": "a"}], "popularity": {"zipf_exponent": NaN}}', "not 0 to 20"),
        ("[" * 100_000, "is not a claims file"),
        ("\x00\xff", "is not a claims file"),
    ],
)
def test_a_bad_claims_file_ends_locust_with_one_line(
    folder: Path, text: str | None, told: str
) -> None:
    path = folder / "claims.json"
    if text is not None:
        path.write_text(text, encoding="latin-1")

    result = run(
        folder,
        *("-m", "locust", "-f", "locustfile.py", "--headless", "--run-time", "1s"),
        *("--host", "http://127.0.0.1:9"),
        TRUTHSYNC_CLAIMS=str(path),
    )

    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_the_script_reports_an_error_in_one_line(tmp_path: Path) -> None:
    result = run(
        ROOT, "scripts/generate_synthetic_data.py", "--cache-size", "1000", "--out", str(tmp_path)
    )

    assert result.returncode == 2
    assert result.stderr.startswith("error: a cache of 1,000 entries")
    assert "hint: " in result.stderr
    assert not list(tmp_path.iterdir())
