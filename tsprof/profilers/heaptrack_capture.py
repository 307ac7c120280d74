"""Read what heaptrack's recorder wrote in a window of a native program.

A record tells each allocation and each release with the block's address, so that the age of what
is left is known: the agent marks the middle of the window by an allocation of a size of its own.
Only the call stacks of what is left are made into functions and lines: the debug information of a
program may be large.
"""

import os
import re
import subprocess
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from pathlib import Path, PurePath
from typing import Literal

from tsprof.analysis.attribution.captures import CallFrame
from tsprof.profilers import heaptrack
from tsprof.profilers.native_origin import is_runtime
from tsprof.profilers.source_paths import completed, source_files
from tsprof.profilers.survivors import Key, Survivors, UnreadableError, of_malloc
from tsprof.profilers.symbols import demangled, is_rust_standard

FIRST_LETTER = b"v"
"""With which a record begins: its version."""
FORMAT = 3
"""The version of heaptrack's format that is known (1.3 and later)."""
_MARK = b"%x" % 7624097
"""``HEAPTRACK_MARK`` of the native agent."""
INTERPRETER_PATIENCE = 90.0
_OURS = re.compile(r"/tsprof/agent-[0-9a-f]{16}\.so$")
"""The agent that opened the window is no part of the target."""

Sizes = dict[bytes, tuple[int, int]]
"""Call stack and size by a block's address."""


@dataclass
class Record:
    """What a record tells, call stacks by their number, from 1."""

    program: str = ""
    addresses: "array[int]" = field(default_factory=lambda: array("Q"))
    """By stack: the address of the innermost call."""
    callers: "array[int]" = field(default_factory=lambda: array("L"))
    """By stack: the number of the one that it was called in, 0 for none."""
    modules: list[tuple[int, bytes]] = field(default_factory=list)
    """Lines that tell where shared objects are, with the number of stacks known before."""
    survivors: dict[int, Survivors] = field(default_factory=lambda: defaultdict(Survivors))

    def take(self, kind: bytes, line: bytes) -> None:
        """Take in what is no event; other lines tell of memory as a whole."""
        if kind == b"t":
            call, caller = line[2:].split()
            self.addresses.append(int(call, 16))
            self.callers.append(int(caller, 16))
        elif kind == b"m":
            self.modules.append((len(self.addresses), line))
        elif kind == b"x":
            self.program = _sized(line)
        elif kind == b"v" and int(line.split()[2], 16) != FORMAT:
            raise UnreadableError("this version of heaptrack writes another format")

    def count(
        self, blocks: Iterable[tuple[int, int]], part: Literal["early", "late", "mark"]
    ) -> None:
        """Add blocks, by call stack and size, to the sums of a part of the window."""
        sizes, numbers = Counter[int](), Counter[int]()
        for stack, size in blocks:
            sizes[stack] += of_malloc(size)
            numbers[stack] += 1
        for stack, number in numbers.items():
            setattr(self.survivors[stack], f"{part}_bytes", sizes[stack])
            setattr(self.survivors[stack], f"{part}_blocks", number)


def read_heaptrack(capture: Path, stacks_kept: int) -> Mapping[Key, Survivors]:
    """Return what was left, by call stack.

    Args:
        capture: the record.
        stacks_kept: those with the most bytes are made into functions and lines.

    Raises:
        UnreadableError: it is damaged, or has no mark.
    """
    try:
        with capture.open("rb") as file:
            record = read_record(file)
    except OSError as error:
        raise UnreadableError(f"{error.strerror}") from error
    left = record.survivors
    kept = nlargest(stacks_kept, left, key=lambda n: left[n].early_bytes + left[n].late_bytes)
    frames = frames_of(record, kept)
    found: dict[Key, Survivors] = defaultdict(Survivors)
    for number in kept:
        if number in frames:
            found[frames[number], "native", ()].add(left[number])
    return found


def read_record(lines: Iterable[bytes]) -> Record:
    """Take the survivors out of a record's lines.

    Raises:
        UnreadableError: as ``read_heaptrack``.
    """
    record = Record()
    early: Sizes = {}
    live = early
    try:
        for line in lines:
            kind = line[:1]
            if kind == b"+":
                size, stack, address = line[2:].split()
                if size == _MARK and live is early:
                    record.count(early.values(), "mark")
                    live = {}
                live[address] = (int(stack, 16), int(size, 16))
            elif kind == b"-":
                address = line[2:].rstrip()
                if live.pop(address, None) is None:
                    early.pop(address, None)  # or it was there before the window
            else:
                record.take(kind, line)
    except (ValueError, IndexError, OverflowError) as error:
        raise UnreadableError(f"damaged: {error}") from error
    if live is early:
        raise UnreadableError("the record does not reach the middle of the window")
    record.count(early.values(), "early")
    record.count(live.values(), "late")
    return record


def _sized(line: bytes) -> str:
    """Return the text of a line such as ``s 5 words``, whose length stands before it."""
    _, length, text = line.split(b" ", 2)
    return text[: int(length, 16)].decode(errors="replace")


def frames_of(record: Record, numbers: Collection[int]) -> Mapping[int, tuple[CallFrame, ...]]:
    """Return the frames of call stacks, the innermost first; the agent's own are left out."""
    wanted = sorted(_with_callers(record, numbers))
    calls = _interpret(record, wanted)
    by_number = dict(zip(wanted, calls, strict=True))
    found = {}
    for number in numbers:
        frames: list[CallFrame] = []
        for each in _outwards(record, number):
            call = by_number[each]
            if _OURS.search(call.module):
                break
            frames += call.functions
        else:
            found[number] = tuple(frames)
    names = demangled({function for frames in found.values() for function, _, _ in frames})
    return {
        number: tuple(_named(names[function], file, line) for function, file, line in frames)
        for number, frames in found.items()
    }


def _named(function: str, file: str, line: int) -> CallFrame:
    """Return a frame; a file of a standard library's function that is only its module is none.

    Rust compiles its standard library's generic functions into each program.
    """
    return function, file if line or not is_rust_standard(function) else "", line


def _outwards(record: Record, number: int) -> Iterator[int]:
    """Yield a stack's number and those of its callers; a caller is always an earlier one."""
    while 0 < number <= len(record.callers):
        yield number
        caller = record.callers[number - 1]
        if caller >= number:
            raise UnreadableError("damaged: a call stack calls itself")
        number = caller


def _with_callers(record: Record, numbers: Collection[int]) -> set[int]:
    found: set[int] = set()
    for number in numbers:
        for each in _outwards(record, number):
            if each in found:
                break
            found.add(each)
    return found


@dataclass(frozen=True)
class Call:
    """A call: one address in a program."""

    module: str
    """Path of the program or shared object."""
    offset: int
    """The address in it."""
    functions: Sequence[CallFrame]
    """The innermost inlined one first."""


def _interpret(record: Record, wanted: Sequence[int]) -> list[Call]:
    """Have heaptrack find the functions and lines of the innermost calls of stacks."""
    tool = heaptrack.find()
    if tool is None:
        raise UnreadableError("heaptrack is not installed")
    # It would ask other machines for debug information.
    environment = {k: v for k, v in os.environ.items() if k != "DEBUGINFOD_URLS"}
    try:
        done = subprocess.run(
            [tool.interpreter],
            input=b"".join(_question(record, wanted)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=INTERPRETER_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UnreadableError(f"heaptrack could not interpret the record: {error}") from error
    try:
        calls = list(_answers(record, done.stdout.splitlines()))
    except (ValueError, IndexError) as error:
        raise UnreadableError(f"heaptrack's interpretation is damaged: {error}") from error
    return _with_whole_paths(calls)


def _with_whole_paths(calls: Sequence[Call]) -> list[Call]:
    """Complete the files that are told from the folder in which they were compiled."""
    relative: dict[str, set[int]] = defaultdict(set)
    for call in calls:
        if any(file and not file.startswith("/") for _, file, _ in call.functions):
            relative[call.module].add(call.offset)
    whole = {module: source_files(module, sorted(there)) for module, there in relative.items()}
    found = []
    for call in calls:
        paths = whole.get(call.module, {}).get(call.offset, ())
        files = completed([file for _, file, _ in call.functions], paths)
        named = zip(call.functions, files, strict=True)
        functions = [(function, file, line) for (function, _, line), file in named]
        found.append(Call(call.module, call.offset, functions))
    return found


def _question(record: Record, wanted: Sequence[int]) -> Iterator[bytes]:
    """Yield a record with nothing but the modules and these calls."""
    yield b"v 10400 %x\n" % FORMAT
    yield b"x %x %s\n" % (len(os.fsencode(record.program)), os.fsencode(record.program))
    modules = iter([*record.modules, (len(record.addresses) + 1, b"")])
    known, line = next(modules)
    for number in wanted:
        while known < number:
            yield line
            known, line = next(modules)
        yield b"t %x 0\n" % record.addresses[number - 1]


def _answers(record: Record, lines: Iterable[bytes]) -> Iterator[Call]:
    """Yield the calls as they were asked for."""
    texts = [""]
    addresses: list[Call] = []
    loaded = {name: address for name, address in map(_loaded, record.modules) if name}
    for line in lines:
        kind = line[:1]
        if kind == b"s":
            texts.append(_sized(line))
        elif kind == b"i":
            address, module, *numbers = (int(word, 16) for word in line[2:].split())
            path = texts[module]
            name = "x" if path == record.program else path
            offset = address - loaded.get(name, 0)
            addresses.append(Call(path, offset, _functions(path, offset, numbers, texts)))
        elif kind == b"t":
            number = int(line.split()[1], 16)
            yield addresses[number - 1] if number else Call("", 0, ())


def _loaded(module: tuple[int, bytes]) -> tuple[str, int]:
    """Return a shared object's name and the address at which it is loaded."""
    line = module[1]
    if line.rstrip() == b"m 1 -":
        return "", 0
    name = _sized(line)
    length = int(line.split(b" ", 2)[1], 16)
    rest = line.split(b" ", 2)[2][length:].split()
    return name, int(rest[0], 16)


def _functions(
    path: str, offset: int, numbers: Sequence[int], texts: Sequence[str]
) -> list[CallFrame]:
    """Return the functions at an address, the innermost first.

    Those of the C library have no lines: whether its sources are known is no matter of the target.
    """
    function, *places = numbers or [0]
    if is_runtime(path):
        places = []
    triples = [function, *(places or [0, 0])]
    found = []
    for name, file, line in zip(triples[::3], triples[1::3], triples[2::3], strict=True):
        unknown = f"{PurePath(path).name or 'unknown'}+{offset:#x}"
        found.append((texts[name] or unknown, texts[file] or path, line))
    return found
