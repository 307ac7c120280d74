"""Sample from which lines of Python native code is called, after heaptrack has recorded it."""

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from tsprof.analysis.attribution.native_callers import Samples
from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers import py_spy
from tsprof.profilers.sampling import Sampling
from tsprof.records import Segment
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.sampling_within import let_others_look

SAMPLING = Sampling(rate=200, native=True, gil=False)
"""A call of 2 % of a request's time is in some 8 samples of two seconds."""


def sample_callers(
    engine: Engine,
    pids: Collection[int],
    drive: Callable[[], Segment],
    origin_of: Callable[[str], Origin],
) -> tuple[dict[int, Samples], str]:
    """Sample processes while a segment lasts.

    Args:
        engine: between two segments.
        pids: of the processes; they run Python.
        drive: the segment.
        origin_of: tells whose code a file is.

    Returns:
        What was seen, by process, and why it is not all; empty where it is.

    Raises:
        RunEnded: the target or the load is gone.
    """
    if py_spy.program() is None:
        return {}, "py-spy is not installed (pip install py-spy)"
    let_others_look(engine.instruments.agents, pids)
    at_work: dict[int, py_spy.PySpy] = {}
    with tempfile.TemporaryDirectory(prefix="tsprof-") as folder:
        try:
            for pid in pids:
                at_work[pid] = py_spy.PySpy(pid, Path(folder, str(pid)), SAMPLING)
                at_work[pid].wait_until_ready()
            drive()
        except BaseException as error:
            for each in at_work.values():
                each.kill()
            if isinstance(error, OSError):
                return {}, f"py-spy cannot be started: {error}"
            raise
        for each in at_work.values():
            each.stop()
        seen = {pid: each.result(origin_of) for pid, each in at_work.items()}
    problems = [each.problem for each in seen.values() if each.problem]
    return {pid: each.stacks for pid, each in seen.items()}, "; ".join(problems)
