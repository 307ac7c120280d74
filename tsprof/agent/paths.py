"""Say in words by which way a root holds an object."""

from __future__ import annotations

import collections
import types

from . import heap, objects
from .roots import LRU_CACHE, SUSPENDED

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_SHOWN_KEY = 40
_LONGEST = 200

Step = collections.namedtuple("Step", "kind owner name")  # noqa: PYI024 - no typing
"""One step down from a root. ``kind`` and ``owner``: ``global`` (a namespace), ``class`` (a type),
``closure`` and ``default`` (a function), ``local`` (a frame or suspended coroutine), ``attribute``
(an instance), ``element`` (a container), ``inside`` (an object that does not tell)."""


def steps(chain: list[Any]) -> list[Step]:
    """Return the named steps of a chain of objects from a root down.

    What only joins objects is left out: instance and class dicts, cells, closure tuples, bound
    methods. A closure or default argument is where the way starts, if it has one: the function's
    own name says more than the way to the function.
    """
    found: list[Step] = []
    at = 0
    while at < len(chain) - 1:
        step, used = _step(chain[at : at + 4])
        at += used
        if step is not None:
            if step.kind in ("closure", "default"):
                found = []
            if found and _is_starlette_state(found[-1]) and step.kind == "element":
                step = Step("attribute", found.pop().owner, step.name)
            found.append(step)
    return found


def _is_starlette_state(step: Step) -> bool:
    """Tell whether a step is ``State._state``, a dict that the class shows as its attributes."""
    names = (step.name, heap.type_name(type(step.owner)))
    return names == ("_state", "starlette.datastructures.State")


def _step(part: list[Any]) -> tuple[Step | None, int]:
    """Return the first step of a part of a chain, and how many objects it goes down."""
    item, below = part[0], part[1]
    under = part[2] if len(part) > 2 else None  # noqa: PLR2004 - the one below the one below
    kind = type(item)
    if kind is types.FunctionType:
        return _step_of_function(part)
    # Up to Python 3.10 the variables of what is suspended are its frame's.
    joins = kind in SUSPENDED and type(below) is types.FrameType
    if joins or kind in (types.CellType, types.MethodType, LRU_CACHE):
        return None, 1
    if kind is types.FrameType or kind in SUSPENDED:
        in_cell = type(below) is types.CellType and under is not None
        return Step("local", item, _local_name(item, under if in_cell else below)), 1 + in_cell
    if issubclass(kind, type):
        if type(below) is dict and under is not None:
            return Step("class", item, objects.key_of(below, under)), 2
        return Step("class", item, objects.MISSING), 1
    return _step_of_instance(item, below, under)


def _step_of_instance(item: Any, below: Any, under: Any) -> tuple[Step, int]:
    own = objects.instance_dict(item)
    if own is not None and own is below:
        name = "__dict__" if under is None else objects.key_of(own, under)
        return Step("attribute", item, name), 1 if under is None else 2
    if objects.is_a(item, dict):
        kind = "global" if objects.is_namespace(item) else "element"
        return Step(kind, item, objects.key_of(item, below)), 1
    if heap.container_base(type(item)) is not None or objects.is_a(item, tuple):
        return Step("element", item, objects.MISSING), 1
    name = objects.attribute_name(item, below)
    return Step("inside" if name is None else "attribute", item, name), 1


def _step_of_function(part: list[Any]) -> tuple[Step | None, int]:
    function, below = part[0], part[1]
    if below is function.__closure__ and len(part) > 3:  # noqa: PLR2004 - tuple, cell, contents
        for name, cell in zip(function.__code__.co_freevars, below):  # noqa: B905 - Python 3.9
            if cell is part[2]:
                return Step("closure", function, name), 3
    given = (function.__defaults__, function.__kwdefaults__)
    if len(part) > 2 and any(below is defaults for defaults in given):  # noqa: PLR2004
        defaults = objects.routine(function).defaults
        return Step("default", function, objects.key_of(defaults, part[2])), 2
    if below is function.__dict__ and len(part) > 2:  # noqa: PLR2004
        return Step("attribute", function, objects.key_of(below, part[2])), 2
    return None, 1


def _local_name(item: Any, value: Any) -> Any:
    frame = item
    for attribute in ("cr_frame", "gi_frame", "ag_frame"):
        if type(item) in SUSPENDED and hasattr(item, attribute):
            frame = getattr(item, attribute)
    if frame is None:
        return objects.MISSING
    return objects.key_of(objects.frame_locals(frame), value)


def text(way: list[Step], kind: str) -> str:
    """Return a way in words, such as ``app.py: module global "seen" -> dict``.

    Args:
        way: The steps from the root.
        kind: Name of the type at the end of the way.
    """
    if not way:
        return "%s that nothing in Python is seen to hold" % kind
    file = objects.shown_file(source(way)[0])
    prefix = "%s: " % (file or _module_name(way[0]))
    if len(way) == 1:
        return "%s%s -> %s" % (prefix, link(way[0]), kind)
    expression = _start(way[0])
    for step in way[1:-1]:
        expression += _accessor(step)
    last = way[-1]
    if last.kind == "attribute":
        owner = type(last.owner).__qualname__
        expression = "%s -> %s%s" % (_shorten(expression), owner, _accessor(last))
    else:
        expression = _shorten(expression + _accessor(last))
    return "%s%s -> %s" % (prefix, expression, kind)


def source(way: list[Step]) -> tuple[str, int]:
    """Return the file and line to open: where the root's name belongs, else the owner's class."""
    step = way[0]
    owner = step.owner
    if step.kind == "global":
        file = owner.get("__file__")
        return (file if isinstance(file, str) else ""), 0
    if step.kind in ("closure", "default"):
        return owner.__code__.co_filename, owner.__code__.co_firstlineno
    if step.kind == "local":
        for attribute in ("f_code", "cr_code", "gi_code", "ag_code"):
            code = getattr(owner, attribute, None)
            if code is not None:
                frame = getattr(owner, attribute[:3] + "frame", owner)
                return code.co_filename, getattr(frame, "f_lineno", None) or code.co_firstlineno
    kind = owner if objects.is_a(owner, type) else type(owner)
    return objects.module_file(heap.type_name(kind).rpartition(".")[0].partition(".<")[0]), 0


def _module_name(step: Step) -> str:
    """Return the module of a way's root, for those that have no source file."""
    if step.kind == "global":
        return str(step.owner.get("__name__", "?"))
    kind = step.owner if objects.is_a(step.owner, type) else type(step.owner)
    return heap.type_name(kind).rpartition(".")[0] or "builtins"


def link(step: Step) -> str:
    """Return one step in words, such as ``Node.parent`` or ``class attribute Node.all``."""
    name = _plain(step.name)
    if step.kind == "global":
        return 'module global "%s"' % name
    if step.kind == "class":
        return "class attribute %s.%s" % (step.owner.__qualname__, name)
    if step.kind in ("closure", "default"):
        what = "closure variable" if step.kind == "closure" else "default argument"
        return '%s "%s" of %s' % (what, name, objects.own_name(step.owner))
    if step.kind == "local" and not isinstance(step.name, str):
        return "%s, suspended at line %d" % (_routine_name(step.owner), source([step])[1])
    if step.kind == "local":
        return 'local variable "%s" of %s (line %d)' % (
            name,
            _routine_name(step.owner),
            source([step])[1],
        )
    return "%s%s" % (type(step.owner).__qualname__, _accessor(step))


def _start(step: Step) -> str:
    if step.kind == "global":
        return _plain(step.name)
    if step.kind == "class":
        return "%s.%s" % (step.owner.__qualname__, _plain(step.name))
    if step.kind in ("closure", "default", "local"):
        return link(step) + (": " + step.name if isinstance(step.name, str) else "")
    return type(step.owner).__qualname__ + _accessor(step)


def _accessor(step: Step) -> str:
    if step.kind == "attribute":
        return "." + _plain(step.name)
    if step.kind == "element":
        short = isinstance(step.name, str) and len(step.name) <= _SHOWN_KEY
        few = objects.is_a(step.owner, dict) and dict.__len__(step.owner) < _SHOWN_KEY
        return '["%s"]' % step.name if short and few else "[...]"
    return "(%s)" % type(step.owner).__qualname__


def _routine_name(owner: Any) -> str:
    code = getattr(owner, "f_code", None)
    if code is not None:
        return str(getattr(code, "co_qualname", code.co_name))
    return str(owner.__qualname__)


def _plain(name: Any) -> str:
    return name[:_SHOWN_KEY] if isinstance(name, str) else "?"


def _shorten(expression: str) -> str:
    if len(expression) <= _LONGEST:
        return expression
    half = _LONGEST // 2
    return expression[:half] + "..." + expression[-half:]
