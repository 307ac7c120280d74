"""A window of heaptrack: which functions of a native program allocate what stays.

The agent in the target loads heaptrack's recorder while the target rests, and takes its hooks out
at the end; so it is open in the very processes that grow, and nowhere else.
"""

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from tsprof.profilers import heaptrack
from tsprof.profilers.heaptrack import Heaptrack
from tsprof.supervisor.capture_room import CaptureRoom
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.window import WINDOW_PATIENCE, Window, record

_PLAIN = re.compile(r"[ !#-\[\]-~]+")
"""What the native agent reads: ASCII without quotes and backslashes."""
_LONGEST = 1000


def open_native_window(window: Window, engine: Engine, requests: int) -> None:
    """Record two counted segments with heaptrack.

    Args:
        window: takes the captures and their marks; its ``pids`` say where to look.
        engine: between two segments.
        requests: of each of the two segments.

    Raises:
        RunEnded: the target or the load is gone; ``engine.profiling`` tells that it was in here.
    """
    tool = heaptrack.find()
    if tool is None:
        window.notes.append(
            "which function of a native program allocates what grows is not followed, because "
            "heaptrack is not installed (apt install heaptrack)"
        )
        return
    engine.phase = "attributing: which function"
    engine.profiling = "heaptrack"
    folder = _folder(window, engine)
    room = CaptureRoom.in_folder(folder)
    engine.wait_until_quiet()
    _start(window, engine, tool, folder)
    if not window.captures:
        return
    ended = record(window, engine, requests, room)
    for pid in window.captures.keys() - ended.keys():
        engine.note("note", f"process {pid} ended in the window of heaptrack; not counted", pid)
        window.discard(pid)


def _folder(window: Window, engine: Engine) -> Path:
    """Return a folder that every process can write to: they may run as another user."""
    theirs = engine.instruments.temporary_folder
    if theirs is None or all(map(_is_ours, window.pids)):
        window.folder.mkdir(exist_ok=True)
        return window.folder
    folder = Path(tempfile.mkdtemp(dir=theirs))
    folder.chmod(stat.S_ISVTX | stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    return folder


def _is_ours(pid: int) -> bool:
    try:
        return psutil.Process(pid).uids().effective == os.geteuid()
    except psutil.Error:
        return True


def _start(window: Window, engine: Engine, tool: Heaptrack, folder: Path) -> None:
    for pid in window.pids:
        capture = folder / f"{pid}.heaptrack"
        arguments = {"library": str(tool.recorder), "file": str(capture)}
        if not all(map(_is_plain, arguments.values())):
            window.notes.append(f"process {pid}: no window: {capture} is no plain ASCII path")
            continue
        reply = engine.instruments.agents.ask(
            "window.start", arguments, pids=[pid], timeout=WINDOW_PATIENCE
        ).get(pid, "it did not answer")
        if isinstance(reply, Mapping) and reply.get("started") is True:
            window.captures[pid] = capture
        else:
            reason = reply if isinstance(reply, str) else reply.get("refused")
            window.notes.append(f"process {pid}: the window could not be opened: {reason}")


def _is_plain(text: str) -> bool:
    return len(text) <= _LONGEST and _PLAIN.fullmatch(text) is not None
