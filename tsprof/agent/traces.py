"""What traces a window's allocations: memray's tracker, or tracemalloc."""

from __future__ import annotations

import _signal
import json
import os
import sys
import time

from . import foreign

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_SMALL = 512  # pymalloc's own blocks end here; larger ones come from malloc
_INTERVALS_BEFORE_MARK = 5  # of 20 ms, since a busy machine may skip some


class RefusalError(Exception):
    """The window cannot be opened this way; the message says why."""


class MemrayTrace:
    """A running memray tracker."""

    def __init__(self, memray: Any, names: dict[str, Any], arguments: dict[str, Any]) -> None:
        """Start it; ``names`` are modules that memray looks up meanwhile."""
        self._file = arguments["file"]
        self._interval = arguments.get("interval_ms", 20)
        self._names = names
        self._foreign: list[tuple[Any, int, int]] = []
        native = bool(arguments.get("native_traces"))
        if native:
            self._foreign = foreign.find()
        sys.modules.update(names)
        try:
            self._tracker = memray.Tracker(
                destination=_destination(memray, self._file),
                trace_python_allocators=True,
                native_traces=native,
                memory_interval_ms=self._interval,
            )
            self._tracker.__enter__()
        except Exception as error:
            self.abandon()
            if os.path.exists(self._file):
                os.unlink(self._file)
            text = "memray did not start: %s: %s" % (type(error).__name__, error)
            raise RefusalError(text) from error
        foreign.redirect(self._foreign)

    def mark(self) -> None:
        """Let memray write a time record while nothing is allocated, before the mark's time."""
        # gevent replaces time.sleep and the locks of _thread.
        _signal.sigtimedwait((), _INTERVALS_BEFORE_MARK * self._interval / 1000)

    def size(self) -> int:
        """Return the capture's bytes."""
        return os.stat(self._file).st_size

    def stop(self) -> None:
        """Close the tracker."""
        foreign.restore(self._foreign)
        self._tracker.__exit__(None, None, None)
        self.abandon()

    def abandon(self) -> None:
        """Take back the names; in a forked child memray switched itself off."""
        for name in self._names:
            sys.modules.pop(name, None)


class TracemallocTrace:
    """A running tracemalloc, with the survivors written by call stack at the mark and the end."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        """Start it."""
        import _tracemalloc

        self._tracemalloc = _tracemalloc
        self._file = arguments["file"]
        self._mark_file = self._file + ".mark"
        self._began = time.time()
        if _tracemalloc.is_tracing():
            raise RefusalError("the target traces with tracemalloc already")
        _tracemalloc.start(int(arguments.get("frames", 8)))

    def mark(self) -> None:
        """Write what survives so far to a file of its own: nothing is kept in the target."""
        with open(self._mark_file, "w", encoding="utf-8") as file:
            json.dump(self._survivors(), file)

    def size(self) -> int:
        """Return the bytes of both files."""
        files = (self._file, self._mark_file)
        return sum(os.stat(name).st_size for name in files if os.path.exists(name))

    def stop(self) -> None:
        """Write the survivors of both moments into the capture."""
        survivors = self._survivors()
        self._tracemalloc.stop()
        marked = []
        if os.path.exists(self._mark_file):
            with open(self._mark_file, encoding="utf-8") as file:
                marked = json.load(file)
            os.unlink(self._mark_file)
        capture = {
            "format": "tsprof-tracemalloc",
            "began": self._began,
            "ended": time.time(),
            "mark": marked,
            "end": survivors,
        }
        with open(self._file, "w", encoding="utf-8") as file:
            json.dump(capture, file)

    def abandon(self) -> None:
        """Stop in a forked child what the parent started."""
        self._tracemalloc.stop()

    def _survivors(self) -> list[list[Any]]:
        """Return ``[stack, small, blocks, bytes]`` lists; a stack is innermost first."""
        found: dict[Any, list[int]] = {}
        # The public Snapshot imports pickle and copies every trace into an object.
        for trace in self._tracemalloc._get_traces():  # noqa: SLF001
            size, stack = trace[1], trace[2]
            sums = found.setdefault((stack, size <= _SMALL), [0, 0])
            sums[0] += 1
            sums[1] += size
        return [[stack, small, sums[0], sums[1]] for (stack, small), sums in found.items()]


def _destination(memray: Any, file: str) -> Any:
    """Return where memray writes: uncompressed, and with ``write``.

    LZ4 at the end would hold the target's GIL for longer. The shared mapping that older versions
    write to is also a forked child's, whose first thread spoils the parent's capture before memray
    switches itself off there.
    """
    destination = memray.FileDestination
    offered = getattr(destination, "__dataclass_fields__", {})
    wanted = {"compress_on_exit": False, "buffered": True}
    return destination(file, **{name: wanted[name] for name in wanted if name in offered})
