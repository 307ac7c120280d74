"""What a function does to one container: the meaning of the symbols that ``bytecode`` moves."""

from __future__ import annotations

import collections
import contextlib

from . import words
from .bytecode import Machine

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    import types
    from collections.abc import Iterator
    from typing import Any

    from .bytecode import Decoded

_TRUE_WHEN_LARGE = {">": True, ">=": True, "==": True, "!=": True, "<": False, "<=": False}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_SELF = ("self",)
_STRANGER = ("self of another class",)
_LENGTH = ("length",)
_TIME = ("time",)
_EXPIRED = ("expired",)
_NOTHING = ("built", ())

Effect = collections.namedtuple("Effect", "kind at line keyed limit all")  # noqa: PYI024 - no typing
"""``kind``: ``insert``, ``remove``, ``iterate`` or ``call:NAME``. ``at``: offset, -1 in a function
within. ``keyed``: what is removed is a parameter. ``limit``: a pair of unit and symbol like a
region's, where the removal by itself implies one (trimming, or a timer). ``all``: nothing is left.
"""
Region = collections.namedtuple("Region", "start end large limit")  # noqa: PYI024 - no typing
"""Offsets that run only under a condition. ``limit`` is a pair of unit and symbol: while the
``length`` of the container, or a ``counter``, is large (or, if false, small) beside the symbol;
``length of another`` has a pair of that other's symbol and the limit's; ``time`` stands for either
side of a comparison of times."""
Pattern = collections.namedtuple("Pattern", "start steps")  # noqa: PYI024 - no typing
"""How functions name the container: ``start`` is ``("self",)``, ``("global", name)`` or
``("closure", name)``; each step is an attribute's name, or None for an element."""


class Reader:
    """Reads what one function does to the container."""

    def __init__(
        self,
        pattern: Pattern,
        *,
        method: bool,
        foreign: bool,
        summaries: dict[str, Any],
        decoded: Decoded,
    ) -> None:
        """Prepare to read.

        Args:
            pattern: How the container is named.
            method: Whether the function's first parameter is the container's owner.
            foreign: Whether other objects than ``self`` may be the owner.
            summaries: What calls of the owner's methods, or of the module's functions, return;
                under ``counters of self`` the attributes that count, under ``methods of self``
                the names of the owner's methods.
            decoded: See ``bytecode.Machine``.
        """
        self._pattern = pattern
        self._method = method
        self._foreign = foreign
        self._summaries = summaries
        self._decoded = decoded
        self.effects: list[Effect] = []
        self.regions: list[Region] = []
        self.results: list[Any] = []
        self.counters: set[str] = set()
        self.compares_time = False
        self.at = 0
        self.line = 0
        self.last_iterated: Any = None
        self._function = ""

    def read(self, code: types.CodeType) -> Reader:
        """Go through a function; what it does stands in the attributes afterwards."""
        self._function = code.co_name
        count = code.co_argcount + code.co_kwonlyargcount
        names: dict[str, Any] = {name: ("param", name) for name in code.co_varnames[:count]}
        if code.co_argcount and (self._method or code.co_varnames[0] in ("self", "cls")):
            names[code.co_varnames[0]] = _SELF if self._method else _STRANGER
        Machine(self, names, self._decoded).run(code)
        return self

    @contextlib.contextmanager
    def inside_another_function(self) -> Iterator[None]:
        """Keep what a lambda or local function does, but not its offsets and its results."""
        effects, regions, results = self.effects, self.regions, self.results
        self.effects, self.regions, self.results = [], [], []
        yield
        effects += [effect._replace(at=-1) for effect in self.effects]
        self.effects, self.regions, self.results = effects, regions, results

    # -- what the machine asks -------------------------------------------------------------

    def local(self, name: str, symbol: Any) -> Any:
        """Return the symbol of a local variable."""
        if symbol is None and self._pattern.start == ("closure", name):
            return ("path", 0)
        if (symbol is None or _is(symbol, "param")) and words.TIMELY.search(name.lower()):
            return _TIME
        return symbol

    def stored_local(self, name: str, value: Any) -> Any:
        """Return the symbol that a local variable has after an assignment."""
        if self._pattern.start == ("closure", name):
            self._replace(("path", 0), value)
            return None
        return value

    def name(self, name: str) -> Any:
        """Return the symbol of a global."""
        return ("path", 0) if self._pattern.start == ("global", name) else ("global", name)

    def attribute(self, base: Any, name: str) -> Any:
        """Return the symbol of an attribute."""
        steps = self._pattern.steps
        if base == _SELF and self._pattern.start == _SELF:
            if steps[:1] == (name,):
                return ("path", 1)
            if name in self._summaries:
                return self._summaries[name]
        elif _is(base, "path") and base[1] < len(steps):
            if steps[base[1]] == name:
                return ("path", base[1] + 1)
        elif self._foreign and base not in (_SELF, _STRANGER):
            if self._pattern.start == _SELF and steps[:1] == (name,):
                return ("path", 1)
            if self._pattern.start == ("global", name):
                return ("path", 0)
        is_method = base == _SELF and name in self._summaries.get("methods of self", ())
        timely = words.TIMELY.search(name.lower()) and not is_method
        return _TIME if timely else ("attribute", base, name)

    def subscript(self, base: Any, key: Any) -> Any:
        """Return the symbol of an element or of a part."""
        if _is(key, "slice"):
            return ("part", base, key) if self._is_container(base) else None
        if _is(base, "path") and self._pattern.steps[base[1] : base[1] + 1] == (None,):
            return ("path", base[1] + 1)
        timely = _is(key, "constant") and words.TIMELY.search(str(key[1]).lower())
        return _TIME if timely or base == _TIME else None

    def element(self, iterated: Any) -> Any:
        """Return what iteration yields: of the dict around the container, the container."""
        if _is(iterated, "view"):
            depth, which = iterated[1], iterated[2]
            if self._pattern.steps[depth : depth + 1] == (None,) and which in ("values", "items"):
                return (("path" if which == "values" else "pair"), depth + 1)
        return None

    def unpacked(self, symbol: Any, count: int) -> list[Any]:
        """Return the parts of a symbol that is unpacked."""
        if _is(symbol, "built") and len(symbol[1]) == count:
            return list(symbol[1])
        if _is(symbol, "pair") and count == len(("key", "value")):
            return [None, ("path", symbol[1])]
        return [_TIME if symbol == _TIME else None] * count

    def arithmetic(self, operator: str, left: Any, right: Any) -> Any:
        """Return the symbol of a calculation."""
        if _TIME in (left, right):
            return _TIME
        return None if left is None and right is None else ("arithmetic", operator, left, right)

    def compare(self, operator: str, left: Any, right: Any) -> Any:
        """Return the symbol of a comparison, and note one of times."""
        operator = operator.replace("bool(", "").rstrip(")")
        if operator not in _TRUE_WHEN_LARGE:
            return None
        if _TIME in (left, right):
            zero = ("constant", 0) in (left, right)  # as in: if ttl > 0
            return None if zero else ("compared", True, ("time", None))
        if self._measures(right) and not self._measures(left):
            left, right, operator = right, left, _MIRRORED[operator]
        if not self._measures(left):
            return None
        limit = right
        if left[0] == "arithmetic" and left[1] == "-" and left[2] == _LENGTH:
            limit = left[3]  # the excess, len(container) - limit, is compared with 0
        unit = "length" if _mentions(left, _LENGTH) else "counter"
        if _is(left, "length of"):
            unit, limit = "length of another", (left[1], limit)
        return ("compared", _TRUE_WHEN_LARGE[operator], (unit, limit))

    def negated(self, symbol: Any) -> Any:
        """Return the symbol of ``not symbol``."""
        return ("compared", not symbol[1], symbol[2]) if _is(symbol, "compared") else None

    def branch(self, condition: Any, start: int, end: int, *, truth: bool) -> None:
        """Note offsets that run only where a condition is true, or false."""
        if condition == _EXPIRED:
            condition = ("compared", True, ("time", None))
        if _is(condition, "compared"):
            self.compares_time |= condition[2][0] == "time"
            self.regions.append(Region(start, end, condition[1] == truth, condition[2]))

    def returned(self, symbol: Any) -> None:
        """Note what the function returns."""
        self.results.append(symbol)

    def call(self, function: Any, arguments: list[Any]) -> Any:
        """Return the symbol of a call, and note what it does to the container."""
        if _is(function, "method") or _is(function, "attribute"):
            if function[2] in words.TIMERS:
                self._note_timer(arguments)
            return self._call_method(function[1], function[2], arguments)
        if _is(function, "global"):
            return self._call_function(function[1], arguments)
        return _TIME if function == _TIME else None

    def iterate(self, symbol: Any) -> None:
        """Note a loop over the container."""
        self.last_iterated = symbol
        if self._is_container(symbol) or self._is_view(symbol):
            self._note("iterate")
        if _is(symbol, "range") and _mentions(symbol[1], _LENGTH):
            limit = symbol[1][3] if _is(symbol[1], "arithmetic") else None
            self.regions.append(Region(self.at, 1 << 30, True, ("length", limit)))

    def store_item(self, base: Any, key: Any, value: Any) -> None:
        """Note an assignment to an element or to a part."""
        if self._is_container(base):
            emptied = _is(key, "slice") and (value == _NOTHING or _is(value, "part"))
            self._note("remove" if emptied else "insert")

    def delete_item(self, base: Any, key: Any) -> None:
        """Note ``del base[key]``."""
        if self._is_container(base):
            limit = _kept(key) if _is(key, "slice") else None
            self._note("remove", keyed=_is(key, "param"), limit=limit)

    def store_attribute(self, base: Any, name: str, value: Any) -> None:
        """Note an assignment to an attribute."""
        if base == _SELF and _mentions(value, ("attribute", _SELF, name)):
            self.counters.add(name)
        self._replace(self.attribute(base, name), value)

    def store_name(self, name: str, value: Any) -> None:
        """Note an assignment to a global."""
        self._replace(self.name(name), value)

    # -- what the container means ----------------------------------------------------------

    def _is_container(self, symbol: Any) -> bool:
        if symbol == _SELF:
            return self._pattern == (_SELF, ())
        return bool(symbol == ("path", len(self._pattern.steps)))

    def _is_view(self, symbol: Any) -> bool:
        return _is(symbol, "view") and symbol[1] == len(self._pattern.steps)

    def _note_timer(self, arguments: list[Any]) -> None:
        """Note a removal that is handed to a timer: ``call_later(30, cache.pop, key)``."""
        for argument in arguments:
            if _is(argument, "attribute"):
                if self._is_container(argument[1]) and argument[2] in words.REMOVING:
                    self._note("remove", limit=("time", None))
                elif argument[1] == _SELF:
                    self._note("call:" + argument[2], limit=("time", None))

    def _note(
        self, kind: str, *, keyed: bool = False, limit: Any = None, everything: bool = False
    ) -> None:
        self.effects.append(Effect(kind, self.at, self.line, keyed, limit, everything))

    def _replace(self, here: Any, value: Any) -> None:
        """Note that the container's name gets another value: none, a part, or more."""
        if not self._is_container(here) or self._function == "__init__":
            return
        iterated = any(effect.kind == "iterate" for effect in self.effects)
        if value == _NOTHING or (value is None and iterated):
            self._note("remove")  # by nothing, or by what was picked out of the old one
        elif _is(value, "part"):
            self._note("remove", limit=_kept(value[2]))
        elif _mentions(value, here):
            self._note("insert")

    def _measures(self, symbol: Any) -> bool:
        """Tell whether a symbol goes up and down with the container's size."""
        if _is(symbol, "arithmetic"):
            return self._measures(symbol[2]) or self._measures(symbol[3])
        counted = _is(symbol, "attribute") and symbol[1] == _SELF
        counters = self._summaries.get("counters of self", ())
        return bool(
            symbol == _LENGTH or _is(symbol, "length of") or (counted and symbol[2] in counters)
        )

    def _call_function(self, name: str, arguments: list[Any]) -> Any:
        """Return the symbol of a call of a global function."""
        first = arguments[0] if arguments else None
        seen = self._is_container(first) or self._is_view(first)
        if name in words.CLOCKS:
            return _TIME
        if name in ("range", "islice", "super"):
            return (name.replace("islice", "range"), first)
        if name in words.FRESH and first is None:
            return _NOTHING
        result = self._call_builtin(name, arguments, first, seen=seen)
        if result is None:
            effect = words.FUNCTIONS.get(name) if seen else None
            self._note(effect or "call:" + name)
            result = None if effect else self._summaries.get(name)
        return result

    def _call_builtin(self, name: str, arguments: list[Any], first: Any, *, seen: bool) -> Any:
        if name == "len":
            inherited = self._summaries.get("__len__") if first == _SELF else ("length of", first)
            return _LENGTH if seen else inherited
        if name in words.COPIES and _is(first, "view"):
            return first
        if name in words.COPIES and (_is(first, "path") or seen):
            return ("view", first[1] if _is(first, "path") else 0, "")
        if name in ("max", "min") and not seen:
            return next((symbol for symbol in arguments if self._measures(symbol)), None)
        return None

    def _call_method(self, base: Any, name: str, arguments: list[Any]) -> Any:
        steps = self._pattern.steps
        if _is(base, "super") and not steps:
            base = _SELF
        if _is(base, "global"):
            changes = name in words.REMOVING | words.INSERTING
            if not (changes and arguments and self._is_container(arguments[0])):
                return self._call_function(name, arguments)
            base, arguments = arguments[0], arguments[1:]  # such as dict.pop(self, key)
        if self._is_container(base):
            return self._call_container(name, arguments)
        if _is(base, "path"):
            if name in words.VIEWS:
                return ("view", base[1], name)
            element = steps[base[1]] is None and name in ("get", "setdefault", "pop")
            return ("path", base[1] + 1) if element else None
        result = _TIME if name in words.CLOCKS or base == _TIME else None
        if base == _SELF:
            self._note_call(name, arguments)
            result = self._summaries.get(name)
        return result or (_EXPIRED if words.TIMELY.search(name.lower()) else None)

    def _call_container(self, name: str, arguments: list[Any]) -> Any:
        key = arguments[0] if arguments else None
        if name in words.REMOVING:
            by_key = name in words.KEYED and _is(key, "param")
            self._note("remove", keyed=by_key, everything=name == "clear")
        elif name in words.INSERTING:
            self._note("insert")
        elif name in words.VIEWS:
            return ("view", len(self._pattern.steps), name)
        elif name == "__len__":
            return _LENGTH
        elif self._pattern == (_SELF, ()):
            self._note_call(name, arguments)
            return self._summaries.get(name)
        return None

    def _note_call(self, name: str, arguments: list[Any]) -> None:
        self._note("call:" + name, keyed=any(_is(argument, "param") for argument in arguments))


def _is(symbol: Any, kind: str) -> bool:
    return isinstance(symbol, tuple) and len(symbol) > 0 and symbol[0] == kind


def _mentions(symbol: Any, part: Any) -> bool:
    if symbol == part:
        return True
    return isinstance(symbol, tuple) and any(_mentions(inner, part) for inner in symbol)


def _kept(key: Any) -> Any:
    """Return how many entries a slice keeps: ``del c[:-n]``, ``c = c[-n:]``, ``c[:len(c) - n]``."""
    for end in key[1:]:
        if _is(end, "constant") and isinstance(end[1], int) and end[1]:
            return ("length", ("constant", abs(end[1])))
        if _is(end, "negative"):
            return ("length", end[1])
        if _is(end, "arithmetic") and end[1] == "-" and end[2] == _LENGTH:
            return ("length", end[3])
    return None
