"""Read what memcheck tells: blocks that are not freed, and invalid accesses."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from xml.etree import ElementTree as ET

from tsprof.analysis.attribution.captures import CallFrame
from tsprof.analysis.attribution.memory_access import InvalidAccess
from tsprof.analysis.attribution.sites import Origin
from tsprof.profilers.native_origin import is_runtime
from tsprof.profilers.symbols import demangled
from tsprof.profilers.valgrind_stacks import FRAME, Blocks, Stack, frame_of, named, taken
from tsprof.report.model import Frame

LONGEST_FILE = 16 << 20
"""Bytes of errors that are read per process; memcheck tells 1,000 different ones at most."""
LOST = ("definitely lost", "indirectly lost")
"""Kinds of loss to which nothing refers."""
_NUMBER = r"([\d,]+)(?: \([+-][\d,]+\))?"
_LOSS = re.compile(
    rf"{_NUMBER}(?: \({_NUMBER} direct, {_NUMBER} indirect\))? bytes in {_NUMBER} blocks are "
    r"(definitely lost|indirectly lost|possibly lost|still reachable) in loss record"
)
_CALL = re.compile(rf"(?:at|by) {FRAME}")
_PREFIX = re.compile(r"^==\d+== ?")
_COUNT = re.compile(r"<count>(\d+)</count>\s*<unique>(0x[0-9a-f]+)</unique>")
_ADDRESS = re.compile(r"^Address 0x[0-9a-f]+ is ")
_LEAK = "Leak_"
_ERROR = re.compile(r"<error>.*?</error>", re.DOTALL)


@dataclass
class Losses:
    """Blocks that are not freed, by call stack, and bytes by kind of loss."""

    blocks: Blocks = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)


def read_losses(text: str) -> Losses:
    """Read the answer to ``leak_check full``; bytes are what glibc's malloc takes for a block."""
    losses = Losses()
    for kind, told, blocks, stack in _records(text.splitlines()):
        size = taken(told, blocks)
        before = losses.blocks.get(stack, (0, 0))
        losses.blocks[stack] = (before[0] + size, before[1] + blocks)
        losses.kinds[kind] = losses.kinds.get(kind, 0) + size
    return losses


def _records(lines: Iterable[str]) -> Iterator[tuple[str, int, int, Stack]]:
    """Yield kind, bytes, blocks and stack of each loss record."""
    head: tuple[str, int, int] | None = None
    frames: list[tuple[str, CallFrame]] = []
    for line in (_PREFIX.sub("", line).strip() for line in lines):
        if loss := _LOSS.search(line):
            everything, direct, _, blocks, kind = loss.groups()
            head, frames = (kind, _number(direct or everything), _number(blocks)), []
        elif head is not None and (call := _CALL.match(line)):
            frames.append((call[1], frame_of(call[1], call[2])))
        elif head is not None:
            yield (*head, named(frames))
            head = None
    if head is not None:
        yield (*head, named(frames))


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def growth_by_kind(moments: Sequence[Losses], requests: int) -> Mapping[str, float]:
    """Return bytes per request that came between the first moment and the last, by kind of loss."""
    first, last = moments[0].kinds, moments[-1].kinds
    return {kind: (last[kind] - first.get(kind, 0)) / max(requests, 1) for kind in last}


def read_errors(
    files: Iterable[Path], origin_of: Callable[[str], Origin]
) -> tuple[InvalidAccess, ...]:
    """Read the errors in memcheck's XML files; a file may end anywhere.

    Args:
        files: one per process.
        origin_of: tells whose code a source file is.
    """
    found: dict[tuple[str, tuple[Frame, ...]], InvalidAccess] = {}
    for file in files:
        with file.open(encoding="utf-8", errors="replace") as lines:
            text = lines.read(LONGEST_FILE)
        counts = {unique: int(times) for times, unique in _COUNT.findall(text)}
        for error in _ERROR.findall(text):
            try:
                access, unique = _access(ET.fromstring(error), origin_of)  # noqa: S314 - a fragment declares no entities
            except (ET.ParseError, ValueError):
                continue  # two processes wrote at once
            if access.kind.startswith(_LEAK):
                continue  # told at the end of the program as well
            times = counts.get(unique, 1)
            same = found.get((access.kind, access.stack))
            found[access.kind, access.stack] = replace(
                access, times=times + (same.times if same else 0)
            )
    return tuple(found.values())


def _access(error: ET.Element, origin_of: Callable[[str], Origin]) -> tuple[InvalidAccess, str]:
    stack = error.find("stack")
    parts = [] if stack is None else list(stack)
    frames = named([(part.findtext("ip", ""), _frame_of(part)) for part in parts])
    names = demangled({function for function, _, _ in frames})
    marked = []
    for function, file, line in frames:
        origin = origin_of(file)
        marked.append(
            Frame(
                function=names[function],
                file=file,
                line=line,
                origin=origin.kind,
                package=origin.package,
            )
        )
    access = InvalidAccess(
        kind=error.findtext("kind", ""),
        text=error.findtext("what") or error.findtext("xwhat/text") or "memory error",
        block=_ADDRESS.sub("", error.findtext("auxwhat", "")),
        stack=tuple(marked),
    )
    return access, error.findtext("unique", "")


def _frame_of(frame: ET.Element) -> CallFrame:
    module, file = frame.findtext("obj", ""), frame.findtext("file", "")
    if is_runtime(module):
        file = ""
    folder = frame.findtext("dir", "")
    offset = frame.findtext("ip", "").lower()
    function = frame.findtext("fn") or f"{module.rpartition('/')[2] or 'unknown'}+{offset}"
    path = str(PurePath(folder, file)) if file else module
    return function, path, int(frame.findtext("line", "0")) if file else 0
