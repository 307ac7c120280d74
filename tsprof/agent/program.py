"""What one look at the heap picks out of the program: where ways start, and all its functions."""

from __future__ import annotations

import os
import time
import types

from . import bytecode, heap, links, objects

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_SEARCHED = 200_000  # instances of a type among which those are looked for that lead the others
_COMMON = 8  # functions that mention a name, beyond which it tells nothing of who calls it
_HOLD_NOTHING = frozenset({"builtin_function_or_method", "weakref.ReferenceType"})


class Program:
    """What one look at the heap picks out of it: where walks start, and all functions."""

    def __init__(self, arguments: dict[str, Any], until: float) -> None:
        """Look once.

        Args:
            arguments: those of ``holders.find``.
            until: the value of ``time.perf_counter`` at which to end with what is found.
        """
        wanted = {entry["id"]: entry["type"] for entry in arguments.get("containers", ())}
        wanted.update(dict.fromkeys(arguments.get("ids", ()), ""))
        self._grown = frozenset(wanted)
        self.slots: dict[int, int] = {
            entry["id"]: entry["slots"]
            for entry in arguments.get("containers", ())
            if "slots" in entry
        }
        """Elements of the lists that fill slots which they have had from the start, by id."""
        items = heap.objects()
        found = {id(item): item for item in items if id(item) in wanted}
        if len(found) < len(wanted):  # dicts of plain values are not tracked
            for part in heap.parts(items):
                for item in heap.referents(*part):
                    if id(item) in wanted:
                        found[id(item)] = item
                if len(found) == len(wanted) or time.perf_counter() > until:
                    break
        self.starts = objects.OwnList(
            found[identity]
            for identity, kind in wanted.items()
            if identity in found and kind in ("", heap.type_name(type(found[identity])))
        )
        functions = [item for item in items if type(item) is types.FunctionType]
        self.routines = objects.OwnList(objects.routine(function) for function in functions)
        self.linked: dict[type, links.Linked] = objects.OwnDict()
        self._add_instances(arguments, items, until)
        self._index = objects.OwnDict()

    def _add_instances(self, arguments: dict[str, Any], items: list[Any], until: float) -> None:
        """Start from instances of the growing types, too."""
        given = arguments.get("types", ())
        gains = given if isinstance(given, dict) else dict.fromkeys(given, 0)
        names = set(gains) - _HOLD_NOTHING
        joining = names.union(arguments.get("between", ()))
        every = set(map(type, items))
        kinds = {kind for kind in every if heap.type_name(kind) in names}
        growing = {kind for kind in every if heap.type_name(kind) in joining}
        by_kind: dict[type, list[Any]] = {kind: [] for kind in sorted(kinds, key=_is_in_c)}
        for item in [item for item in items if type(item) in kinds]:
            by_kind[type(item)].append(item)
        for kind, alike in by_kind.items():
            if time.perf_counter() > until:
                break
            if any(kind in structure.between for structure in self.linked.values()):
                continue
            instances = alike[-_SEARCHED:]
            gain = gains[heap.type_name(kind)] or len(instances) // 3 + 1
            ends, structure = links.foremost(instances, items, growing)
            if structure is not None:
                self.linked[kind] = structure
            ends = ends[-gain:]
            wanted_ends = min(arguments.get("instances", 3), len(ends))
            first = 0 if structure is not None else len(self.starts)  # many others lead to it
            self.starts[first:first] = [
                ends[at * len(ends) // wanted_ends] for at in range(wanted_ends)
            ]

    def index(self) -> dict[str, list[objects.Routine]]:
        """Return, by name, the functions that mention it."""
        if not self._index:
            for routine in self.routines:
                for name in objects.names_in(routine.code):
                    self._index.setdefault(name, objects.OwnList()).append(routine)
        return self._index

    def callers(self, function: str, file: str) -> list[dict[str, Any]]:
        """Return where a function or class is mentioned: one of a common name, nearby only.

        Args:
            function: Qualified name; of a class that of its ``__init__``.
            file: Where it is defined.
        """
        owner, _, name = function.rpartition(".")
        wanted = owner.rpartition(".")[2] if name == "__init__" else name
        mentions = self.index().get(wanted, [])
        if len(mentions) > _COMMON:
            home = os.path.dirname(file)
            mentions = [r for r in mentions if os.path.dirname(r.code.co_filename) == home]
        return [
            {"function": routine.name, "file": routine.code.co_filename, "line": line}
            for routine in (mentions if len(mentions) <= _COMMON else ())
            for line in bytecode.lines_mentioning(routine.code, wanted)
        ]

    def _is_linked(self, items: list[Any]) -> bool:
        return any(type(item) in self.linked for item in items)

    def cut(self, chain: list[Any], long: int) -> list[Any]:
        """End a chain at what grows: the lowest long container, the first node of a list."""
        for at in range(len(chain) - 1, -1, -1):
            base = heap.container_base(type(chain[at]))
            if base is not None and heap.LENGTHS[base](chain[at]) >= long:
                if base is dict and _has_names(chain, at):
                    continue  # many attributes are not many entries
                if id(chain[at]) not in self._grown and self._is_linked(chain[at + 1 :]):
                    continue  # it has the ends of what grows, such as a cache that is full
                return objects.OwnList(chain[: at + 1])
        for at, item in enumerate(chain):
            if self._is_linked([item]):
                return objects.OwnList(chain[: at + 1])
        return chain


def _is_in_c(kind: type) -> bool:
    """Tell a type that the program's own code does not define, and which tells less of it."""
    return not objects.module_file(vars(type)["__module__"].__get__(kind)).endswith(".py")


def _has_names(chain: list[Any], at: int) -> bool:
    """Tell the dict of an instance, and one where a way starts, from those that collect."""
    return at == 0 or objects.instance_dict(chain[at - 1]) is chain[at]
