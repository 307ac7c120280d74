"""What TruthSync promises, whatever it is written in and whatever it runs under."""

import json
import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from rust_target import BUILD_TIMEOUT, built
from truthsync_server import GUNICORN, TWO_WORKERS, UVICORN, Server, running, start

from tsprof.data import generate_claims

pytestmark = pytest.mark.timeout(BUILD_TIMEOUT)

REQUESTS = 300
PYTHON, RUST = "uvicorn", "rust"
MEMORY_FAULTS = ("list", "callbacks", "dict", "cycle", "native")
COMMANDS = {PYTHON: UVICORN, "gunicorn": GUNICORN, "two workers": TWO_WORKERS}

Command = tuple[str, ...]


def command(name: str) -> Command:
    return (str(built()), "--port", "0") if name == RUST else COMMANDS[name]


@pytest.fixture(scope="module", params=[PYTHON, "two workers", RUST])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), command(request.param)) as ready:
        yield ready


@pytest.fixture(scope="module", params=[PYTHON, RUST])
def twin(request: pytest.FixtureRequest) -> Command:
    """How a twin of the service is started, on a free port."""
    return command(request.param)


def test_a_claim_is_verified(server: Server) -> None:
    status, answer = server.post("/verify", json.dumps({"claim": "Käse ist Käse 月"}).encode())

    assert status == 200
    reply = json.loads(answer)
    assert reply["verdict"] in {"supported", "refuted", "unverified"}
    assert 0 <= reply["confidence"] <= 1
    assert isinstance(reply["cached"], bool)


def test_a_batch_is_verified(server: Server) -> None:
    status, answer = server.post("/verify/batch", b'{"claims": ["one", "two", "one"]}')

    assert status == 200
    assert len(json.loads(answer)["results"]) == 3


def test_twins_give_the_same_answers(tmp_path: Path) -> None:
    claims = [claim.text for claim in islice(generate_claims(seed=5), 100)]
    body = json.dumps({"claims": ["Straße İ ΣΊΣΥΦΟΣ ½ ﬁ _x_", *claims[1:]]}).encode()
    answers = []
    for name in (PYTHON, RUST):
        with running(tmp_path, command(name)) as server:
            answers.append(json.loads(server.post("/verify/batch", body)[1]))

    assert answers[0] == answers[1]


def test_health_and_stats_are_answered(server: Server) -> None:
    assert json.loads(server.get("/health")) == {"status": "ok"}
    assert server.stats()["faults"] == {}
    assert server.stats()["cache"].keys() == {
        *("size", "capacity", "hits", "misses", "evictions", "hit_rate")
    }


def test_metrics_have_the_agreed_names(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin) as server:
        server.post("/a/path/that/a/client/made/up", b"")
        metrics = server.get("/metrics").decode()

    assert "made/up" not in metrics
    assert {line.rpartition(" ")[0] for line in metrics.splitlines()} >= {
        'truthsync_requests_total{endpoint="other"}',
        'truthsync_errors_total{kind="4xx"}',
        'truthsync_errors_total{kind="5xx"}',
        'truthsync_processing_seconds_bucket{le="+Inf"}',
        "truthsync_processing_seconds_sum",
        "truthsync_processing_seconds_count",
        "truthsync_connections",
        "truthsync_cache_hit_rate",
        "truthsync_cache_size",
        "truthsync_cache_capacity",
        "truthsync_cache_hits_total",
        "truthsync_cache_misses_total",
        "truthsync_cache_evictions_total",
    }


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/verify", b"{", 400),
        ("/verify", b"{}", 422),
        ("/verify", b'{"claim": "%b"}' % (b"x" * 2_001), 422),
        ("/verify/batch", json.dumps({"claims": ["x"] * 101}).encode(), 413),
        ("/verify/batch", b" " * 5_000_000, 413),
        ("/nothing", b"", 404),
    ],
)
def test_bad_input_is_the_clients_error(
    server: Server, path: str, body: bytes, status: int
) -> None:
    assert server.post(path, body)[0] == status
    assert server.get("/health")


def test_the_environment_sets_sizes(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, CACHE_SIZE="2", BATCH_SIZE="3") as server:
        assert server.post("/verify/batch", b'{"claims": ["a", "b", "c"]}')[0] == 200
        assert server.post("/verify/batch", b'{"claims": ["a", "b", "c", "d"]}')[0] == 413
        assert server.stats()["cache"]["size"] == 2


# One worker: gunicorn 27 ends with 1 and a traceback when two fail to boot at the same moment.
@pytest.mark.parametrize("twin", [PYTHON, "gunicorn", RUST], indirect=True)
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TRUTHSYNC_FAULTS", "lst:0.1", "unknown fault 'lst'; known are list:rate"),
        ("TRUTHSYNC_FAULTS", "list:often", "rate of 'list' must be a number"),
        ("CACHE_SIZE", "big", "CACHE_SIZE must be a whole number"),
    ],
)
def test_a_wrong_environment_ends_the_start_with_one_line(
    tmp_path: Path, twin: Command, name: str, value: str, told: str
) -> None:
    log = tmp_path / "server.log"
    process = start(twin, {name: value}, log)

    assert process.wait(60) == 3
    assert told in log.read_text()
    assert "Traceback" not in log.read_text()


def resident_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def entries(server: Server, folder: str) -> int:
    return len(list(Path(f"/proc/{server.pid}/{folder}").iterdir()))


def growth(server: Server, gauge: Callable[[], int]) -> tuple[int, Any]:
    """Return by how much a gauge grew over the requests, and the fault's status after them."""
    server.get("/health", times=100)
    before = gauge()
    server.get("/health", times=REQUESTS)
    after = gauge()
    (status,) = server.stats()["faults"].values()
    return after - before, status


@pytest.mark.parametrize(
    ("twin", "name"),
    [
        *((twin, name) for twin in (PYTHON, RUST) for name in MEMORY_FAULTS),
        (PYTHON, "tracebacks"),
        (RUST, "channel"),
    ],
    indirect=["twin"],
)
def test_memory_grows_by_what_was_planted(tmp_path: Path, twin: Command, name: str) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS=f"{name}:1:40000") as server:
        grown, status = growth(server, lambda: resident_bytes(server))

        assert status["planted"] == 100 + REQUESTS + 1
        assert status["live"] in (status["planted"], status["planted"] - 1)
        planted = status["bytes"] / status["live"] * REQUESTS
        assert planted > 40_000 * REQUESTS
        assert 0.9 * planted < grown < 1.1 * planted + 2_000_000


def test_without_faults_memory_stays(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin) as server:
        server.get("/health", times=100)
        before = resident_bytes(server)
        server.get("/health", times=REQUESTS)

        assert resident_bytes(server) - before < 2_000_000


def test_descriptors_grow(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="fd:0.1") as server:
        grown, status = growth(server, lambda: entries(server, "fd"))

    # The connection of the requests before may still be closing when the first count is taken.
    assert REQUESTS // 10 - 1 <= grown <= REQUESTS // 10 + 1
    assert status["planted"] == (100 + REQUESTS + 1) // 10


def test_threads_grow(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="thread:0.1") as server:
        grown, status = growth(server, lambda: entries(server, "task"))

    assert grown == REQUESTS // 10
    assert status["planted"] == (100 + REQUESTS + 1) // 10


def test_tasks_grow(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="task:0.1") as server:
        server.get("/health", times=REQUESTS)

        assert server.stats()["faults"]["task"]["live"] == REQUESTS // 10


def test_latency_creeps(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="latency:1:1000") as server:
        server.get("/health", times=50)
        started = time.monotonic()
        delay = server.stats()["faults"]["latency"]["delay_seconds"]
        waited = time.monotonic() - started

    assert delay == pytest.approx(0.051)
    assert waited > 0.9 * delay  # an event loop's timers may be a millisecond early


def test_a_bounded_cache_fills_and_stops(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="lru:1:250") as server:
        server.get("/health", times=200)
        assert server.stats()["faults"]["lru"]["live"] == 201
        server.get("/health", times=100)
        assert server.stats()["faults"]["lru"]["live"] == 250


def test_sessions_come_and_go(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="ttl:1:0.5") as server:
        server.get("/health", times=100)
        planted = server.stats()["faults"]["ttl"]["planted"]
        time.sleep(0.6)
        status = server.stats()["faults"]["ttl"]

    assert planted == 101
    assert (status["planted"], status["live"]) == (102, 1)


def test_a_job_takes_memory_and_gives_it_back(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="job:1:30000000") as server:

        def rows() -> int:
            return int(server.stats()["faults"]["job"]["live"])

        idle = resident_bytes(server)
        _until(lambda: rows() > 0)
        busy = resident_bytes(server)
        _until(lambda: rows() == 0)

        assert busy - idle > 25_000_000
        # glibc keeps what a thread of the Rust twin has freed, for the next report.
        if twin == UVICORN:
            assert resident_bytes(server) < busy - 20_000_000


def test_modules_are_imported_late(tmp_path: Path, twin: Command) -> None:
    with running(tmp_path, twin, TRUTHSYNC_FAULTS="lazy:150") as server:
        server.get("/health", times=100)
        before = resident_bytes(server)
        server.get("/health", times=100)

        assert server.stats()["faults"]["lazy"]["planted"] == 1
        assert resident_bytes(server) - before > 1_500_000


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.02)
