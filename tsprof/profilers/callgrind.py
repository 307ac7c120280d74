"""Read what callgrind counted: instructions by call stack.

They repeat where a program does the same: 4,120,412 and 4,120,518 for 200 requests to a Rust
service, one after the other.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from tsprof.profilers.native_origin import is_runtime, native_origin
from tsprof.profilers.symbols import demangled
from tsprof.stacks import Frame

_COST = re.compile(r"\d+ (\d+)$")
_UNKNOWN = "???"


def read_callgrind(lines: Iterable[str]) -> Mapping[tuple[Frame, ...], float]:
    """Return the instructions of each call stack, outermost frame first.

    Args:
        lines: of a dump by a program that runs as ``valgrind.Valgrind`` says: nothing is
            abbreviated, and a function's name is followed by its callers'.
    """
    own: dict[str, float] = defaultdict(float)
    places: dict[str, tuple[str, str]] = {}
    module = file = stack = ""
    is_call = False
    for line in map(str.rstrip, lines):
        if is_call:  # what the callee took is counted there
            is_call = False
        elif cost := _COST.match(line):
            own[stack] += int(cost[1])
        elif line.startswith("calls="):
            is_call = True
        elif line.startswith("ob="):
            module = line[3:]
        elif line.startswith("fl="):
            file = line[3:]
        elif line.startswith("fn="):
            stack = line[3:]
            places.setdefault(_names(stack)[0], (module, file))
    names = demangled({name for each in own for name in _names(each)})
    frames = {name: _frame(names[name], *places.get(name, ("", ""))) for name in names}
    found: dict[tuple[Frame, ...], float] = defaultdict(float)
    for each, instructions in own.items():
        found[tuple(frames[name] for name in reversed(_names(each)))] += instructions
    return found


def _names(stack: str) -> list[str]:
    """Return the symbols of a function and of its callers; a number tells how deep it recurs."""
    return [name for name in stack.split("'") if not name.isdigit()] or [_UNKNOWN]


def _frame(function: str, module: str, file: str) -> Frame:
    path = module if is_runtime(module) or file in ("", _UNKNOWN) else file
    if not path:  # it only called others
        return Frame(function, origin="native")
    origin = native_origin(path)
    return Frame(function, path, origin=origin.kind, package=origin.package)
