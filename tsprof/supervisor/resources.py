"""When descriptors, threads, tasks or processes leak: list them around counted load, name them.

The load has two equal parts: what lives from the first one at the end of the second leaks.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError

from tsprof.analysis.attribution.counted_resources import COUNTED, Grown, Held, grown, lasting
from tsprof.analysis.attribution.culprits import (
    LEAST_GAINED,
    Culprit,
    Recorder,
    Seen,
    culprit,
    worth_naming,
)
from tsprof.analysis.attribution.listings import Listing, made, merged, with_origins
from tsprof.analysis.attribution.native import without_lines
from tsprof.analysis.attribution.sites import Origin
from tsprof.analysis.run.assessments import Look
from tsprof.probes.resources import children, descriptors, listening_ports, threads
from tsprof.records import Checkpoint
from tsprof.report.model import Holder
from tsprof.supervisor.agents import Reply
from tsprof.supervisor.engine import Engine
from tsprof.supervisor.native_origins import NativeOrigins, end_native_notes, start_native_notes
from tsprof.supervisor.plan import Plan
from tsprof.supervisor.temporary_folder import entries

WANTED = 12
"""New ones of a leaking resource that the load is made long enough for, where that is cheap."""
LONGEST = 4
"""Times the run's segments that it may be long."""
PATIENCE = 30.0
"""Seconds that each of its two parts may take."""
LISTING_PATIENCE = 20.0
MOST_PROCESSES = 32
"""Processes whose descriptors and threads are listed, those nearest to the root: each takes about
0.1 s, most of it for the kernel's tables of sockets."""
MOST_CHILDREN = 5_000
"""Processes that are listed as children."""
MOST_TASKS = 20_000
"""Tasks of a process up to which all are listed: 50,000 take 2.5 s."""
MOST_FILES = 200_000
"""Temporary files that are listed."""
NO_PROCESS = 0
"""In place of a pid: files that are not open belong to no process."""
SAMPLED = 5
"""New ones of a kind whose holder is looked for."""
AROUND = ("threading",)
"""Modules that have every thread in a container of theirs, whoever wants it to run."""
HELD_KINDS = 3
"""Kinds of a resource whose holder is looked for."""
_LISTING = TypeAdapter(Listing)


def culprits(
    engine: Engine, plan: Plan, final: Look, requests: int, origin_of: Callable[[str], Origin]
) -> tuple[Culprit, ...]:
    """Name what the leaking counts consist of, from two more counted segments.

    Args:
        engine: between two segments.
        plan: of the run.
        final: the look that the verdict rests on.
        requests: of a segment.
        origin_of: tells whose code a source file is.
    """
    leaking = [name for name in COUNTED if name in final.leaking]
    rates = {name: max(final.counts[name].rate.value, 0.0) for name in leaking}
    wanted = max((math.ceil(WANTED / rate) for rate in rates.values() if rate > 0), default=0)
    pids = {pid for pid, _ in final.view.identities}
    engine.phase = "attributing: which line opens what stays open"
    engine.profiling = "the look at what it opens and starts"
    try:
        load = _watched_load(engine, pids, min(max(requests, wanted), LONGEST * requests))
    finally:
        engine.instruments.agents.ask("resources.forget", pids=pids)
        engine.profiling = ""
    origin_of = load.native.origins_beside(origin_of)
    found = []
    for name in leaking:
        expected = rates[name] * load.requests
        worth = worth_naming(load.groups, name, expected=expected, clients=plan.users)
        ways = _most_common_ways(engine, worth, origin_of)
        seen = Seen(
            resource=name,
            groups=worth,
            holders={
                group.what: _holder(ways[group.what], group.gained / max(load.requests, 1))
                for group in worth
                if group.what in ways
            },
            requests=load.requests,
            expected=expected,
            recorders=load.recorders,
        )
        found.append(culprit(seen, origin_of))
    for note in without_lines(
        [s for one in found for s in one.sites if s.file in load.native.files]
    ):
        _note_once(engine, note)
    return tuple(found)


@dataclass(frozen=True)
class _WatchedLoad:
    """What became more under counted load."""

    requests: int
    groups: tuple[Grown, ...]
    recorders: Mapping[int, Recorder]
    native: NativeOrigins


def _watched_load(engine: Engine, pids: Collection[int], requests: int) -> _WatchedLoad:
    one_in = _one_in(engine.checkpoints[-1])
    half = math.ceil(requests / 2)
    agents, note = engine.instruments.agents, partial(_note_once, engine)
    before = _look(engine, pids, "resources.start", one_in)
    noting = start_native_notes(agents, pids, note)
    early = engine.counted_segment(half, PATIENCE)
    engine.wait_until_quiet()
    middle = _outside(engine, pids)
    late = engine.counted_segment(half, PATIENCE)
    after = _look(engine, pids, "resources.stop", one_in)
    native = end_native_notes(agents, noting, note)
    for pid in native.listings.keys() & after.keys():
        known = with_origins(after[pid].outside, native.listings[pid])
        after[pid] = _Sight(known, after[pid].listing)
    recorders: dict[int, Recorder] = dict.fromkeys(native.listings, "native")
    recorders |= dict.fromkeys((pid for pid, sight in before.items() if sight.recording), "Python")
    if recorders:
        together = set(recorders.values())
        recorders[NO_PROCESS] = "Python" if "Python" in together else "native"
    groups = lasting(_grown(before, after, one_in), list(chain.from_iterable(middle.values())))
    return _WatchedLoad(early.requests + late.requests, groups, recorders, native)


@dataclass(frozen=True)
class _Sight:
    """One process at one moment."""

    outside: Sequence[Held]
    listing: Listing | None

    @property
    def recording(self) -> bool:
        return self.listing is not None and self.listing.recording


def _one_in(checkpoint: Checkpoint) -> int:
    """Return the power of two that leaves few enough tasks to list."""
    most = max((reading.tasks or 0 for reading in checkpoint.processes), default=0)
    return 1 << (most // MOST_TASKS).bit_length()


def _look(
    engine: Engine, pids: Collection[int], command: str, tasks_one_in: int
) -> dict[int, _Sight]:
    """List what the processes hold that the verdict rests on; one that cannot be read is noted."""
    tools = engine.instruments
    engine.wait_until_quiet()
    pythons = tools.agents.interpreters().keys() & set(pids)
    folder = tools.temporary_folder
    temporary = None if folder is None else str(folder)
    arguments = {"temporary": temporary, "tasks_one_in": tasks_one_in}
    replies = tools.agents.ask(command, arguments, pids=pythons, timeout=LISTING_PATIENCE)
    found = {
        pid: _Sight(outside, _listing(engine, pid, replies))
        for pid, outside in _outside(engine, pids).items()
    }
    if folder is not None:
        listings = [sight.listing for sight in found.values() if sight.listing is not None]
        found[NO_PROCESS] = _Sight(made(temporary_files(folder), listings), None)
    return found


def _outside(engine: Engine, pids: Collection[int]) -> dict[int, list[Held]]:
    """List what the kernel tells of the processes; one that cannot be read is noted."""
    everybody = engine.instruments.target.processes()
    processes = [process for process in everybody if process.pid in pids][:MOST_PROCESSES]
    sockets = {process: _sockets(process) for process in processes}
    served = listening_ports(chain.from_iterable(sockets.values()))
    offspring = children(everybody[:MOST_CHILDREN])
    found = {}
    for process in processes:
        try:
            outside = descriptors(process, sockets[process], served) + threads(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        except psutil.AccessDenied:
            _note_once(engine, f"process {process.pid}: what it holds open cannot be read")
            continue
        found[process.pid] = outside + [child for child in offspring if child.pid == process.pid]
    return found


def temporary_files(folder: Path) -> list[Held]:
    """List the files and folders in a target's folder for temporary files."""
    return [
        Held(
            resource="temporary_file",
            pid=NO_PROCESS,
            identity=path,
            kind="temporary file",
            name=path,
        )
        for path in islice(entries(folder), MOST_FILES)
    ]


def _note_once(engine: Engine, text: str) -> None:
    if all(event.text != text for event in engine.events):
        engine.note("note", text)


def _sockets(process: psutil.Process) -> Sequence[Any]:
    try:
        return process.net_connections("all")
    except psutil.Error:  # its descriptors cannot be read either, and that is said
        return ()


def _listing(engine: Engine, pid: int, replies: Mapping[int, Reply]) -> Listing | None:
    """Read an agent's answer; what comes out of a target may be anything."""
    reply = replies.get(pid)
    if reply is None:
        return None
    try:
        return _LISTING.validate_python(reply)
    except ValidationError:
        reason = reply if isinstance(reply, str) else "its answer is not valid"
        _note_once(engine, f"process {pid}: it could not list what it holds: {reason}")
        return None


def _grown(
    before: Mapping[int, _Sight], after: Mapping[int, _Sight], tasks_one_in: int
) -> tuple[Grown, ...]:
    """Compare the processes that were there both times, each as it could be seen both times."""
    first: list[Held] = []
    last: list[Held] = []
    for pid in before.keys() & after.keys():
        earlier, later = before[pid], after[pid]
        if earlier.listing is not None and later.listing is not None:
            first += merged(earlier.outside, earlier.listing, pid, tasks_one_in)
            last += merged(later.outside, later.listing, pid, tasks_one_in)
        else:
            first += earlier.outside
            last += later.outside
    return grown(first, last)


def _most_common_ways(
    engine: Engine, groups: Sequence[Grown], origin_of: Callable[[str], Origin]
) -> dict[str, Mapping[str, Any]]:
    """Find the container that holds most of the new ones, by what they are."""
    found = {}
    for group in groups[:HELD_KINDS]:
        ways = [way for way in _ways(engine, group) if _tells(way, origin_of)]
        if ways:
            found[group.what] = max(ways, key=lambda way: len(way["found_by"]))
    return found


def _ways(engine: Engine, group: Grown) -> list[Mapping[str, Any]]:
    """Ask the agent of the process that has the most of a kind who holds some of the newest."""
    owned = [held for held in group.new if held.object_id is not None]
    if not owned:
        return []
    pid, number = Counter(held.pid for held in owned).most_common(1)[0]
    ids = [held.object_id for held in owned if held.pid == pid][-SAMPLED:]
    arguments = {"ids": ids, "long": max(number // 2, LEAST_GAINED), "around": AROUND}
    reply = engine.instruments.agents.ask(
        "holders.find", arguments, pids=[pid], timeout=LISTING_PATIENCE
    ).get(pid, "it did not answer")
    return [] if isinstance(reply, str) else list(reply["holders"])


def _tells(way: Mapping[str, Any], origin_of: Callable[[str], Origin]) -> bool:
    """Tell whether any step of a way is in code that is not Python's own, such as asyncio's."""
    return any(origin_of(file).kind in ("application", "dependency") for file in way["files"])


def _holder(way: Mapping[str, Any], per_request: float) -> Holder:
    return Holder(
        path=way["path"],
        type=way["type"],
        entries_per_request=per_request,
        entries=way["entries"] or 0,
        bytes=way["bytes"],
        bound=way["bound"],
        sample=way["sample"],
    )
