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
    """Split one process's resident bytes by owner; the sum is its RSS.

    * python_objects, native_heap: exact live bytes from the allocators. Python blocks above 512
      bytes count as native here, because malloc serves them; ``large_python_growth`` tells how much
      of a growth they are.
    * allocator_slack: what the allocators hold from the kernel beyond that, as far as resident.
    * stacks, mappings: thread stacks; mapped files, and anonymous memory that no known allocator
      holds (mmap, jemalloc).
    * other: the rest; negative where live memory was never touched and so is not resident.

    A process that was read from outside has only ``mappings`` (its anonymous and file-backed
    memory) and ``stacks``.
    """
    if reading.live is None:
        return _all_owners(mappings=reading.anonymous + reading.file_mapped, stacks=reading.stacks)
    held = reading.python_held + reading.native_held
    slack = min(held, reading.anonymous) - reading.live
    unknown = max(0, reading.anonymous - held)
    python, native = reading.python_live or 0, reading.native_live or 0
    known = python + native + max(slack, 0) + reading.stacks + reading.file_mapped + unknown
    return _all_owners(
        python_objects=python,
        native_heap=native,
        allocator_slack=max(slack, 0),
        stacks=reading.stacks,
        mappings=reading.file_mapped + unknown,
        other=reading.rss - known,
    )


def _all_owners(**sizes: int) -> dict[Owner, int]:
    return {owner: sizes.get(owner, 0) for owner in OWNERS}


def total_owners(checkpoint: Checkpoint) -> dict[Owner, int]:
    """Sum the owners over all processes of a checkpoint."""
    split = [owners(reading) for reading in checkpoint.processes]
    return {owner: sum(sizes[owner] for sizes in split) for owner in OWNERS}


def growth_rows(
    first: Sequence[ProcessReading],
    last: Sequence[ProcessReading],
    requests: int,
    *,
    container_bytes_per_request: float = 0.0,
) -> tuple[LedgerRow, ...]:
    """Return each owner's growth per request between two checkpoints.

    Args:
        first: the processes at the earlier checkpoint.
        last: the same processes at the later one; those that are in one only are left out.
        requests: completed between the two.
        container_bytes_per_request: growth of Python containers above 512 bytes, from a census.
    """
    earlier = {reading.identity: reading for reading in first}
    pairs = [(earlier[r.identity], r) for r in last if r.identity in earlier]
    growth = dict.fromkeys(OWNERS, 0.0)
    now = dict.fromkeys(OWNERS, 0)
    large = 0.0
    for before, after in pairs:
        sizes_before, sizes_after = owners(before), owners(after)
        for owner in OWNERS:
            growth[owner] += sizes_after[owner] - sizes_before[owner]
            now[owner] += sizes_after[owner]
        large += large_python_growth(before, after)
    divisor = max(requests, 1)
    native = max(growth["native_heap"], 0.0)
    python_share = min(native, max(large, container_bytes_per_request * divisor))
    growth["python_objects"] += python_share
    growth["native_heap"] -= python_share
    return tuple(
        LedgerRow(owner=owner, bytes_per_request=growth[owner] / divisor, bytes_now=now[owner])
        for owner in OWNERS
    )


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
