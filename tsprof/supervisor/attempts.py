"""Attribution, and another attempt in a fresh process where a window has killed the target."""

from collections.abc import Collection
from pathlib import Path

from tsprof.analysis.attribution.native import grows_natively
from tsprof.analysis.run.assessments import Look
from tsprof.analysis.run.growing import Growing, growing_between, growing_processes
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.native_window import open_native_window
from tsprof.supervisor.python_window import open_python_window
from tsprof.supervisor.tracing import Tracing
from tsprof.supervisor.window import SEGMENT_PATIENCE, Window


def attribute(engine: Engine, final: Look, requests: int, folder: Path, method: str) -> Window:
    """Open a window; where it kills the target, open another kind of window in a fresh one.

    Args:
        engine: between two segments.
        final: tells which processes grow, and what.
        requests: of each of a window's two segments.
        folder: where captures are written.
        method: ``auto``, ``memray``, ``tracemalloc`` or ``heaptrack``.

    Raises:
        RunEnded: the load is gone.
    """
    window = Window(folder, grows_natively(final))
    _choose(window, growing_processes(final))
    if method == "heaptrack" or (method == "auto" and _are_native(window.pids, engine)):
        return _attribute_native(window, engine, requests)
    for tracing in _tracings(method, native=window.native):
        again = window.died
        try:
            if again and not _go_on(window, engine, final, requests):
                break
            open_python_window(window, engine, final, requests, tracing)
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


def _choose(window: Window, growing: Growing) -> None:
    window.pids, window.share = list(growing.pids), growing.share
    if window.share < 1:
        window.notes.append(
            f"looked into were the {len(window.pids)} processes that grow the most, with "
            f"{window.share:.0%} of what the growing ones gained; that is taken as their part of "
            "the requests"
        )


def _tracings(method: str, *, native: bool) -> list[Tracing]:
    """Return the ways to trace Python, in the order in which they are tried."""
    tracings = [Tracing(method)]
    if native and method != "tracemalloc":
        tracings.insert(0, Tracing(method, native_traces=True))
    if method == "auto":
        tracings.append(Tracing("tracemalloc"))
    return tracings


def _are_native(pids: Collection[int], engine: Engine) -> bool:
    """Tell whether processes have agents, and none of them runs Python."""
    agents = engine.instruments.agents
    return bool(agents.connected().keys() & pids) and not agents.interpreters().keys() & pids


def _attribute_native(window: Window, engine: Engine, requests: int) -> Window:
    """Open a window of heaptrack in the native programs that grow.

    Raises:
        RunEnded: the load is gone.
    """
    agents = engine.instruments.agents
    native = agents.connected().keys() - agents.interpreters().keys()
    window.pids = [pid for pid in window.pids if pid in native]
    if not window.pids:
        window.notes.append(
            "no native process with an agent grows, so heaptrack has nothing to record"
        )
        return window
    try:
        open_native_window(window, engine, requests)
    except RunEnded:
        if engine.instruments.target.alive():
            raise  # it is the load that has gone
        window = window.after_death()
        window.notes.append("heaptrack does not suit this program; try --profiler valgrind")
        return window
    engine.profiling = ""
    return window


def _go_on(window: Window, engine: Engine, final: Look, requests: int) -> bool:
    """Have the killed target or worker replaced, and warm the fresh one up."""
    if not engine.instruments.target.alive() and not engine.start_anew():
        return False
    engine.profiling = ""
    engine.counted_segment(requests, SEGMENT_PATIENCE)
    first = engine.checkpoint()
    engine.counted_segment(requests, SEGMENT_PATIENCE)
    _choose(window, growing_between(first, engine.checkpoint(), final))
    return True
