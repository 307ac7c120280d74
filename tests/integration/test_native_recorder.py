"""Native code in a Python program that has no memray: heaptrack beside tracemalloc."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attribution_target import SERVE, Seen, Target, script, sites_of

from tsprof.analysis.attribution.native_callers import with_python_callers
from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers import heaptrack
from tsprof.profilers.capture_digest import digest
from tsprof.profilers.py_spy import PySpy
from tsprof.supervisor.native_callers import SAMPLING

EXTENSION = """
#include <stdlib.h>
static void *kept;
__attribute__((noinline)) static void store(size_t size)
{
    void **block = malloc(size);
    *block = kept;
    kept = block;
}
void keep(size_t size)
{
    store(size);
    free(malloc(2 * size));
    for (volatile int i = 0; i < 50000; i++) /* or no sample would see it */
        ;
}
"""
SERVICE = (
    """
import ctypes, os

extension = ctypes.CDLL(os.path.abspath("extension.so"))
kept = []

def remember():
    kept.append(bytes(600))

def handle():
    extension.keep(100)
    remember()
"""
    + SERVE
)


@pytest.mark.skipif(
    heaptrack.find() is None or shutil.which("cc") is None, reason="no heaptrack or no compiler"
)
def test_native_functions_beside_lines_of_python(tmp_path: Path) -> None:
    (tmp_path / "extension.c").write_text(EXTENSION)
    build = ["cc", "-shared", "-fPIC", "-g", "-O1", "extension.c", "-o", "extension.so"]
    subprocess.run(build, cwd=tmp_path, check=True)
    with Target(tmp_path, sys.executable, script(tmp_path, SERVICE)) as target:
        pid = target.agent()
        recording = {"method": "tracemalloc", "native_traces": True, "record": f"{tmp_path}/record"}
        recording["recorder"] = str(heaptrack.require().recorder)
        seen = Seen(target, pid, target.load, requests=500, **recording)
        refused = target.ask(pid, "window.start", file=f"{tmp_path}/again", **recording)
        target.ask(pid, "window.stop")
        target.ask(pid, "sampling.allow")
        spy = PySpy(pid, tmp_path / "samples", SAMPLING)
        assert spy.wait_until_ready()
        target.load(10_000)
        spy.stop()
        sampled = spy.result(lambda _: Origin(kind="application"))
    assert not sampled.problem
    assert seen.started["recorded"]
    assert refused["unrecorded"] == "heaptrack records a process once only"
    record = digest(tmp_path / "record", early_until=0.0, requests_early=500, requests_total=1_000)
    assert not record.is_native
    sites = {leak.site.function: leak.site for leak in sites_of(seen.digest, record)}
    assert set(sites) == {"remember", "store"}  # and 600 bytes, which malloc serves, once only
    assert sites["remember"].bytes_per_request == pytest.approx(640, rel=0.1)
    store = sites["store"]
    assert store.bytes_per_request == pytest.approx(112)
    assert store.blocks_per_request == pytest.approx(1.0)
    assert store.file == str(tmp_path / "extension.c")
    assert [frame.function for frame in store.stack][:2] == ["store", "keep"]
    (leak,) = sites_of(with_python_callers(record, sampled.stacks))
    assert (leak.site.function, leak.site.file) == ("handle", str(tmp_path / "app.py"))
    assert leak.site.line == SERVICE.splitlines().index("    extension.keep(100)") + 1
    assert leak.site.through == "extension.so: store()"


def test_a_recorder_that_cannot_be_loaded(tmp_path: Path) -> None:
    with Target(
        tmp_path, sys.executable, script(tmp_path, "def handle(): ...\n" + SERVE)
    ) as target:
        pid = target.agent()
        arguments = {
            "method": "tracemalloc",
            "native_traces": True,
            "recorder": "/nowhere.so",
            "record": f"{tmp_path}/record",
        }
        started = target.ask(pid, "window.start", file=str(tmp_path / "capture"), **arguments)
        assert started["started"]
        assert not started["recorded"]
        assert "/nowhere.so" in started["unrecorded"]
        assert target.ask(pid, "window.stop")["stopped"]
