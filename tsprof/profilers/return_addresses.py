"""Functions and lines at the return addresses of a running program's call stacks."""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tsprof.analysis.attribution.captures import CallFrame
from tsprof.profilers.heaptrack_capture import frames_at

_ET_DYN = 3
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+ +(/.*)$")

Addresses = tuple[int, ...]
"""Return addresses of a call stack, innermost first."""


@dataclass(frozen=True)
class Mapped:
    """A part of a file that is mapped into a program."""

    begin: int
    end: int
    offset: int
    """In the file."""
    path: str


def mapped(line: str) -> Mapped | None:
    """Read a line as in ``/proc/PID/maps``; None where no file is mapped."""
    found = _MAPPING.match(line)
    if found is None:
        return None
    return Mapped(int(found[1], 16), int(found[2], 16), int(found[3], 16), found[4])


def frames_returned_to(
    stacks: Iterable[Addresses], modules: Iterable[Mapped]
) -> Mapping[Addresses, tuple[CallFrame, ...]]:
    """Return the frames of call stacks, the innermost first; those of the agent are left out.

    Args:
        stacks: of the program.
        modules: what is mapped into it.

    Raises:
        UnreadableError: heaptrack, whose interpreter names the functions, does not do so.
    """
    # A return address is one after the call.
    calls = {stack: tuple(max(address - 1, 0) for address in stack) for stack in stacks}
    found = frames_at(calls.values(), _modules(modules))
    return {stack: found[call] for stack, call in calls.items() if call in found}


def _modules(modules: Iterable[Mapped]) -> Iterator[bytes]:
    """Yield the mapped files as heaptrack's records tell them."""
    bases: dict[str, int] = {}
    parts: dict[str, list[tuple[int, int]]] = {}
    for module in modules:
        if module.offset == 0:
            bases.setdefault(module.path, module.begin if _is_relocatable(module.path) else 0)
        if module.path in bases:
            begin = module.begin - bases[module.path]
            parts.setdefault(module.path, []).append((begin, module.end - module.begin))
    for path, segments in parts.items():
        name = path.encode()
        words = " ".join(f"{begin:x} {size:x}" for begin, size in segments)
        yield b"m %x %s %x %s\n" % (len(name), name, bases[path], words.encode())


def _is_relocatable(path: str) -> bool:
    """Tell whether a file may be loaded anywhere (elf(5): its type is ET_DYN)."""
    try:
        with Path(path).open("rb") as file:
            header = file.read(18)
        return len(header) == 18 and struct.unpack_from("<H", header, 16)[0] == _ET_DYN  # noqa: PLR2004
    except OSError:
        return True
