"""Windows with native traces: which module allocates what no Python object is."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from attribution_target import SERVE, Seen, Target, script, sites_of
from command_line import SERVICE

from tsprof.analysis.comparison.allowances import Allowances
from tsprof.config import Settings
from tsprof.exit_codes import ExitCode
from tsprof.report.live import LiveView
from tsprof.scenarios import check
from tsprof.supervisor.run import run

TODAY = Allowances(today=date(2026, 1, 1))
LEAKS_IN_MODULES = (
    """
import ctypes, hashlib

library = ctypes.CDLL(None)
library.malloc.argtypes, library.malloc.restype = (ctypes.c_size_t,), ctypes.c_void_p
kept = []

def checksum():
    kept.append(hashlib.md5(b"some text"))

def scratch_buffer():
    library.malloc(5000)

def handle():
    checksum()
    scratch_buffer()
"""
    + SERVE
)


def test_the_module_that_allocates_for_a_line(tmp_path: Path) -> None:
    with Target(tmp_path, sys.executable, script(tmp_path, LEAKS_IN_MODULES)) as target:
        seen = Seen(target, target.agent(), target.load, requests=300, native_traces=True)
    sites = {leak.site.function: leak.site for leak in sites_of(seen.digest)}
    assert sites["scratch_buffer"].bytes_per_request == pytest.approx(5008, rel=0.01)
    assert sites["scratch_buffer"].through.startswith("_ctypes.")
    assert sites["checksum"].blocks_per_request >= 2  # Python's object and OpenSSL's
    assert "crypto" in sites["checksum"].through or "_hashlib" in sites["checksum"].through
    assert sites["checksum"].file == str(tmp_path / "app.py")


def test_attribution_goes_on_when_a_window_has_killed_the_target(tmp_path: Path) -> None:
    settings = Settings(
        target={"command": (sys.executable, SERVICE, "{port}", "dies_of_memray")},
        load={"url": ("/",)},
    )
    plan = replace(check.plan(settings), segment_seconds=0.2, max_seconds=0.6, attribute=True)
    report, _ = run(plan, settings, tmp_path, LiveView(quiet=True), TODAY)
    assert any("died in the window of memray (killed by SIGABRT)" in n for n in report.notes)
    assert "attribution went on in a fresh process, with tracemalloc" in report.notes
    assert not any("died under load" in reason for reason in report.reasons)
    assert report.exit_code == ExitCode.INCONCLUSIVE
    assert not report.failures
