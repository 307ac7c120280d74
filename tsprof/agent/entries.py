"""Look at a container's newest entries: what they are, and what they take."""

from __future__ import annotations

import collections
import gc
import itertools
import types

from . import heap, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_SAMPLED = 50  # entries of a container that are measured, the newest ones
_MEASURED = 200  # objects of one entry that are measured
_SHOWN_VALUE = 80
_OVERSHOOT = 1.1  # a cache may hold a little more than its bound before it hands over
_MADE_BY_CLASS_STATEMENT = 1 << 9  # Py_TPFLAGS_HEAPTYPE: set for some types in C as well
_FUNCTION = types.FunctionType
_LRU_ELEMENT = "functools._lru_list_elem"
_FRAMES = (types.TracebackType, types.FrameType)
_TRACEBACK = vars(BaseException)["__traceback__"]
_DEEP_ENOUGH = 3  # levels of referents: an object, its dict, the values
_SHARED = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType)


def newest(held: Any, base: Any) -> list[tuple[Any, ...]]:
    """Return the newest entries of a container: 1-tuples, or pairs of key and value."""
    try:
        if base is dict:
            return list(itertools.islice(reversed(dict.items(held)), _SAMPLED))
        if base is list:
            return [(item,) for item in list.__getitem__(held, slice(-_SAMPLED, None))]
        if base is collections.deque:
            return [
                (item,) for item in itertools.islice(collections.deque.__reversed__(held), _SAMPLED)
            ]
        if base is set:
            return [(item,) for item in itertools.islice(set.__iter__(held), _SAMPLED)]
    except RuntimeError:
        return []  # another thread changed it
    return []


def newest_in_slots(held: list[Any]) -> list[tuple[Any, ...]]:
    """Return the last elements of a list that are not None."""
    filled = (item for item in list.__reversed__(held) if item is not None)
    return [(item,) for item in itertools.islice(filled, _SAMPLED)]


def newest_of_lru_cache(cache: Any, held: dict[Any, Any]) -> list[tuple[Any, ...]]:
    """Return the newest entries of a functools.lru_cache: key, list element and value.

    Its dict has an element of a linked list for each key, and that does not tell its value to the
    garbage collector; the cache itself does, for all of them in the order of their use.
    """
    newest_in_dict = newest(held, dict)
    if not newest_in_dict or heap.type_name(type(newest_in_dict[0][1])) != _LRU_ELEMENT:
        return newest_in_dict  # without a maxsize there is no linked list
    elements = [element for _, element in newest_in_dict]  # alike, so any may go with any key
    told = gc.get_referents(cache)
    end = next((at for at in range(len(told) - 1, 0, -1) if told[at] is held), 0)
    each = 3  # key, value, and the element's type
    if told[end - 1] is not type(elements[0]):
        end, each = end - 1, 2  # Python 3.9: no type, and the function at the end
    starts = range(end - each, -1, -each)
    return [(told[at], one, told[at + 1]) for at, one in zip(starts, elements)]  # noqa: B905 - 3.9


def estimated_bytes(
    held: Any, newest: list[tuple[Any, ...]], length: int | None, peers: frozenset[int]
) -> int:
    """Estimate what a holder holds: its table, and the newest entries' mean times their number.

    An entry is measured with what it refers to, up to ``_MEASURED`` objects; what several entries
    share counts once among those measured, and no entry counts for another (``peers``: the ids of
    those that refer to each other).
    """
    if length is None:
        return _reachable([held], set())
    if not newest:
        return size(held)
    seen = {id(held), *peers}
    total = 0
    for entry in newest:
        seen.difference_update(peers.intersection(map(id, entry)))
        total += _reachable(list(entry), seen)
    table = 0 if peers else size(held)
    return table + total * length // len(newest)


def _reachable(level: list[Any], seen: set[int]) -> int:
    total, left = 0, _MEASURED
    classes = frozenset(id(item) for item in level if _is_made_class(item))
    while level and left > 0:
        fresh = []
        for item in level[:left]:
            if id(item) not in seen and (id(item) in classes or not _is_shared(item)):
                seen.add(id(item))
                fresh.append(item)
                total += size(item)
        left -= len(fresh)
        level = gc.get_referents(*(item for item in fresh if type(item) is not _FUNCTION))
        closures = [item.__closure__ or () for item in fresh if type(item) is _FUNCTION]
        level += [cell for closure in closures for cell in closure]
    return total


def _is_made_class(item: Any) -> bool:
    """Tell a class that a class statement made: as an entry it is data, some 1,100 B and its dict.

    psycopg 3.1.10 kept a class for each registration of a type, which counted as nothing.
    """
    made: int = vars(type)["__flags__"].__get__(item) if objects.is_a(item, type) else 0
    return bool(made & _MADE_BY_CLASS_STATEMENT)


def _is_shared(item: Any) -> bool:
    """Tell code from data; a function that closes over variables is data."""
    if type(item) is _FUNCTION:
        return not item.__closure__
    return any(objects.is_a(item, kind) for kind in _SHARED)


def size(item: Any) -> int:
    """Return an object's own bytes as the allocator hands them out, without its ``__sizeof__``."""
    kinds: tuple[Any, ...] = type(item).__mro__
    for base in kinds:
        if not base.__flags__ & _MADE_BY_CLASS_STATEMENT:
            own = base.__sizeof__(item) if base is not object else kinds[0].__basicsize__
            return int(own + (16 if gc.is_tracked(item) else 0) + 15) // 16 * 16
    return 0


def handed_over(step: Any, held: Any, bound: int) -> int:
    """Return the entries of the containers to which a bounded one may hand over its own.

    They are beside it, have entries of the same types, and are no longer than it may become: a
    cache of two generations drops the old one and starts a new one when that is full.

    Args:
        step: The last step of the way to the container, an attribute or global name.
        held: The container.
        bound: The entries that it may have.
    """
    own = step.owner if step.kind == "global" else objects.instance_dict(step.owner) or {}
    base = heap.container_base(type(held))
    kinds = set(element_types(newest(held, base)))
    lengths = (
        heap.LENGTHS[base](item)
        for item in list(own.values())
        if item is not held
        and heap.container_base(type(item)) is base
        and kinds & set(element_types(newest(item, base)))
    )
    return sum(length for length in lengths if length <= _OVERSHOOT * bound)


def sample(newest: list[tuple[Any, ...]], *, show: bool) -> str:
    """Return the types of the newest entry, with lengths; values only where ``show`` says so."""
    if not newest:
        return ""
    return " -> ".join(_shown(item, show=show) for item in newest[0])


def keep_frames(newest: list[tuple[Any, ...]]) -> bool:
    """Tell whether the newest entry keeps frames of calls that are over, with their variables."""
    level = list(newest[0]) if newest else []
    for _ in range(_DEEP_ENOUGH):
        if any(_keeps_frames(item) for item in level):
            return True
        level = gc.get_referents(*(item for item in level if not _is_shared(item)))[:_MEASURED]
    return False


def _keeps_frames(item: Any) -> bool:
    if objects.is_a(item, BaseException):
        return _TRACEBACK.__get__(item) is not None
    return any(objects.is_a(item, kind) for kind in _FRAMES)


def _shown(item: Any, *, show: bool) -> str:
    kind = heap.type_name(type(item))
    if show and type(item) in (str, bytes, int, float, bool, type(None)):
        text = repr(item[:_SHOWN_VALUE]) if isinstance(item, (str, bytes)) else repr(item)
        return text[:_SHOWN_VALUE]
    base = heap.container_base(type(item))
    if base is not None:
        return "%s(%d)" % (kind, heap.LENGTHS[base](item))
    if type(item) in (str, bytes, tuple):
        return "%s(%d)" % (kind, len(item))
    return kind


def element_types(newest: list[tuple[Any, ...]]) -> dict[str, int]:
    """Return the most common types of the newest entries, of a dict's values, by number."""
    kinds = collections.Counter(type(entry[-1]) for entry in newest)
    return {heap.type_name(kind): number for kind, number in kinds.most_common(5)}
