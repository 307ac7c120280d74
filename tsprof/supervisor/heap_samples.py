"""A second run of the target with jemalloc, which samples its heap at about its own speed."""

import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path

from tsprof.profilers import jemalloc
from tsprof.profilers.jemalloc import Dump, digest_of, read_dump, sampling_error
from tsprof.profilers.survivors import UnreadableError
from tsprof.supervisor.engine import Engine, RunEnded
from tsprof.supervisor.moments import three_moments
from tsprof.supervisor.second_run import SecondRun, fail
from tsprof.supervisor.tool import Tool
from tsprof.supervisor.window import WINDOW_PATIENCE, Window

SEGMENT_PATIENCE = 20.0
"""Seconds for each of the three segments, of which the first warms up."""


def sample_heap(engine: Engine, requests: int, growth: float, window: Window) -> SecondRun:
    """Start the target anew with jemalloc, and compare three dumps around two counted segments.

    Args:
        engine: between two segments.
        requests: of each segment.
        growth: bytes per request, from which follows how finely to sample.
        window: takes the number of requests, and notes.
    """
    found = SecondRun(window)
    library = jemalloc.find()
    if library is None:
        fail(engine, "jemalloc is not installed (apt install libjemalloc2)")
        return found
    engine.phase = "sampling the heap with jemalloc"
    bits = jemalloc.sample_bits(growth * requests)
    if not engine.start_anew(Tool(preload=library, variables=jemalloc.configuration(bits))):
        fail(engine, "with jemalloc the target does not start")
        return found
    # The target may run as another user.
    folder = engine.instruments.temporary_folder
    with tempfile.TemporaryDirectory(dir=folder) as dumps, suppress(RunEnded):
        Path(dumps).chmod(0o1777)
        _measure(found, engine, requests, Path(dumps))
    return found


def _measure(found: SecondRun, engine: Engine, requests: int, dumps: Path) -> None:
    looks = count(1)

    def look() -> dict[int, Dump]:
        return _look(found.window, engine, dumps / str(next(looks)))

    moments = three_moments(engine, requests, SEGMENT_PATIENCE, look, found.window)
    errors = []
    for pid, seen in moments.of_processes():
        try:
            digest = digest_of(seen, moments.requests_early, moments.requests_total)
            found.digests.append(digest)
        except UnreadableError as error:
            found.window.notes.append(f"process {pid}: {error}")
        errors.append(sampling_error(seen[0], seen[-1]))
    if errors:
        found.details = (
            f"its sites were sampled by jemalloc: the largest to within {min(errors):.0%}",
        )


def _look(window: Window, engine: Engine, file: Path) -> dict[int, Dump]:
    """Have each process dump its heap, and read that."""
    found = {}
    agents = engine.instruments.agents
    for pid in agents.connected():
        dump = file.with_suffix(f".{pid}")
        reply = agents.ask(
            "heap.dump", {"file": str(dump)}, pids=[pid], timeout=WINDOW_PATIENCE
        ).get(pid, "it did not answer")
        if isinstance(reply, str) or not reply.get("dumped"):
            reason = reply if isinstance(reply, str) else reply.get("refused")
            window.notes.append(f"process {pid} did not dump its heap: {reason}")
            continue
        try:
            with dump.open(encoding="utf-8", errors="replace") as lines:
                found[pid] = read_dump(lines)
        except (OSError, UnreadableError) as error:
            window.notes.append(f"process {pid}: its dump cannot be read: {error}")
    return found
