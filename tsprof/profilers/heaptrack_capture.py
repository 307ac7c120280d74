"""Read what heaptrack recorded in a window: what native code allocated and left.

Only the call stacks of what is left are made into functions and lines: the debug information of a
program may be large. In a program with a Python interpreter these are the native functions that
Python called: the record knows no lines of Python.
"""

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import takewhile
from pathlib import Path, PurePath
from typing import TypeVar

from tsprof.analysis.attribution.captures import CallFrame, NativeFrame
from tsprof.profilers import heaptrack
from tsprof.profilers.heaptrack_record import (
    FORMAT,
    Record,
    numbers_with_callers,
    outwards,
    read_record,
    sized,
)
from tsprof.profilers.native_origin import is_runtime
from tsprof.profilers.source_paths import completed, source_files
from tsprof.profilers.survivors import Key, Survivors, UnreadableError
from tsprof.profilers.symbols import demangled, is_rust_standard

INTERPRETER_PATIENCE = 90.0
_OURS = re.compile(r"/tsprof/agent-[0-9a-f]{16}\.so$")
"""The agent that opened the window is no part of the target."""
_CTYPES = re.compile(r"/(_ctypes\.|libffi[.-])[^/]*$")
"""Through which Python's agent calls the interpreter's allocator to mark the window's middle."""


@dataclass(frozen=True)
class Call:
    """A call: one address in a program."""

    module: str
    """Path of the program or shared object."""
    offset: int
    """The address in it."""
    functions: Sequence[CallFrame]
    """The innermost inlined one first."""


Stack = TypeVar("Stack", bound=Hashable)
"""What stands for a call stack: its number in a record, or its addresses."""
Stacks = Mapping[Stack, Sequence[Call]]
"""The calls of stacks, the innermost first."""


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
    calls = _calls(record, {*kept, record.marked_in})
    stacks = {number: calls[number] for number in kept}
    called = [call.module for call in calls[record.marked_in]]
    marked_by = next((module for module in called if not _CTYPES.search(module)), "")
    keys: Mapping[int, Key]
    if _OURS.search(marked_by):
        keys = {number: (own, "native", ()) for number, own in _frames(stacks).items()}
    else:
        keys = {number: ((), "native", own) for number, own in _called(stacks, marked_by).items()}
    found: dict[Key, Survivors] = defaultdict(Survivors)
    for number, key in keys.items():
        found[key].add(left[number])
    return found


def frames_at(
    stacks: Collection[tuple[int, ...]], modules: Iterable[bytes]
) -> Mapping[tuple[int, ...], tuple[CallFrame, ...]]:
    """Return the frames of call stacks that another profiler of native programs saw.

    Args:
        stacks: addresses of calls, the innermost first; those of the agent are left out.
        modules: where shared objects are, in lines as heaptrack writes them.

    Raises:
        UnreadableError: heaptrack cannot tell, or an address is none.
    """
    addresses = sorted({address for stack in stacks for address in stack})
    record = Record(modules=[(0, line) for line in modules])
    try:
        record.addresses.extend(addresses)
    except OverflowError as error:
        raise UnreadableError(f"damaged: {error}") from error
    calls = _interpret(record, range(1, len(addresses) + 1))
    at = dict(zip(addresses, calls, strict=True))
    return _frames({stack: [at[address] for address in stack] for stack in stacks})


def _frames(stacks: Stacks[Stack]) -> Mapping[Stack, tuple[CallFrame, ...]]:
    own = {
        stack: [frame for call in calls for frame in call.functions]
        for stack, calls in stacks.items()
        if not any(_OURS.search(call.module) for call in calls)
    }
    names = demangled({function for frames in own.values() for function, _, _ in frames})
    return {
        stack: tuple(_named(names[function], file, line) for function, file, line in frames)
        for stack, frames in own.items()
    }


def _called(stacks: Stacks[int], interpreter: str) -> Mapping[int, tuple[NativeFrame, ...]]:
    """Return the native functions between the interpreter that called them and the allocator.

    What the interpreter asks of malloc is left out: tracemalloc traces it, with lines.
    """
    inner = {
        number: list(takewhile(lambda call: call.module != interpreter, calls))
        for number, calls in stacks.items()
    }
    functions = [f for calls in inner.values() for call in calls for f in call.functions]
    names = demangled({name for name, _, _ in functions})
    return {
        number: tuple(
            NativeFrame(function=names[function], file=file, line=line, module=call.module)
            for call in calls
            for function, file, line in call.functions
        )
        for number, calls in inner.items()
        if calls
    }


def _calls(record: Record, numbers: Collection[int]) -> Stacks[int]:
    """Return the calls of stacks, the innermost first."""
    wanted = sorted(numbers_with_callers(record, numbers))
    by_number = dict(zip(wanted, _interpret(record, wanted), strict=True))
    return {number: [by_number[each] for each in outwards(record, number)] for number in numbers}


def _named(function: str, file: str, line: int) -> CallFrame:
    """Return a frame; a file of a standard library's function that is only its module is none.

    Rust compiles its standard library's generic functions into each program.
    """
    return function, file if line or not is_rust_standard(function) else "", line


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
            texts.append(sized(line))
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
    name = sized(line)
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
