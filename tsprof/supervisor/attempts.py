"""Attribution, and another attempt in a fresh process where a window has killed the target."""

from pathlib import Path

from tsprof.analysis.attribution.native import grows_natively
from tsprof.analysis.run.assessments import Look
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.window import (
    SEGMENT_PATIENCE,
    Tracing,
    Window,
    gains,
    growing_processes,
    most,
    open_window,
)


def attribute(engine: Engine, final: Look, requests: int, folder: Path, method: str) -> Window:
    """Open a window; where it kills the target, open another kind of window in a fresh one.

    Args:
        engine: between two segments.
        final: tells which processes grow, and what.
        requests: of each of a window's two segments.
        folder: where captures are written.
        method: ``auto``, ``memray`` or ``tracemalloc``.

    Raises:
        RunEnded: the load is gone.
    """
    window = Window(folder, grows_natively(final), growing_processes(final))
    tracings = [Tracing(method)]
    if window.native and method != "tracemalloc":
        tracings.insert(0, Tracing(method, native_traces=True))
    if method == "auto":
        tracings.append(Tracing("tracemalloc"))
    for tracing in tracings:
        again = window.died
        try:
            if again and not _go_on(window, engine, final, requests):
                break
            open_window(window, engine, final, requests, tracing)
        except RunEnded:
            if engine.instruments.target.alive():
                raise  # it is the load that has gone
            window = window.after_death()
        else:
            if not window.died or window.captures:
                engine.profiling = ""
                if again:
                    engine.note("note", f"attribution went on in a fresh process, with {tracing}")
                break
            window = window.after_death()
    return window


def _go_on(window: Window, engine: Engine, final: Look, requests: int) -> bool:
    """Have the killed target or worker replaced, and warm the fresh one up."""
    if not engine.instruments.target.alive() and not engine.start_anew():
        return False
    engine.profiling = ""
    engine.counted_segment(requests, SEGMENT_PATIENCE)
    first = engine.checkpoint()
    engine.counted_segment(requests, SEGMENT_PATIENCE)
    window.pids = most(gains(final, first, engine.checkpoint()))
    return True
