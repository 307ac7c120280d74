"""TruthSync in Rust, built once for all tests; cargo rebuilds only what has changed."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "targets" / "truthsync_rs"
PROGRAM = FOLDER / "target" / "release" / "truthsync"

BUILD_TIMEOUT = 600
"""Seconds, for tests of which the first may have to build it: half a minute on two idle cores."""


def built() -> Path:
    """Build the program and return its path; skip the test where its crates cannot be had."""
    if shutil.which("cargo") is None:
        pytest.skip("no cargo on this machine")
    fetched = _cargo("fetch", "--locked")
    if fetched.returncode:
        pytest.skip(f"cargo cannot get the crates: {fetched.stderr[-300:]}")
    finished = _cargo("build", "--release", "--locked", "--offline")
    assert finished.returncode == 0, finished.stderr
    return PROGRAM


def _cargo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["cargo", "--quiet", *arguments], cwd=FOLDER, check=False, capture_output=True, text=True
    )
