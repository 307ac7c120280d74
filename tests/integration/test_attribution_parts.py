"""Windows, censuses and holders in real targets, without the rest of tsprof around them."""

import importlib.util
import os
import signal
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from attribution_target import (
    INJECT,
    LIBRARIES,
    SERVE,
    Seen,
    Target,
    free_port,
    get,
    script,
    sites_of,
    wait_until_up,
)

from tsprof.analysis.attribution.reconcile import reconcile
from tsprof.profilers.capture_digest import CaptureError, digest

LEAK_AND_CACHES = (
    """
import collections, functools, itertools, json

numbers = itertools.count()

class Registry:
    def __init__(self):
        self.callbacks = []
    def subscribe(self, callback):
        self.callbacks.append(callback)
    def unsubscribe(self, callback):
        self.callbacks.remove(callback)

registry = Registry()
recent = collections.OrderedDict()

@functools.lru_cache(maxsize=100_000)
def expensive(number):
    return [number]

def listener_for(number):
    payload = bytes(300)
    return lambda: payload

def remember(number):
    recent[number] = str(number) * 20
    if len(recent) > 50:
        recent.popitem(last=False)

def handle():
    number = next(numbers)
    if number % 10 == 0:
        registry.subscribe(listener_for(number))
    remember(number)
    json.loads('{"some": ["request", %d]}' % number)
"""
    + SERVE
)


def neighbours() -> list[str]:
    """Other versions of Python that are installed beside this one."""
    found = Path(sys.base_prefix).parent.glob("3.*/bin/python")
    return [str(path) for path in found if int(path.parts[-3].split(".")[1]) in range(9, 15)]


@pytest.mark.parametrize("method", ["memray", "tracemalloc"])
def test_the_line_and_the_holder_of_a_leak_beside_caches(tmp_path: Path, method: str) -> None:
    with Target(tmp_path, sys.executable, script(tmp_path, LEAK_AND_CACHES)) as target:
        seen = Seen(target, target.agent(), target.load, method=method)
    assert seen.started["method"] == method
    result = reconcile(
        sites_of(seen.digest),
        bytes_per_request=seen.bytes_per_request,
        blocks_per_request=seen.blocks_per_request,
    )
    assert result.sites[0].function == "listener_for"
    assert result.sites[0].share > 0.7
    assert result.sites[0].file == str(tmp_path / "app.py")
    assert result.explained > 0.9
    (cause,) = [one for one in seen.causes if one.bytes_per_request > 1]
    assert cause.holder.path == "app.py: registry -> Registry.callbacks -> list"
    assert cause.holder.entries_per_request == pytest.approx(0.1)
    assert not cause.is_bounded
    assert cause.writers[0].function == "Registry.subscribe"
    assert cause.bytes_per_request == pytest.approx(seen.bytes_per_request, rel=0.3)


@pytest.mark.skipif(not neighbours(), reason="no other Python is installed beside this one")
@pytest.mark.parametrize("python", neighbours(), ids=lambda python: Path(python).parts[-3])
def test_other_versions_of_python(tmp_path: Path, python: str) -> None:
    with Target(tmp_path, python, script(tmp_path, LEAK_AND_CACHES)) as target:
        seen = Seen(target, target.agent(), target.load, memray_path=str(LIBRARIES))
    borrowed = sysconfig.get_config_var("SOABI") in Path(python).parts[-3]
    assert seen.prepared["method"] in ("memray", "tracemalloc")
    assert bool(seen.prepared["refused"]) == (seen.prepared["method"] == "tracemalloc")
    assert not borrowed or seen.prepared["borrowed"]
    assert sites_of(seen.digest)[0].site.function == "listener_for"
    held_by = [one.holder.path for one in seen.causes if one.bytes_per_request > 1]
    assert held_by == ["app.py: registry -> Registry.callbacks -> list"]


FILLING = LEAK_AND_CACHES.replace(
    "    if number % 10 == 0:\n        registry.subscribe(listener_for(number))\n",
    "    expensive(number)\n",
)


def test_a_cache_that_fills_is_bounded(tmp_path: Path) -> None:
    with Target(tmp_path, sys.executable, script(tmp_path, FILLING)) as target:
        seen = Seen(target, target.agent(), target.load)
    (cause,) = [one for one in seen.causes if one.bytes_per_request > 1]
    assert cause.holder.path == 'app.py: module global "expensive" -> functools.lru_cache'
    assert cause.holder.bound == 100_000
    assert cause.plateau_bytes is not None


CHECK = """
import importlib.util

serve_request = handle

def handle():
    assert not any(map(importlib.util.find_spec, ("rich", "textual")))
    assert not [name for name in sys.modules if name.partition(".")[0] == "rich"]
    serve_request()
"""


def test_a_borrowed_memray_brings_nothing_along(tmp_path: Path) -> None:
    # Without site-packages the interpreter has no memray of its own, and no sitecustomize.
    source = LEAK_AND_CACHES.replace(SERVE, "") + CHECK + SERVE
    start = f"import sys\nsys.path.insert(0, {str(INJECT)!r})\nimport sitecustomize\n"
    path = script(tmp_path, start + source)
    with Target(tmp_path, sys.executable, "-S", path) as target:
        seen = Seen(target, target.agent(), target.load, memray_path=str(LIBRARIES))
        target.load(1)
    assert seen.started["method"] == "memray"
    assert seen.prepared["borrowed"]
    assert sites_of(seen.digest)[0].site.function == "listener_for"


FORKING = (
    """
import os

kept = []

def handle():
    kept.append(bytes(300))
    if len(kept) % 100 == 0:
        pid = os.fork()
        if not pid:
            kept.append(bytes(300))
            os._exit(0)
        os.waitpid(pid, 0)
"""
    + SERVE
)


def test_a_target_that_forks_within_the_window(tmp_path: Path) -> None:
    with Target(tmp_path, sys.executable, script(tmp_path, FORKING)) as target:
        seen = Seen(target, target.agent(), target.load, requests=500)
    (leak, *_) = sites_of(seen.digest)
    assert leak.site.function == "handle"
    assert leak.site.blocks_per_request == pytest.approx(1.0, rel=0.05)


CHILD = (
    """
import os, sys, time

kept = []

def handle():
    pid = os.fork()
    if not pid:
        for _ in sys.stdin:
            pass
        time.sleep(60)
        os._exit(0)
"""
    + SERVE
)


@pytest.mark.parametrize("method", ["memray", "tracemalloc"])
def test_a_forked_child_has_no_window(tmp_path: Path, method: str) -> None:
    with Target(tmp_path, sys.executable, script(tmp_path, CHILD)) as target:
        pid = target.agent()
        started = target.ask(pid, "window.start", file=str(tmp_path / "one"), method=method)
        assert started["started"]
        target.load(1)
        child = target.agent()
        try:
            assert target.ask(child, "window.size") == {"open": False, "bytes": 0}
            own = target.ask(child, "window.start", file=str(tmp_path / "two"), method=method)
            assert own["refused"] == "the process was forked within a window"
        finally:
            os.kill(child, signal.SIGKILL)
        assert target.ask(pid, "window.stop")["stopped"]


GREENLETS = (
    """
from gevent import monkey
monkey.patch_all()
import gevent, threading, time

kept = []

def work():
    time.sleep(0.001)
    kept.append(bytes(300))

def handle():
    jobs = [gevent.spawn(work) for _ in range(2)] + [threading.Thread(target=work)]
    jobs[-1].start()
    for job in jobs:
        job.join()
    import greenlet
    open("tracer", "w").write(str(greenlet.gettrace()))
"""
    + SERVE
)


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_a_target_of_greenlets(tmp_path: Path) -> None:
    with Target(tmp_path, sys.executable, script(tmp_path, GREENLETS)) as target:
        seen = Seen(target, target.agent(), target.load, requests=200)
        assert target.process.poll() is None
        assert "greenlet_trace_function" in (tmp_path / "tracer").read_text()
        target.load(1)
        assert (tmp_path / "tracer").read_text() == "None"
    assert seen.started["method"] == "memray"
    (leak, *_) = sites_of(seen.digest)
    assert leak.site.function == "work"
    assert leak.site.blocks_per_request == pytest.approx(3.0, rel=0.05)
    assert seen.causes[0].holder.path == 'app.py: module global "kept" -> list'


WEB = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

class Audit:
    def __init__(self):
        self.trail = []
    def record(self, request):
        self.trail.append({"path": request.url.path, "body": bytes(400)})

async def index(request):
    request.app.state.audit.record(request)
    return PlainTextResponse("ok")

app = Starlette(routes=[Route("/", index)])
app.state.audit = Audit()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Target, int]]:
    pytest.importorskip("uvicorn")
    script(tmp_path, WEB)
    port = free_port()
    options = ("--port", str(port), "--log-level", "warning", "--no-access-log")
    command = (sys.executable, "-m", "uvicorn", "app:app", *options)
    with Target(tmp_path, *command) as target:
        yield target, port


def test_a_web_application(server: tuple[Target, int]) -> None:
    target, port = server
    pid = target.agent()
    wait_until_up(port, target)
    seen = Seen(target, pid, lambda requests: get(port, requests), requests=500)
    result = reconcile(
        sites_of(seen.digest),
        bytes_per_request=seen.bytes_per_request,
        blocks_per_request=seen.blocks_per_request,
    )
    assert result.sites[0].function == "record"
    assert result.sites[0].origin == "application"
    # Of 500 requests, uvicorn's h11 keeps some buffers of the newest connections as well.
    assert result.sites[0].share > 0.5
    packages = {frame.package.partition(" ")[0] for frame in result.sites[0].stack}
    assert {"starlette", "uvicorn"} <= packages
    # Each request has a connection of its own here, whose timer the loop keeps for 5 s.
    holders = {cause.holder.path: cause.holder for cause in seen.causes}
    trail = holders["app.py: app.state.audit -> Audit.trail -> list"]
    assert trail.entries_per_request == pytest.approx(1.0)
    assert trail.sample == "dict(2)"


def test_a_target_that_dies_within_the_window(tmp_path: Path) -> None:
    capture = tmp_path / "window.capture"
    with Target(tmp_path, sys.executable, script(tmp_path, LEAK_AND_CACHES)) as target:
        pid = target.agent()
        target.ask(pid, "window.start", file=str(capture), method="memray")
        target.load(2_000)
        mark = target.ask(pid, "window.mark")["time"]
        target.load(2_000)
        target.process.kill()
        target.process.wait()
    try:
        cut = digest(capture, early_until=mark, requests_early=2_000, requests_total=4_000)
    except CaptureError as error:
        assert "cannot be read" in str(error)  # noqa: PT017 - either is right
    else:
        blocks = sum(s.early_blocks for s in cut.stacks if s.frames[0][0] == "listener_for")
        assert blocks == pytest.approx(400, rel=0.02)


def test_reading_keeps_its_limits(tmp_path: Path) -> None:
    capture = tmp_path / "window.capture"
    with Target(tmp_path, sys.executable, script(tmp_path, LEAK_AND_CACHES)) as target:
        pid = target.agent()
        target.ask(pid, "window.start", file=str(capture), method="memray")
        target.load(2_000)
        mark = target.ask(pid, "window.mark")["time"]
        target.load(2_000)
        target.ask(pid, "window.stop")
    numbers = {"early_until": mark, "requests_early": 2_000, "requests_total": 4_000}
    with pytest.raises(CaptureError, match=r"more than 0\.01 s"):
        digest(capture, **numbers, time_limit=0.01)
    with pytest.raises(CaptureError, match="needs more memory than the limit"):
        digest(capture, **numbers, memory_limit=1 << 20)
    with pytest.raises(CaptureError, match="No such file"):
        digest(tmp_path / "missing", **numbers)
    assert sites_of(digest(capture, **numbers))[0].site.function == "listener_for"


def test_the_workers_of_a_prefork_server(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    script(tmp_path, WSGI)
    port = free_port()
    bind = f"127.0.0.1:{port}"
    command = (sys.executable, "-m", "gunicorn", "app:app", "--workers", "2", "--bind", bind)
    with Target(tmp_path, *command, "--keep-alive", "0", "--preload") as target:
        arbiter = target.agent()
        workers = [target.agent(), target.agent()]
        wait_until_up(port, target)
        assert arbiter not in workers
        opened = {}
        for pid in workers:
            capture = tmp_path / f"{pid}.capture"
            target.ask(pid, "checkpoint")
            assert target.ask(pid, "window.start", file=str(capture))["started"]
            opened[pid] = capture
        for _ in range(200):
            get(port, 1)
        marks = {pid: target.ask(pid, "window.mark")["time"] for pid in workers}
        for _ in range(200):
            get(port, 1)
        for pid in workers:
            assert target.ask(pid, "window.stop")["stopped"]
        target.process.terminate()
        target.process.wait(30)
    digests = [
        digest(opened[pid], early_until=marks[pid], requests_early=200, requests_total=400)
        for pid in workers
    ]
    (leak, *_) = sites_of(*digests)
    assert leak.site.function == "app"
    assert leak.site.bytes_per_request == pytest.approx(1_056, rel=0.1)


WSGI = """
trail = []

def app(environ, start_response):
    trail.append(bytes(1000))
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
