"""Find the objects that keep the numbers of open descriptors, whatever opened these.

Python is not told of what C code opens. But most of it is wrapped in objects of Python, which keep
the number in an attribute. A class is believed to do so when it gained an instance for each of
several new descriptors, and the numbers in the attribute are of open ones, each once. Any less, and
members of enumerations and levels of loggers pass for descriptors.
"""

from __future__ import annotations

import collections
import gc

from . import bytecode, heap, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from typing import Any

_LEAST = 2  # new descriptors that instances of one class must keep
_LEAST_SHARE = 0.3  # part of the new descriptors, likewise
_MOST = 0.9  # part of the numbers in the attribute that must be of open descriptors
_SEARCHED = 500_000  # objects among which those that keep numbers are looked for, the newest
_MADE_BY_CLASS_STATEMENT = 1 << 9  # Py_TPFLAGS_HEAPTYPE: set for some types in C as well
_ASKED = 20_000  # instances of a class whose attribute is read


def instances() -> dict[int, int]:
    """Return the number of instances by class made by a statement, its id."""
    kinds = collections.Counter(map(type, heap.objects()))
    return {id(k): n for k, n in kinds.items() if k.__flags__ & _MADE_BY_CLASS_STATEMENT}


def keepers(
    new: Iterable[int], opened: AbstractSet[int], before: Mapping[int, int]
) -> dict[int, tuple[Any, str]]:
    """Find who keeps the numbers of new descriptors.

    Args:
        new: descriptors that nobody is known to own.
        opened: all that are open.
        before: the ``instances`` from before they were opened.

    Returns:
        By number, the object that keeps it, and the name of the attribute.
    """
    wanted = frozenset(new)
    items = heap.objects()
    holding: dict[type, dict[int, Any]] = {}
    searched: dict[type, bool] = {}
    for item in items[-_SEARCHED:]:
        kind = type(item)
        if kind not in searched:
            made = bool(kind.__flags__ & _MADE_BY_CLASS_STATEMENT)
            searched[kind] = made and not objects.is_agents(item)
        if searched[kind]:
            for number in _numbers(item, wanted):
                holding.setdefault(kind, {})[number] = item
    least = max(_LEAST, _LEAST_SHARE * len(wanted))
    found: dict[int, tuple[Any, str]] = {}
    for kind, kept in sorted(holding.items(), key=lambda one: len(one[1])):
        if len(kept) < least:
            continue
        alike = [item for item in items if type(item) is kind]
        name = _attribute(kept, wanted)
        gained = len(alike) - before.get(id(kind), 0)
        if name is not None and gained >= len(kept) and _are_descriptors(alike, name, opened):
            found.update((number, (item, name)) for number, item in kept.items())
    return found


def _numbers(item: Any, wanted: AbstractSet[int]) -> list[int]:
    """Return the wanted numbers among an instance's attributes."""
    referents = gc.get_referents(item)
    found = [value for value in referents if type(value) is int and value in wanted]
    for own in [value for value in referents if type(value) is dict]:
        inside = [value for value in own.values() if type(value) is int and value in wanted]
        # Only then, since to ask for an instance's dict makes it one.
        if inside and own is objects.instance_dict(item):
            found += inside
    return found


def _attribute(kept: dict[int, Any], wanted: AbstractSet[int]) -> str | None:
    """Return the name under which most of the objects keep their numbers."""
    names: collections.Counter[str] = collections.Counter()
    for item in kept.values():
        names.update(
            name
            for value in _numbers(item, wanted)
            if (name := objects.attribute_name(item, value)) is not None
        )
    return names.most_common(1)[0][0] if names else None


def _are_descriptors(alike: list[Any], name: str, opened: AbstractSet[int]) -> bool:
    """Tell an attribute for descriptors from one that counts, say."""
    values = [objects.static_attribute(item, name) for item in alike[-_ASKED:]]
    numbers = [value for value in values if type(value) is int and value >= 0]
    return len(opened & set(numbers)) >= _MOST * len(numbers) > 0


def where_stored(kind: type, name: str) -> list[list[Any]]:
    """Return function, file and line where a class stores an attribute, as a stack; or nothing."""
    for routine in objects.routines_of_class(kind):
        for line in bytecode.lines_mentioning(routine.code, name, "STORE_ATTR"):
            return [[routine.name, routine.code.co_filename, line]]
    return []
