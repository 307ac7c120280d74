"""Look into objects without running any of the target's code."""

from __future__ import annotations

import collections
import os
import sys
import types

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MISSING = object()
_OURS_AND_THE_FRAMES = 3  # references: the frame's, our variable's, and the call's that counts
_OPTIMIZED = 0x1  # CO_OPTIMIZED: a function's code, not a module's or a class body's
_PACKAGE = __name__.rpartition(".")[0] + "."
_HERE = os.path.dirname(os.path.abspath(__file__))
_SEARCHED = 200_000  # entries of a container among which a key is looked for

Routine = collections.namedtuple("Routine", "name code globals defaults cells")  # noqa: PYI024
"""A function's code with its globals, its default arguments and the cells that it shares."""


class OwnList(list):  # type: ignore[type-arg]  # a plain list would be taken for the target's
    """A list of the agent, which walks pass over."""


class OwnDict(dict):  # type: ignore[type-arg]  # likewise
    """A dict of the agent, which walks pass over."""


def is_a(item: Any, kind: type) -> bool:
    """Tell an object's type; ``isinstance`` would ask its ``__class__``, which proxies compute."""
    return issubclass(type(item), kind)


def is_namespace(item: Any) -> bool:
    """Tell whether an object is the globals of a module or of executed code."""
    return (
        type(item) is dict
        and type(item.get("__name__")) is str
        and ("__builtins__" in item or "__spec__" in item)
    )


def instance_dict(item: Any) -> dict[str, Any] | None:
    """Return an instance's ``__dict__``, or None where it has none or computes it.

    From Python 3.11 on this creates the dict, 64 to 300 bytes that stay with the instance.
    """
    for base in type(item).__mro__:
        descriptor = vars(base).get("__dict__")
        if descriptor is not None:
            if type(descriptor) is types.GetSetDescriptorType:
                found = descriptor.__get__(item)
                return found if type(found) is dict else None
            return None
    return None


def is_agents(item: Any) -> bool:
    """Tell the agent's own objects, classes, functions and modules from the target's."""
    if type(item) is types.FunctionType:
        return is_agents_code(item.__code__)
    if is_namespace(item):
        return bool(item["__name__"].startswith(_PACKAGE))
    kind = item if is_a(item, type) else type(item)
    module = vars(type)["__module__"].__get__(kind)
    return isinstance(module, str) and module.startswith(_PACKAGE)


def is_agents_code(code: types.CodeType) -> bool:
    """Tell the agent's own code from the target's."""
    return os.path.dirname(code.co_filename) == _HERE


def running_frames() -> Iterator[types.FrameType]:
    """Yield the frames of all threads that have local variables, the agent's own left out."""
    own = sys._getframe()  # noqa: SLF001 - the only way to it
    tops = list(sys._current_frames().values())  # noqa: SLF001 - the only way to them
    frames = [own.f_back, *(top for top in tops if top is not own)]
    del own, tops  # a cycle, which would keep everything that the callers hold
    while frames:
        frame = frames.pop()
        while frame is not None:
            if frame.f_code.co_flags & _OPTIMIZED and not is_agents_code(frame.f_code):
                yield frame
            frame = frame.f_back


def frame_locals(frame: Any) -> dict[str, Any]:
    """Return a frame's local variables.

    Up to Python 3.12 a frame keeps the dict that it makes for this, and with it the values of now;
    it is emptied again, unless the function itself asked for ``locals()`` and has it.
    """
    kept = frame.f_locals
    variables = dict(kept)
    optimized = frame.f_code.co_flags & _OPTIMIZED
    if optimized and type(kept) is dict and sys.getrefcount(kept) <= _OURS_AND_THE_FRAMES:
        kept.clear()
    return variables


def static_attribute(item: Any, name: str) -> Any:
    """Return an attribute that is stored on an instance, class or module, or ``MISSING``."""
    if is_a(item, type):
        holders: list[Any] = [vars(base) for base in item.__mro__]
    else:
        own = vars(item) if is_a(item, types.ModuleType) else instance_dict(item)
        holders = [own or {}] + [vars(base) for base in type(item).__mro__]
    for holder in holders:
        if name in holder:
            value = holder[name]
            if type(value) is types.MemberDescriptorType:
                try:
                    return value.__get__(item)
                except (AttributeError, TypeError):
                    return MISSING
            computed = any("__get__" in vars(base) for base in type(value).__mro__)
            return MISSING if computed else value
    return MISSING


def attribute_name(owner: Any, value: Any) -> str | None:
    """Return the name of the instance attribute or slot that holds an object."""
    own = vars(owner) if is_a(owner, types.ModuleType) else instance_dict(owner)
    for name, held in list((own or {}).items()):
        if held is value and isinstance(name, str):
            return name
    for base in type(owner).__mro__:
        for name, descriptor in list(vars(base).items()):
            if type(descriptor) is types.MemberDescriptorType:
                try:
                    held = descriptor.__get__(owner)
                except (AttributeError, TypeError):
                    continue
                if held is value:
                    return name
    return None


def key_of(container: dict[Any, Any], value: Any) -> Any:
    """Return the key under which a dict holds an object, or ``MISSING``."""
    if len(container) > _SEARCHED:
        return MISSING
    for key, held in list(dict.items(container)):
        if held is value:
            return key
    return MISSING


def routines_of_class(kind: type) -> list[Routine]:
    """Return the Python code of a class and its bases: methods, properties, what they wrap."""
    found: dict[int, Routine] = {}
    for base in kind.__mro__:
        for value in list(vars(base).values()):
            for function in _functions_in(value, 3):
                found[id(function.__code__)] = routine(function)
    return list(found.values())


def routine(function: types.FunctionType) -> Routine:
    """Return a function as code with its surroundings."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    defaults = dict(zip(names[len(names) - len(given) :], given))  # noqa: B905 - Python 3.9
    defaults.update(function.__kwdefaults__ or {})
    cells = function.__closure__ or ()
    return Routine(own_name(function), code, function.__globals__, defaults, cells)


def own_name(function: types.FunctionType) -> str:
    """Return a function's qualified name as its code has it: functools.wraps gives it another."""
    code = function.__code__
    given: str = getattr(code, "co_qualname", function.__qualname__)  # Python 3.11 has the former
    return given if given.rpartition(".")[2] == code.co_name else code.co_name


def names_in(code: types.CodeType) -> set[str]:
    """Return the names that a code object mentions, those of functions within included."""
    names = {*code.co_names, *code.co_freevars}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_in(constant)
    return names


def shown_file(file: str) -> str:
    """Return a file as people name it: relative to the working directory or site-packages."""
    for marker in ("/site-packages/", "/dist-packages/"):
        if marker in file:
            return file.rpartition(marker)[2]
    try:
        here = os.getcwd() + os.sep
    except OSError:
        return os.path.basename(file)
    return file[len(here) :] if file.startswith(here) else os.path.basename(file)


def module_file(name: str) -> str:
    """Return a module's source file, or an empty string."""
    module = sys.modules.get(name)
    file = static_attribute(module, "__file__") if module is not None else MISSING
    return file if isinstance(file, str) else ""


def _functions_in(value: Any, depth: int) -> Iterator[types.FunctionType]:
    """Find functions in what a class or a decorator made of them."""
    if type(value) is types.FunctionType:
        yield value
        cells = value.__closure__ or ()
        inner = [_contents(cell) for cell in cells] + [value.__dict__.get("__wrapped__")]
    elif type(value) in (staticmethod, classmethod):
        inner = [value.__func__]
    elif type(value) is property:
        inner = [value.fget, value.fset, value.fdel]
    else:
        inner = [static_attribute(value, name) for name in ("func", "__wrapped__")]
    for part in inner if depth else ():
        if type(part) in (types.FunctionType, staticmethod, classmethod, property):
            yield from _functions_in(part, depth - 1)


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # still empty
        return None
