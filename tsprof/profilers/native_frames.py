"""The native code between a line of Python and the allocator that it reached.

memray names functions and, from debug information, their source lines. It does not tell which
shared object they are in, all that is known of a stripped one. Its command ``memray parse`` prints
the return addresses and where each object was mapped, from which that follows.
"""

import re
import subprocess
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from threading import Timer
from typing import Any

from tsprof.analysis.attribution.captures import NativeFrame

TIME_LIMIT = 20.0
"""Seconds for the search; ``memray parse`` prints some 500,000 events per second, and what leaks
with every request is found within the first hundred requests."""
_UNKNOWN = "<unknown>"
_RECORD = re.compile(rb"NATIVE_FRAME_ID|SEGMENT|MEMORY_MAP_START")
_CALLER = re.compile(rb"NATIVE_FRAME_ID ip=(0x[0-9a-f]+) index=(\d+)")
_OBJECT = re.compile(rb"SEGMENT_HEADER filename=(.+) num_segments=\d+ addr=(0x[0-9a-f]+|\(nil\))")
_SEGMENT = re.compile(rb"SEGMENT (0x[0-9a-f]+|\(nil\)) ([0-9a-f]+)")


@dataclass
class _Map:
    """Where the shared objects were at one time; a new one is made whenever one is loaded."""

    segments: list[tuple[int, int, int, str]] = field(default_factory=list)
    """Begin, end, address at which the object was loaded, and its path."""
    program: str = ""

    def object_at(self, address: int) -> tuple[str, int] | None:
        """Return the path of the object at an address, and the offset into it."""
        index = bisect_right(self.segments, (address, sys.maxsize)) - 1
        if index < 0 or address >= self.segments[index][1]:
            return None
        _, _, loaded, path = self.segments[index]
        return path, address - loaded

    def is_interpreter(self, path: str) -> bool:
        """Tell whether an object is the interpreter: the program, or its library."""
        return path == self.program or PurePath(path).name.startswith("libpython")


@dataclass
class NativeFrames:
    """The native call stacks of a capture."""

    _addresses: "array[int]"
    _callers: "array[int]"
    """By stack: the number of the one that its innermost frame was called in, 0 for none."""
    _maps: list[_Map]

    def within(self, record: Any) -> tuple[NativeFrame, ...]:
        """Return the native frames between a record's allocator and the innermost Python frame.

        The interpreter's own functions are left out there. They are kept where an extension called
        them. A thread that no Python runs in has all of its frames.

        Args:
            record: one of memray's, with native traces.

        Returns:
            The frames, the innermost first.
        """
        if not self._maps:
            return ()
        mapped = self._maps[min(record.native_segment_generation, len(self._maps)) - 1]
        found: list[NativeFrame] = []
        foreign = known = depth = 0
        for address in self._stack(record.native_stack_id):
            depth += 1
            symbols = record.native_stack_trace(max_stacks=depth)[known:]
            known += len(symbols)
            there = mapped.object_at(address)
            if there is None:
                continue  # code made at run time
            path, offset = there
            if not mapped.is_interpreter(path):
                foreign = len(found) + len(symbols)
            elif foreign:
                break
            found += [_frame(symbol, path, offset) for symbol in symbols]
        return tuple(found[:foreign])

    def _stack(self, number: int) -> Iterator[int]:
        while 0 < number <= len(self._addresses):
            yield self._addresses[number - 1]
            number = self._callers[number - 1]


def _frame(symbol: tuple[str, str, int], path: str, offset: int) -> NativeFrame:
    function, file, line = symbol
    if function == _UNKNOWN:
        function = f"{PurePath(path).name}+{offset:#x}"
    return NativeFrame(
        function=function, file=path if file == _UNKNOWN else file, line=line, module=path
    )


def read_native_frames(capture: Path, stacks: int, time_limit: float = TIME_LIMIT) -> NativeFrames:
    """Read the native call stacks of a capture of memray, as far as they are wanted.

    Args:
        capture: of a window with native traces.
        stacks: the highest ``native_stack_id`` that is wanted; they are in the order of time.
        time_limit: Seconds after which the rest is left.
    """
    command = [sys.executable, "-m", "memray", "parse", str(capture)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parser:
        timer = Timer(time_limit, parser.kill)
        timer.start()
        assert parser.stdout is not None
        frames = collect(parser.stdout, stacks)
        timer.cancel()
        parser.kill()
    return frames


def collect(lines: Iterable[bytes], stacks: int) -> NativeFrames:
    """Take the wanted call stacks, and the maps so far, from what ``memray parse`` prints."""
    addresses, callers, maps = array("Q"), array("Q"), list[_Map]()
    path, loaded = "", 0
    for line in filter(_RECORD.match, lines):
        if caller := _CALLER.match(line):
            addresses.append(int(caller[1], 16))
            callers.append(int(caller[2]))
            if len(addresses) >= stacks:
                break
        elif line.startswith(b"MEMORY_MAP_START"):
            maps.append(_Map())
        elif mapped := _OBJECT.match(line):
            path, loaded = mapped[1].decode(errors="replace"), _number(mapped[2])
            maps[-1].program = maps[-1].program or path
        elif segment := _SEGMENT.match(line):
            begin = loaded + _number(segment[1])
            maps[-1].segments.append((begin, begin + int(segment[2], 16), loaded, path))
    for each in maps:
        each.segments.sort()
    return NativeFrames(addresses, callers, maps)


def _number(text: bytes) -> int:
    return 0 if text == b"(nil)" else int(text, 16)
