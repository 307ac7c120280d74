"""Where the agent of native programs is kept, and why it may not be had."""

import os
from pathlib import Path

import pytest

from tsprof.errors import AgentError
from tsprof.supervisor import native_agent


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder in which nothing is, on a machine without a compiler."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path / "cache" / "tsprof"


def test_without_a_compiler_there_is_none() -> None:
    with pytest.raises(AgentError, match="no C compiler"):
        native_agent.library()


def test_what_is_built_needs_no_compiler(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(program: str, built: Path) -> None:
        built.write_text(program)

    monkeypatch.setattr(native_agent, "compiler", lambda: "cc")
    monkeypatch.setattr(native_agent, "_build", build)
    built = native_agent.library()
    assert built.parent == cache
    monkeypatch.setattr(native_agent, "compiler", lambda: None)
    assert native_agent.library() == built
    monkeypatch.setattr(native_agent, "FLAGS", ("-O0",))
    with pytest.raises(AgentError):
        native_agent.library()


@pytest.mark.parametrize("name", ["a folder", "a:folder"])
def test_a_path_that_cannot_be_preloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
    with pytest.raises(AgentError, match="space or a colon"):
        native_agent.library()


def test_a_folder_that_others_can_write_to(cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    with pytest.raises(AgentError, match=f"others can write to {cache}"):
        native_agent.library()


def test_a_folder_that_cannot_be_made(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file")
    with pytest.raises(AgentError, match="cannot be made"):
        native_agent.library()


def test_what_is_preloaded_already_stays_first() -> None:
    agent = Path("/cache/agent.so")
    assert native_agent.environment({}, agent)["LD_PRELOAD"] == "/cache/agent.so"
    inherited = {"LD_PRELOAD": "libjemalloc.so.2", "ASAN_OPTIONS": "detect_leaks=0"}
    assert native_agent.environment(inherited, agent) == {
        "LD_PRELOAD": "libjemalloc.so.2 /cache/agent.so",
        "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0",
    }


def test_the_sources_are_there() -> None:
    assert {path.name for path in native_agent.SOURCES.iterdir()} == {
        "agent.c",
        "agent.h",
        "heaps.c",
        "heaps.h",
        "heaptrack.c",
        "heaptrack.h",
        "interposed.c",
        "jemalloc.c",
        "jemalloc.h",
        "origins.c",
        "origins.h",
    }
    assert os.access(native_agent.SOURCES / "agent.c", os.R_OK)
