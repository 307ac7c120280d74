"""The ledger: every byte of a process's resident growth gets an owner."""

from collections.abc import Sequence

from tsprof.records import Checkpoint, ProcessReading
from tsprof.report.model import LedgerRow, Owner

OWNERS: tuple[Owner, ...] = (
    "python_objects", "native_heap", "allocator_slack", "stacks", "mappings", "other",
)  # fmt: skip
LARGE_BLOCK = 512
"""Bytes above which CPython takes a block from malloc instead of pymalloc (Objects/obmalloc.c)."""
LEAST_LARGE_BLOCKS = 10
"""Large blocks that must have come before native bytes are ascribed to them."""
LARGEST_MEAN_BLOCK = 4 << 20


def owners(reading: ProcessReading) -> dict[Owner, int]:
    """Split one process's resident bytes by the owners that are known; the sum is its RSS.

    * python_objects, native_heap: exact live bytes from the allocators. Python blocks above 512
      bytes count as native here, because malloc serves them; ``large_python_growth`` tells how much
      of a growth they are.
    * allocator_slack: what the allocators hold from the kernel beyond that, as far as resident.
    * stacks, mappings: thread stacks; mapped files, and anonymous memory that no known allocator
      holds (mmap, jemalloc).
    * other: the rest; negative where live memory was never touched and so is not resident.

    A native program has no Python objects, and one that was read from outside is not split: all of
    it is ``other``.
    """
    if reading.live is None:
        return {"other": reading.rss}
    held = reading.python_held + reading.native_held
    slack = min(held, reading.anonymous) - reading.live
    unknown = max(0, reading.anonymous - held)
    python, native = reading.python_live or 0, reading.native_live or 0
    known = python + native + max(slack, 0) + reading.stacks + reading.file_mapped + unknown
    objects: dict[Owner, int] = {} if reading.source == "native" else {"python_objects": python}
    return objects | {
        "native_heap": native,
        "allocator_slack": max(slack, 0),
        "stacks": reading.stacks,
        "mappings": reading.file_mapped + unknown,
        "other": reading.rss - known,
    }


def total_owners(checkpoint: Checkpoint) -> dict[Owner, int]:
    """Sum the owners that are known over all processes of a checkpoint."""
    split = [owners(reading) for reading in checkpoint.processes]
    known = [owner for owner in OWNERS if any(owner in sizes for sizes in split)]
    return {owner: sum(sizes.get(owner, 0) for sizes in split) for owner in known}


def growth_rows(
    first: Sequence[ProcessReading],
    last: Sequence[ProcessReading],
    requests: int,
    *,
    container_bytes_per_request: float = 0.0,
) -> tuple[LedgerRow, ...]:
    """Return the growth per request between two checkpoints of each owner that is known.

    Args:
        first: the processes at the earlier checkpoint.
        last: the same processes at the later one; those that are in one only are left out.
        requests: completed between the two.
        container_bytes_per_request: growth of Python containers above 512 bytes, from a census.
    """
    earlier = {reading.identity: reading for reading in first}
    pairs = [(earlier[r.identity], r) for r in last if r.identity in earlier]
    growth: dict[Owner, float] = {}
    now: dict[Owner, int] = {}
    for before, after in pairs:
        sizes_before, sizes_after = _alike(before, after)
        for owner, size in sizes_after.items():
            growth[owner] = growth.get(owner, 0.0) + size - sizes_before[owner]
            now[owner] = now.get(owner, 0) + size
    divisor = max(requests, 1)
    if "python_objects" in growth:
        large = sum(large_python_growth(before, after) for before, after in pairs)
        native = max(growth["native_heap"], 0.0)
        python_share = min(native, max(large, container_bytes_per_request * divisor))
        growth["python_objects"] += python_share
        growth["native_heap"] -= python_share
    return tuple(
        LedgerRow(owner=owner, bytes_per_request=growth[owner] / divisor, bytes_now=now[owner])
        for owner in OWNERS
        if owner in growth
    )


def _alike(
    before: ProcessReading, after: ProcessReading
) -> tuple[dict[Owner, int], dict[Owner, int]]:
    """Split two readings of a process alike: where one cannot be, neither is."""
    if before.live is None or after.live is None:
        return {"other": before.rss}, {"other": after.rss}
    return owners(before), owners(after)


def large_python_growth(before: ProcessReading, after: ProcessReading) -> float:
    """Return the native growth that belongs to Python blocks above 512 bytes.

    CPython counts these blocks but not their bytes. Where their number grew, and the native growth
    is what so many blocks above 512 bytes could be, it is theirs; otherwise none of it is.
    """
    if before.native_live is None or after.native_live is None:
        return 0.0
    blocks = (after.blocks - after.small_blocks) - (before.blocks - before.small_blocks)
    native = after.native_live - before.native_live
    if blocks < LEAST_LARGE_BLOCKS:
        return 0.0
    mean = native / blocks
    return float(native) if LARGE_BLOCK <= mean <= LARGEST_MEAN_BLOCK else 0.0
