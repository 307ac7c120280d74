"""What every test of the command line stands on: a home of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the empty folder that the test runs in and keeps its runs in."""
    monkeypatch.setenv("TSPROF_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path
