"""What is still to come by itself: timers of event loops, and threads that wait for a while."""

from __future__ import annotations

import sys
import time

from . import heap, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_HANDLE = "TimerHandle"  # of asyncio and of uvloop
_WAIT = ("wait", "threading")  # Condition.wait, which Event, Timer and Queue call
_MOST = 20_000  # times in the answer


def take(_arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell what is pending, and for how long.

    Returns:
        ``number`` of pending timers, and ``seconds``: until when each is due, in order; of a
        thread that waits: the longest that it may. Of very many an even sample.
    """
    with heap.CollectorPaused():
        due = sorted([*_of_loops(time.monotonic()), *_of_threads()])
    step = len(due) // _MOST + 1
    return {"number": len(due), "seconds": due[step // 2 :: step]}


def _of_loops(now: float) -> list[float]:
    handles = {kind for kind in set(map(type, heap.objects())) if kind.__name__ == _HANDLE}
    if not handles:
        return []
    found = []
    for handle in heap.objects():
        if type(handle) in handles:
            try:
                if not handle.cancelled():
                    found.append(float(handle.when()) - now)
            except (AttributeError, TypeError, ValueError):  # it has fired
                continue
    return [seconds for seconds in found if seconds > 0]


def _of_threads() -> list[float]:
    found = []
    for frame in list(sys._current_frames().values()):  # noqa: SLF001 - the only way to them
        name = (frame.f_code.co_name, frame.f_globals.get("__name__"))
        if name == _WAIT:
            seconds = objects.frame_locals(frame).get("timeout")
            if isinstance(seconds, (int, float)) and seconds > 0:
                found.append(float(seconds))
    return found
