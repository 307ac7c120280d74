"""The attribution window: trace every allocation of this process between two counted loads.

The window is memray's where memray can be loaded, else tracemalloc's. A window goes ``prepare``
(imports; before the ledger's reference checkpoint), ``start``, the early load, ``mark``, the late
load, ``stop``. What was allocated before the mark and still lives at the stop is what leaks.
``start``, ``mark`` and ``stop`` belong into quiet moments without load.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time

from . import borrow, greenlets
from .recorder import Recorder
from .reuse import Reuse, clear_caches
from .traces import MemrayTrace, RefusalError, TracemallocTrace

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_OLDEST_GREENLET = 2


class MissingError(RefusalError):
    """There is no memray for this interpreter."""


class Window:
    """The one window that a process may have open."""

    def __init__(self) -> None:
        """Know nothing and hold nothing until a window is asked for."""
        self._memray: Any = None
        self._borrowed = False
        self._has_recorded = False
        self._traces: list[Any] = []
        """What is open, the one that is to be closed last first."""
        self._reuse = Reuse()
        self._collects = True
        self._pid = 0
        self._inherited = False
        self._parting: Any = None
        """What the program's main thread has still to call."""

    def prepare(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Load what the window needs, so that its memory is not taken for the target's growth.

        Args:
            arguments: ``method`` (``auto``, ``memray`` or ``tracemalloc``) and ``memray_path``, a
                site-packages directory to borrow memray from when the target has none.

        Returns:
            The ``method`` that ``start`` would use (None: none), whether memray is ``borrowed``,
            under ``refused`` why memray is out, where it is, and whether it is only ``missing``.
        """
        for name in ("census", "holders"):  # they look at this window's growth afterwards
            importlib.import_module(__name__.rpartition(".")[0] + "." + name)
        method = arguments.get("method", "auto")
        if method == "tracemalloc":
            return {"method": "tracemalloc", "borrowed": False, "refused": ""}
        try:
            _refuse_if_unsafe()
            self._load(arguments.get("memray_path"))
        except RefusalError as refusal:
            fallback = None if method == "memray" else "tracemalloc"
            missing = isinstance(refusal, MissingError)
            reply = {"method": fallback, "borrowed": False, "refused": str(refusal)}
            return dict(reply, missing=missing)
        return {"method": "memray", "borrowed": self._borrowed, "refused": ""}

    def start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Open the window.

        Args:
            arguments: those of ``prepare``, and ``file`` (path of the capture; must not exist),
                ``native_traces`` (default false), ``recorder`` (heaptrack's library) that records
                what native code allocates into the file ``record``, where they are asked for and
                memray cannot make them, ``interval_ms`` between memray's time records
                (default 20), ``frames`` of each stack for tracemalloc (default 8), ``disk_limit``
                in bytes that must be free beside the file (default 0), ``garbage`` (default false)
                whether to leave garbage alone, which counts as freed otherwise.

        Returns:
            ``started``; if true the ``method``, the ``time`` (seconds since the epoch), the
            ``pause`` in seconds and ``recorded``, whether the recorder runs; ``refused`` says why
            not, or why not with memray; ``unrecorded`` why the recorder does not run.
        """
        began = time.perf_counter()
        if self._is_open():
            return {"started": False, "refused": "a window is open in this process already"}
        if self._inherited:
            return {"started": False, "refused": "the process was forked within a window"}
        chosen = self.prepare(arguments)
        try:
            _refuse_if_unwritable(arguments["file"], arguments.get("disk_limit", 0))
            self._traces = [self._open(chosen, arguments)]
        except RefusalError as refusal:
            return {"started": False, "refused": str(refusal)}
        recorded, unrecorded = self._record(chosen, arguments)
        self._pid = os.getpid()
        self._collects = not arguments.get("garbage")
        if self._collects:
            self._reuse.start()
        return {
            "started": True,
            "method": chosen["method"],
            "refused": chosen["refused"],
            "recorded": recorded,
            "unrecorded": unrecorded,
            "time": time.time(),
            "pause": time.perf_counter() - began,
        }

    def mark(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        """End the early part of the window; call it while the target is quiet.

        Returns:
            ``marked`` and the ``time`` (seconds since the epoch) by which the digest of the
            capture tells early from late.
        """
        if not self._is_open():
            return {"marked": False, "refused": "no window is open in this process"}
        self._settle()
        for trace in reversed(self._traces):
            trace.mark()
        marked = time.time()
        if self._collects:
            self._reuse.start()
        return {"marked": True, "time": marked}

    def size(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        """Return whether a window is ``open`` and the ``bytes`` that its capture takes on disk."""
        if not self._is_open():
            return {"open": False, "bytes": 0}
        return {"open": True, "bytes": sum(trace.size() for trace in self._traces)}

    def stop(self, _arguments: dict[str, Any]) -> dict[str, Any]:
        """Close the window and finish its file.

        Returns:
            ``stopped``, the capture's ``bytes``, the ``time`` (seconds since the epoch) and the
            ``pause`` in seconds.
        """
        began, ended = time.perf_counter(), time.time()
        if not self._is_open():
            return {"stopped": False, "refused": "no window is open in this process"}
        traces, self._traces = self._traces, []
        self._settle()
        for trace in reversed(traces):
            trace.stop()
        self._parting = greenlets.untrace(self._memray)
        return {
            "stopped": True,
            "bytes": sum(trace.size() for trace in traces),
            "time": ended,
            "pause": time.perf_counter() - began,
        }

    def _settle(self) -> None:
        """Free what waits for the collector, as the ledger's checkpoints do.

        The cycles of one request were 204 B beside a leak of 257 B (msgspec 0.14.1 under gunicorn):
        the sites summed up to nearly twice the growth, and none could be named.
        """
        self._reuse.stop()
        if self._collects:
            gc.collect()
        clear_caches()

    def _is_open(self) -> bool:
        if self._traces and self._pid != os.getpid():
            for trace in self._traces:
                trace.abandon()  # the parent's window; memray left its hooks here
            self._reuse.stop()
            self._traces = []
            self._inherited = True
        return bool(self._traces)

    def _open(self, chosen: dict[str, Any], arguments: dict[str, Any]) -> Any:
        if chosen["method"] is None:
            raise RefusalError(chosen["refused"])
        if chosen["method"] == "memray":
            names = borrow.modules_while_tracing(self._memray) if self._borrowed else {}
            return MemrayTrace(self._memray, names, arguments)
        return TracemallocTrace(arguments)

    def _record(self, chosen: dict[str, Any], arguments: dict[str, Any]) -> tuple[bool, str]:
        """Record what native code allocates, where the window's own trace does not.

        Returns:
            Whether it does, and why not; empty where it does, or is not wanted.
        """
        library = arguments.get("recorder")
        if chosen["method"] == "memray" or not (library and arguments.get("native_traces")):
            return False, ""
        if self._has_recorded:
            return False, "heaptrack records a process once only"
        try:
            self._traces.append(Recorder(library, arguments["record"]))
        except Exception as error:  # noqa: BLE001 - the window goes on without it
            return False, "heaptrack did not start: %s" % error
        self._has_recorded = True
        return True, ""

    def _load(self, path: str | None) -> None:
        if self._memray is not None:
            return
        try:
            self._memray = borrow.load_own()
            if self._memray is None and path:
                self._memray = borrow.load_borrowed(path)
                self._borrowed = True
        except Exception as error:  # a broken memray may raise anything
            text = "memray cannot be imported: %s: %s" % (type(error).__name__, error)
            raise RefusalError(text) from error
        if self._memray is None:
            where = "%s has none for this interpreter" % path if path else "none was offered"
            raise MissingError("the target's environment has no memray, and %s" % where)


def _refuse_if_unsafe() -> None:
    greenlet = sys.modules.get("greenlet")
    version = str(getattr(greenlet, "__version__", _OLDEST_GREENLET))
    major = version.split(".", maxsplit=1)[0]
    if greenlet is not None and not (major.isdigit() and int(major) >= _OLDEST_GREENLET):
        # seen: a segmentation fault of the target with greenlet 1.1.3 on Python 3.11
        text = "greenlet %s can crash under memray; greenlet 2 or later is safe" % version
        raise RefusalError(text)
    hook = getattr(sys.modules.get("threading"), "_profile_hook", None)
    if str(getattr(hook, "__module__", "")).startswith("memray"):
        raise RefusalError("the target is traced by memray already")
    if hook is not None or sys.getprofile() is not None:
        text = "the target runs under a profiler (sys.setprofile), which memray would switch off"
        raise RefusalError(text)


def _refuse_if_unwritable(file: str, disk_limit: int) -> None:
    folder = os.path.dirname(os.path.abspath(file))
    try:
        room = os.statvfs(folder)
    except OSError as error:
        raise RefusalError("%s: %s" % (folder, error.strerror)) from error
    if os.path.exists(file):
        raise RefusalError("%s exists already" % file)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RefusalError("the target may not write to %s" % folder)
    if room.f_bavail * room.f_frsize < disk_limit:
        raise RefusalError("less than %d bytes are free in %s" % (disk_limit, folder))


# The agent calls module functions, and a process has one memray tracker at most.
_window = Window()
prepare = _window.prepare
start = _window.start
mark = _window.mark
size = _window.size
stop = _window.stop
