"""The profiler that the user names."""

import shutil
from pathlib import Path

import pytest

from tsprof.config import Settings
from tsprof.errors import UsageError
from tsprof.profilers import heaptrack
from tsprof.scenarios.profiling import profiler
from tsprof.supervisor.plan import Plan


def settings(name: str | None) -> Settings:
    given = {"target": {"command": ("server",)}, "check": {"profiler": name}}
    return Settings.model_validate(given)


@pytest.mark.parametrize(
    ("name", "package"),
    [("heaptrack", "heaptrack"), ("valgrind", "valgrind"), ("massif", "valgrind")],
)
def test_one_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match=f"{package} is not installed"):
        profiler(settings(name))


def test_one_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="no profiler 'gprof'") as caught:
        profiler(settings("gprof"))
    assert "memray, tracemalloc, heaptrack, valgrind, massif or jemalloc" in caught.value.hint
    assert profiler(settings(None)) == "auto"


def test_heaptrack_without_its_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "heaptrack").touch()
    monkeypatch.setattr(shutil, "which", lambda _: str(tmp_path / "bin" / "heaptrack"))
    assert heaptrack.find() is None
    parts = tmp_path / "lib" / "heaptrack"
    (parts / "libexec").mkdir(parents=True)
    (parts / "libheaptrack_inject.so").touch()
    (parts / "libexec" / "heaptrack_interpret").touch()
    found = heaptrack.find()
    assert found is not None
    assert found.recorder == parts / "libheaptrack_inject.so"


@pytest.mark.parametrize(
    ("name", "attribute", "checks"),
    [
        ("valgrind", None, True),
        ("massif", None, True),
        ("valgrind", False, False),
        ("auto", True, False),
    ],
)
def test_valgrind_looks_whether_something_grows_or_not(
    name: str,
    attribute: bool | None,  # noqa: FBT001 - a case
    checks: bool,  # noqa: FBT001 - a case
) -> None:
    plan = Plan(
        scenario="check",
        segment_seconds=1,
        max_seconds=10,
        users=1,
        attribute=attribute,
        profiler=name,
    )
    assert plan.looks_beyond_growth is checks
