import gc
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import memray
import pytest

from tsprof.agent.window import Window


@pytest.fixture
def window() -> Iterator[Window]:
    opened = Window()
    yield opened
    opened.stop({})


@pytest.fixture
def capture(tmp_path: Path) -> str:
    return str(tmp_path / "window.capture")


@pytest.mark.parametrize("method", ["memray", "tracemalloc"])
def test_a_window_writes_a_capture(window: Window, capture: str, method: str) -> None:
    started = window.start({"file": capture, "method": method})
    assert started["started"]
    assert started["method"] == method
    kept = [str(number) for number in range(1_000)]
    marked = window.mark({})
    assert marked["marked"]
    assert marked["time"] > started["time"]
    assert window.size({})["open"]
    stopped = window.stop({})
    assert stopped["stopped"]
    assert stopped["bytes"] == Path(capture).stat().st_size > 0
    assert window.size({}) == {"open": False, "bytes": 0}
    assert len(kept) == 1_000


def test_tracemalloc_tells_the_stacks_of_both_moments(window: Window, capture: str) -> None:
    window.start({"file": capture, "method": "tracemalloc", "frames": 2})
    kept = [[number] for number in range(300)]
    window.mark({})
    kept += [[number] for number in range(700)]
    window.stop({})
    content = json.loads(Path(capture).read_text())
    totals = {
        moment: sum(blocks for stack, _, blocks, _ in content[moment] if stack[0][0] == __file__)
        for moment in ("mark", "end")
    }
    assert totals["mark"] >= 300
    assert totals["end"] - totals["mark"] >= 700
    assert not Path(capture + ".mark").exists()


def test_a_second_window_is_refused(window: Window, capture: str) -> None:
    assert window.start({"file": capture})["started"]
    again = window.start({"file": capture + "2"})
    assert again == {"started": False, "refused": "a window is open in this process already"}


def test_another_tracker_is_respected(window: Window, capture: str) -> None:
    with memray.Tracker(capture + ".other"):
        reply = window.start({"file": capture, "method": "memray"})
    assert not reply["started"]
    assert "traced by memray already" in reply["refused"]
    assert not Path(capture).exists()


def test_a_target_that_traces_already_is_respected(window: Window, capture: str) -> None:
    import tracemalloc  # noqa: PLC0415 - only here

    tracemalloc.start()
    try:
        reply = window.start({"file": capture, "method": "tracemalloc"})
        assert "traces with tracemalloc already" in reply["refused"]
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


def test_a_profiler_is_respected(window: Window, capture: str) -> None:
    threading.setprofile(lambda *_: None)
    try:
        reply = window.start({"file": capture, "method": "memray"})
    finally:
        threading.setprofile(None)  # type: ignore[arg-type]  # undoes it
    assert "under a profiler" in reply["refused"]


@pytest.mark.parametrize(
    ("version", "methods"),
    [("1.1.3", ["tracemalloc", None]), ("0.4", ["tracemalloc", None]), ("3.1.0", ["memray"] * 2)],
)
def test_old_greenlets_are_not_traced_by_memray(
    window: Window, monkeypatch: pytest.MonkeyPatch, version: str, methods: list[str | None]
) -> None:
    greenlet = SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "greenlet", greenlet)  # type: ignore[arg-type]
    replies = [window.prepare({"method": method}) for method in ("auto", "memray")]
    assert [reply["method"] for reply in replies] == methods
    for reply in replies:
        assert ("greenlet" in reply["refused"]) == (reply["method"] != "memray")
        assert not reply.get("missing")


def no_memray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "memray")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])


def test_without_memray_there_is_tracemalloc(
    window: Window, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_memray(monkeypatch)
    alone = window.prepare({})
    assert alone["method"] == "tracemalloc"
    assert alone["missing"]
    assert alone["refused"] == "the target's environment has no memray, and none was offered"
    offered = window.prepare({"memray_path": str(tmp_path)})
    assert f"{tmp_path} has none for this interpreter" in offered["refused"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"file": "/nowhere/at/all"}, "No such file or directory"),
        ({"file": __file__}, "exists already"),
        ({"disk_limit": 1 << 60}, "bytes are free in"),
    ],
)
def test_a_file_that_cannot_be_written(
    window: Window, capture: str, arguments: dict[str, Any], reason: str
) -> None:
    reply = window.start({"file": capture, "method": "tracemalloc"} | arguments)
    assert not reply["started"]
    assert reason in reply["refused"]
    assert not Path(capture).exists()


def test_nothing_to_mark_or_stop(window: Window) -> None:
    assert not window.mark({})["marked"]
    assert not window.stop({})["stopped"]


def test_a_capture_that_cannot_be_written_leaves_no_window_open(
    window: Window, capture: str
) -> None:
    window.start({"file": capture, "method": "tracemalloc"})
    Path(capture).mkdir()
    with pytest.raises(IsADirectoryError):
        window.stop({})
    assert window.size({}) == {"open": False, "bytes": 0}
    assert window.start({"file": f"{capture}-2", "method": "tracemalloc"})["started"]


def pass_by() -> int:
    return len({"passes": "by"})


def leak(kept: dict[int, object], number: int) -> None:
    kept[number] = {"is": "kept"}


def test_a_dict_is_seen_where_it_is_made_and_not_where_cpython_took_it_from(
    window: Window, capture: str
) -> None:
    kept: dict[int, object] = {}
    for number in range(100):  # fills the free list with what pass_by made
        leak(kept, number)
        pass_by()
    before = gc.get_threshold(), gc.get_freeze_count() > 1_000
    window.start({"file": capture, "method": "tracemalloc", "frames": 1})
    window.mark({})
    for number in range(100, 1_100):
        pass_by()
        made = [Path() for _ in range(50)]
        leak(kept, number)
        del made
    window.stop({})
    assert (gc.get_threshold(), gc.get_freeze_count() > 1_000) == before
    lines = {
        "leak": leak.__code__.co_firstlineno + 1,
        "pass_by": pass_by.__code__.co_firstlineno + 1,
    }
    end = json.loads(Path(capture).read_text())["end"]
    blocks = {
        name: sum(row[2] for row in end if row[0][0] == [__file__, line])
        for name, line in lines.items()
    }
    assert blocks["leak"] > 4 * blocks["pass_by"]


def test_a_program_that_collects_by_itself_is_left_alone(window: Window, capture: str) -> None:
    gc.disable()
    try:
        before = gc.get_threshold()
        window.start({"file": capture, "method": "tracemalloc"})
        assert (gc.get_threshold(), gc.isenabled()) == (before, False)
    finally:
        gc.enable()
