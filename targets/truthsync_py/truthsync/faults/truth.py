"""The bytes that planted faults hold, computed and not measured.

Every object counts as the block that CPython's allocator hands out for it: up to 512 bytes
pymalloc rounds to 16; beyond that glibc's malloc adds 8 bytes and rounds to 16. Containers count
with the ``sys.getsizeof`` that they have after that many single insertions. Object sizes come
from samples built by the faults' own code, so that they hold for the running Python; they assume
a 64-bit CPython without debug hooks.

Against pymalloc's and glibc's own counters the figures for 4,000 events were right within 2.5
bytes per event, on CPython 3.11 to 3.14. ``thread`` and ``task`` rest on constants that
were measured (see there). ``lru`` and ``ttl`` are right while they fill; a table that also
deletes may be twice as large as the one counted here.
"""

import sys
from collections.abc import Callable, Mapping

from truthsync.faults.claim_tree import ClaimTrees, parse_tree
from truthsync.faults.failed_checks import check_figures
from truthsync.faults.listeners import listener_for
from truthsync.faults.report_job import ROW_BYTES
from truthsync.faults.request_index import request_id
from truthsync.faults.session_cache import SESSION_BYTES
from truthsync.faults.summary_cache import SUMMARY_BYTES

_PYMALLOC_MOST = 512
_SAMPLE_NUMBER = 1_000_000
"""A request number as large as those of a long run: small integers are shared by CPython."""

THREAD_BYTES = 5_120 if sys.version_info >= (3, 14) else 4_250
"""Heap of a waiting ``threading.Thread``: 2,100 bytes of Python objects, the rest glibc's.

Measured over 200 threads on CPython 3.14 and 3.11 (3.12: 4,140; 3.13: 4,170). The stack is not
heap and not in here: 8 MiB reserved, some 20 kB of it touched.
"""

TASK_BYTES = 864
"""Task, coroutine, future, context and the loop's weak reference, without the sets they are in.

Measured on CPython 3.11 over 4,000 tasks (3.12: 832; 3.13 and 3.14: 816).
"""

_SETS_OF_TASKS = 1 if sys.version_info >= (3, 14) else 2
"""The fault's own, and asyncio's of all tasks, which is a linked list through them since 3.14."""

_LRU_LINK_BYTES = 64
"""A link of ``functools.lru_cache``: 56 bytes in C, invisible to ``sys.getsizeof``."""

_ORDERED_NODE_BYTES = 32
"""A node of ``OrderedDict``: three pointers and a hash."""

_BUILT_IN_SLOTS = 8
"""Slots that are part of the set object itself."""

_FAST_GROWTH_MOST = 50_000
"""Members up to which a set grows fourfold."""


def true_bytes(name: str, size: int, planted: int) -> int:
    """Return the live bytes of a fault, its container included.

    Args:
        name: A fault's name, as in ``TRUTHSYNC_FAULTS``.
        size: Payload of one event in bytes; without meaning for ``fd``, ``thread``, ``task``,
            ``latency``, ``reserve``, ``lru`` and ``ttl`` (their entries have a fixed size) and
            for ``job``.
        planted: Events whose resource is held. For ``lru`` and ``ttl`` the entries in the cache,
            for ``job`` the rows of the report in memory.

    Returns:
        Bytes of heap. 0 for ``fd`` (the kernel's memory), ``latency`` and ``reserve`` (none).

    Raises:
        ValueError: The name is unknown, or its bytes cannot be known beforehand (``lazy``).
    """
    if name not in _ENTRY:
        raise ValueError(f"the bytes of {name!r} cannot be computed; known are {', '.join(_ENTRY)}")
    return _ENTRY[name](size) * planted + _CONTAINER.get(name, _no_container)(planted)


def heap_block(size: int) -> int:
    """Return the bytes that an object of ``size`` bytes takes on CPython's heap."""
    return _round_up(size) if size <= _PYMALLOC_MOST else malloc_block(size)


def malloc_block(size: int) -> int:
    """Return the bytes of glibc's chunk for ``malloc(size)``, below the mmap threshold."""
    return max(32, _round_up(size + 8))


def _round_up(size: int) -> int:
    return -(-size // 16) * 16


def _blocks(*objects: object) -> int:
    return sum(heap_block(sys.getsizeof(item)) for item in objects)


def _payload(size: int) -> int:
    return heap_block(sys.getsizeof(b"") + size)


def _listener(size: int) -> int:
    listener = listener_for(_SAMPLE_NUMBER.to_bytes(16, "big"))
    closure = getattr(listener, "__closure__", ())
    return _blocks(listener, closure, *closure) + _payload(size)


def _failure(size: int) -> int:
    try:
        check_figures(_SAMPLE_NUMBER, size)
    except ValueError as error:
        caught = error.__traceback__
        raised = caught.tb_next if caught else None
        if caught is None or raised is None:
            raise
        # The frame that caught is the task's own, which is there without any failure.
        kept = (error, error.args, *error.args, caught, raised, raised.tb_frame, _SAMPLE_NUMBER)
        return _blocks(*kept) + _payload(size)
    raise AssertionError("check_figures always raises")


def _tree(size: int) -> int:
    root = parse_tree(_SAMPLE_NUMBER, size, ClaimTrees(size))
    blocks = _blocks(root, root.child) + _payload(size)
    root.child = None  # without the cycle the sample is freed at once
    return blocks


def _session(_: int) -> int:
    key, value = request_id(_SAMPLE_NUMBER), (1.5, b"")
    return _blocks(key, value, value[0]) + _payload(SESSION_BYTES) + _ORDERED_NODE_BYTES


_ENTRY: Mapping[str, Callable[[int], int]] = {
    "list": _payload,
    "callbacks": _listener,
    "dict": lambda size: _blocks(request_id(_SAMPLE_NUMBER)) + _payload(size),
    "tracebacks": _failure,
    "cycle": _tree,
    "native": malloc_block,
    "fd": lambda _: 0,
    "thread": lambda _: THREAD_BYTES,
    "task": lambda _: TASK_BYTES,
    "latency": lambda _: 0,
    "reserve": lambda _: 0,
    "lru": lambda _: (
        _blocks(request_id(_SAMPLE_NUMBER)) + _payload(SUMMARY_BYTES) + _LRU_LINK_BYTES
    ),
    "job": lambda _: _payload(ROW_BYTES),
    "ttl": _session,
}


def list_bytes(entries: int) -> int:
    """Return ``sys.getsizeof`` of a list after that many appends.

    Source: ``list_resize`` in CPython's Objects/listobject.c, unchanged since 3.9.
    """
    room = 0
    while room < entries:
        needed = room + 1
        room = (needed + (needed >> 3) + 6) & ~3
    return sys.getsizeof([]) + 8 * room


def dict_bytes(entries: int) -> int:
    """Return ``sys.getsizeof`` of a dict after that many new string keys.

    Source: ``insertion_resize`` and ``new_keys_object`` in CPython's Objects/dictobject.c (3.11
    to 3.14): a full table is replaced by the power of two that holds three times its entries.
    """
    if entries == 0:
        return sys.getsizeof({})
    slots = _dict_slots(entries)
    small, larger = dict.fromkeys("abcde"), dict.fromkeys("abcdef")  # 8 and 16 slots
    entry_bytes = (sys.getsizeof(larger) - sys.getsizeof(small) - 8) // 5
    header_bytes = sys.getsizeof(small) - 8 - 5 * entry_bytes
    return header_bytes + slots * _index_bytes(slots) + slots * 2 // 3 * entry_bytes


def _dict_slots(entries: int) -> int:
    slots = 8
    while slots * 2 // 3 < entries:
        slots = 1 << (slots * 2 // 3 * 3 - 1).bit_length()
    return slots


def _index_bytes(slots: int) -> int:
    for width in (1, 2, 4):
        if slots <= 1 << (8 * width - 1):
            return width
    return 8


def _ordered_dict_bytes(entries: int) -> int:
    fast_nodes = 8 * _dict_slots(entries)
    return dict_bytes(entries) + fast_nodes


def set_bytes(entries: int) -> int:
    """Return ``sys.getsizeof`` of a set after that many new members.

    Source: ``set_add_entry`` in CPython's Objects/setobject.c: a table that is 3/5 full grows
    fourfold, beyond 50,000 members twofold.
    """
    slots = 8
    while entries >= (full := -(-(slots - 1) * 3 // 5)):
        slots = 1 << (full * (2 if full > _FAST_GROWTH_MOST else 4)).bit_length()
    return sys.getsizeof(set()) + (16 * slots if slots > _BUILT_IN_SLOTS else 0)


def _no_container(_: int) -> int:
    return 0


_CONTAINER: Mapping[str, Callable[[int], int]] = {
    "list": list_bytes,
    "callbacks": list_bytes,
    "dict": dict_bytes,
    "tracebacks": list_bytes,
    "task": lambda entries: _SETS_OF_TASKS * set_bytes(entries),
    "lru": dict_bytes,
    "ttl": _ordered_dict_bytes,
    "job": list_bytes,
}
