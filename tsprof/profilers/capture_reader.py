"""The process that reads a capture: ``python -m tsprof.profilers.capture_reader``.

Its arguments are those of ``capture_digest.digest``; it writes the digest as JSON to stdout.
"""

import ast
import importlib
import json
import resource
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tsprof.analysis.attribution.captures import (
    BlockKind,
    CallFrame,
    CaptureDigest,
    Method,
    NativeFrame,
    PeakStack,
    StackSurvivors,
)
from tsprof.profilers.heaptrack_capture import read_heaptrack
from tsprof.profilers.heaptrack_record import FIRST_LETTER
from tsprof.profilers.native_frames import read_native_frames
from tsprof.profilers.survivors import Key, Survivors, UnreadableError, of_malloc, to_sixteen

OUT_OF_MEMORY = 71
"""Exit status when the memory limit was reached."""

_PYMALLOC = frozenset({2, 3, 4})
_MMAP = 14
_SMALL = 512
_NATIVE_STACKS = 100
"""Call stacks whose native frames are looked for, those with the most bytes."""
_TIME_RECORDS = 1_000_000
_METHODS: Mapping[bytes, Method] = {b"{": "tracemalloc", FIRST_LETTER: "heaptrack"}
"""By the first letter of a capture; memray's begin otherwise."""
_AGENT = str(Path(__file__).parent.parent / "agent")


def read_capture(
    capture: Path, *, early_until: float, requests_early: int, requests_total: int, stacks_kept: int
) -> CaptureDigest:
    """Read a capture of memray, tracemalloc or heaptrack.

    Raises:
        UnreadableError: The file is missing or damaged, or has no record of the time
            ``early_until``.
    """
    try:
        with capture.open("rb") as file:
            first = file.read(1)
    except OSError as error:
        raise UnreadableError(f"{error.strerror}") from error
    method: Method = _METHODS.get(first, "memray")
    peak: Sequence[PeakStack] = ()
    if method == "tracemalloc":
        survivors = _read_tracemalloc(capture)
    elif method == "heaptrack":
        survivors = read_heaptrack(capture, stacks_kept)
    else:
        survivors, peak = _read_memray(capture, early_until)
    ranked = sorted(survivors.items(), key=lambda item: _alive(item[1]), reverse=True)
    return CaptureDigest(
        method=method,
        requests_early=requests_early,
        requests_total=requests_total,
        stacks=tuple(
            StackSurvivors(frames=frames, kind=kind, native=native, **vars(sums))
            for (frames, kind, native), sums in ranked[:stacks_kept]
        ),
        peak=tuple(nlargest(stacks_kept, peak, key=lambda stack: stack.bytes)),
    )


def _alive(sums: Survivors) -> int:
    return sums.early_bytes + sums.late_bytes


def _read_memray(
    capture: Path, early_until: float
) -> tuple[Mapping[Key, Survivors], Sequence[PeakStack]]:
    from memray import FileReader  # noqa: PLC0415 - a capture of tracemalloc does without

    found: list[tuple[Any, Survivors]] = []
    try:
        with FileReader(capture, max_memory_records=_TIME_RECORDS) as reader:
            times = [record.time / 1000 for record in reader.get_memory_snapshots()]
            # The last of them may have been written later than its time says; the one before it
            # was there when the last one took its time. The mark came some records later.
            early_records = sum(1 for time in times if time <= early_until) - 1
            if early_records < 1:
                raise UnreadableError("the capture does not reach back before the mark")
            for record in reader.get_temporal_allocation_records(merge_threads=True):
                sums = _survivors(record, early_records)
                if sums is not None:
                    found.append((record, sums))
            native: Mapping[int, tuple[NativeFrame, ...]] = {}
            if reader.metadata.has_native_traces:
                native = _native_parts(capture, found)
            survivors = _by_frames(found, native)
            # Reads the file once more, in 0.4 of the time.
            peak = _peak(reader.get_high_watermark_allocation_records(merge_threads=True))
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableError(str(error)) from error
    return survivors, peak


def _peak(records: Iterable[Any]) -> Sequence[PeakStack]:
    """Sum the records of each stack up; the agent's own are left out."""
    sizes: defaultdict[tuple[CallFrame, ...], int] = defaultdict(int)
    for record in records:
        frames = tuple(record.stack_trace())
        if not _is_agents(frames):
            sizes[frames] += _handed_out(record.allocator, record.size, record.n_allocations)
    return [PeakStack(frames=frames, bytes=size) for frames, size in sizes.items()]


def _is_agents(frames: Sequence[CallFrame]) -> bool:
    return any(file.startswith(_AGENT) for _, file, _ in frames)


def _native_parts(
    capture: Path, found: Sequence[tuple[Any, Survivors]]
) -> Mapping[int, tuple[NativeFrame, ...]]:
    """Return the native frames of the largest stacks that may leak, by memray's number of a stack.

    What CPython allocates for itself is told by the line of Python.
    """
    growing = [
        (min(sums.early_bytes, sums.late_bytes), record)
        for record, sums in found
        if record.allocator not in _PYMALLOC and sums.early_bytes and sums.late_bytes
    ]
    largest = [record for _, record in nlargest(_NATIVE_STACKS, growing, key=itemgetter(0))]
    if not largest:
        return {}
    frames = read_native_frames(capture, max(record.native_stack_id for record in largest))
    return {record.native_stack_id: frames.within(record) for record in largest}


def _by_frames(
    found: Iterable[tuple[Any, Survivors]], native: Mapping[int, tuple[NativeFrame, ...]]
) -> Mapping[Key, Survivors]:
    """Merge the records of the same frames; the agent's own are left out."""
    survivors: dict[Key, Survivors] = defaultdict(Survivors)
    for record, sums in found:
        frames = tuple(record.stack_trace())
        if _is_agents(frames):
            continue
        mean = (sums.mark_bytes + sums.late_bytes) / (sums.mark_blocks + sums.late_blocks)
        kind = _kind(record.allocator, mean)
        survivors[frames, kind, native.get(record.native_stack_id, ())].add(sums)
    return survivors


def _survivors(record: Any, early_records: int) -> Survivors | None:
    """Return the sums of one stack's blocks, told apart by the time records at their birth.

    A block with ``allocated_before_snapshot`` n was born between the time records n-1 and n, so
    the early ones are those with n < ``early_records``: that record was written while the target
    was quiet, shortly before the mark.
    """
    sums: Survivors | None = None
    for interval in record.intervals:
        early = interval.allocated_before_snapshot < early_records
        freed = interval.deallocated_before_snapshot
        if freed is not None and not (early and freed >= early_records):
            continue
        sums = sums or Survivors()
        size = _handed_out(record.allocator, interval.n_bytes, interval.n_allocations)
        if early:
            sums.mark_bytes += size
            sums.mark_blocks += interval.n_allocations
        if freed is None and early:
            sums.early_bytes += size
            sums.early_blocks += interval.n_allocations
        elif freed is None:
            sums.late_bytes += size
            sums.late_blocks += interval.n_allocations
    return sums


def _kind(allocator: int, mean_size: float) -> BlockKind:
    if allocator == _MMAP:
        return "mapping"
    if allocator not in _PYMALLOC:
        return "native"
    return "small" if mean_size <= _SMALL else "large"


def _handed_out(allocator: int, size: int, blocks: int) -> int:
    """Return what the allocators hand out for blocks of this size on average.

    pymalloc rounds up to 16 bytes; glibc's malloc adds a header of 8 and rounds up to 16. Blocks of
    one stack differ little in size: strings of 69 to 71 bytes, of 69.9 on average, take 80 each.
    """
    if not blocks or allocator == _MMAP:
        return size
    mean = size / blocks
    if allocator in _PYMALLOC and mean <= _SMALL:
        return blocks * to_sixteen(mean)
    return blocks * of_malloc(mean)


def _read_tracemalloc(capture: Path) -> Mapping[Key, Survivors]:
    """Read the two snapshots of a tracemalloc window, which do not tell when a block was born."""
    try:
        content = json.loads(capture.read_text())
        marked, ended = _by_stack(content["mark"]), _by_stack(content["end"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError(f"damaged: {error}") from error
    survivors: dict[Key, Survivors] = defaultdict(Survivors)
    for key, (blocks, size) in marked.items():
        survivors[key].mark_blocks, survivors[key].mark_bytes = blocks, size
    for key, (blocks, size) in ended.items():
        survivors[key].late_blocks, survivors[key].late_bytes = blocks, size
    return survivors


def _by_stack(rows: Iterable[Any]) -> dict[Key, tuple[int, int]]:
    sums: dict[Key, tuple[int, int]] = {}
    for stack, small, blocks, size in rows:
        if any(file.startswith(_AGENT) for file, _ in stack):
            continue
        frames = tuple((_function_at(file, line), file, line) for file, line in stack)
        key: Key = (frames, "small" if small else "large", ())
        before = sums.get(key, (0, 0))
        rounded = _handed_out(2, size, blocks)
        sums[key] = (before[0] + blocks, before[1] + rounded)
    return sums


@cache
def _functions(file: str) -> list[tuple[int, int, str]]:
    """Return first line, last line and qualified name of each function of a source file."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    return list(_walk_functions(tree, ""))


def _walk_functions(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child.lineno, child.end_lineno or child.lineno, prefix + child.name
            yield from _walk_functions(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _walk_functions(child, f"{prefix}{child.name}.")
        else:
            yield from _walk_functions(child, prefix)


def _function_at(file: str, line: int) -> str:
    """Return the innermost function at a line, which tracemalloc does not record."""
    around = [entry for entry in _functions(file) if entry[0] <= line <= entry[1]]
    return max(around)[2].rpartition(".")[2] if around else "<module>"


def main(arguments: list[str]) -> int:
    """Read the capture that the arguments name and print its digest."""
    capture, early_until, requests_early, requests_total, stacks_kept, memory_limit = arguments
    limit = int(memory_limit)
    importlib.import_module("memray")  # the limit is on what reading takes, and not on this
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        digest = read_capture(
            Path(capture),
            early_until=float(early_until),
            requests_early=int(requests_early),
            requests_total=int(requests_total),
            stacks_kept=int(stacks_kept),
        )
    except MemoryError:
        return OUT_OF_MEMORY
    except UnreadableError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(TypeAdapter(CaptureDigest).dump_json(digest).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
