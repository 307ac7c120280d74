"""Call stacks of this process, sampled from within, where the kernel lets nobody look from outside.

Within, a sample can only be taken when the sampling thread gets the GIL. A thread that wants it
waits for 5 ms before it asks for it, and gets it earlier where another lets go: of a service with
requests of 1 ms, all samples were in the socket's send. So it is to ask after 0.02 ms meanwhile,
and half of them still are where the machine is busy. Long calls of C code are seen at their end.
"""

from __future__ import annotations

import _thread
import ctypes
import sys
import time

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_PR_SET_PTRACER = 0x59616D61
_ANY = ctypes.c_ulong(-1)
_MOST_STACKS = 5000
_DEEPEST = 200
_SWITCH = 2e-5  # seconds
_LEAST_SHARE = 0.2  # of the time between two samples that a thread must have used to be seen


def allow(_arguments: dict[str, Any]) -> dict[str, Any]:
    """Let any process of this user look into this one, where only its ancestors may (yama(7))."""
    return {"allowed": ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0) == 0}


def run(arguments: dict[str, Any]) -> dict[str, Any]:
    """Sample the threads that use the CPU for some time, in the agent's thread.

    Args:
        arguments: ``seconds`` to sample for, and ``rate``, samples per second.

    Returns:
        Under ``stacks`` each call stack as a list of ``[function, file, line]``, outermost first,
        with the number of samples that were in it.
    """
    usleep = ctypes.CDLL(None).usleep  # time.sleep may be gevent's
    pause = int(1e6 / arguments["rate"])
    until = time.monotonic() + arguments["seconds"]
    used: dict[int, float] = {}
    counts: dict[tuple[Any, ...], int] = {}
    last = time.monotonic()
    switch = sys.getswitchinterval()
    sys.setswitchinterval(min(_SWITCH, switch))
    try:
        while last < until:
            usleep(pause)
            now = time.monotonic()
            least, last = _LEAST_SHARE * (now - last), now
            _sample(used, least, counts)
    finally:
        sys.setswitchinterval(switch)
    return {"stacks": [[_places(stack), count] for stack, count in counts.items()]}


def _sample(used: dict[int, float], least: float, counts: dict[tuple[Any, ...], int]) -> None:
    own = _thread.get_ident()
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - what it is there for
        if ident == own:
            continue
        # The GIL is held: a thread that has a frame lives.
        cpu = time.clock_gettime(time.pthread_getcpuclockid(ident))
        gained = cpu - used.get(ident, cpu)
        used[ident] = cpu
        if gained >= least:
            stack = _stack(frame)
            if stack in counts or len(counts) < _MOST_STACKS:
                counts[stack] = counts.get(stack, 0) + 1


def _stack(frame: FrameType | None) -> tuple[Any, ...]:
    found: list[Any] = []
    while frame is not None and len(found) < _DEEPEST:
        found.append((frame.f_code, frame.f_lineno or 0))  # some instructions are of no line
        frame = frame.f_back
    return tuple(found)


def _places(stack: tuple[Any, ...]) -> list[list[Any]]:
    return [
        [getattr(code, "co_qualname", code.co_name), code.co_filename, line]
        for code, line in reversed(stack)
    ]
