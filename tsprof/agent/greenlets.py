"""What memray leaves behind in programs of greenlets, as with gevent: a call at every switch.

memray sets greenlet's trace function in each thread and does not take it back. It costs 73 ns a
switch, of some 130, long after the window. Only a thread itself can unset it: the main thread is
asked to, which runs what greenlets most programs have. In other threads it stays.
"""

from __future__ import annotations

import ctypes
import sys

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_TRACER = "greenlet_trace_function"


def untrace(memray: Any) -> Any:
    """Have the main thread take back memray's trace function, when it next runs Python.

    Args:
        memray: The extension module.

    Returns:
        What must be kept until then; None where there is nothing to do.
    """
    greenlet, tracer = sys.modules.get("greenlet"), getattr(memray, _TRACER, None)
    if greenlet is None or tracer is None:
        return None

    def take_back(_: Any) -> int:
        if greenlet.gettrace() is tracer:
            greenlet.settrace(None)
        return 0

    callback = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(take_back)
    ctypes.pythonapi.Py_AddPendingCall(callback, None)
    return callback
