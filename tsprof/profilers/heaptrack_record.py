"""What heaptrack's recorder wrote: each allocation and each release, with the block's address.

So the age of what is left is known: the agent marks the middle of the window by an allocation of a
size of its own.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from tsprof.profilers.survivors import Survivors, UnreadableError, of_malloc

FIRST_LETTER = b"v"
"""With which a record begins: its version."""
FORMAT = 3
"""The version of heaptrack's format that is known (1.3 and later)."""
_MARK = b"%x" % 7624097
"""``HEAPTRACK_MARK`` of the native agent."""

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
    marked_in: int = 0
    """The stack in which the agent marked the middle of the window."""
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
            self.program = sized(line)
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
                    record.marked_in = int(stack, 16)
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


def sized(line: bytes) -> str:
    """Return the text of a line such as ``s 5 words``, whose length stands before it."""
    _, length, text = line.split(b" ", 2)
    return text[: int(length, 16)].decode(errors="replace")


def outwards(record: Record, number: int) -> Iterator[int]:
    """Yield a stack's number and those of its callers; a caller is always an earlier one."""
    while 0 < number <= len(record.callers):
        yield number
        caller = record.callers[number - 1]
        if caller >= number:
            raise UnreadableError("damaged: a call stack calls itself")
        number = caller


def numbers_with_callers(record: Record, numbers: Collection[int]) -> set[int]:
    """Return the numbers of stacks, with those of all their callers."""
    found: set[int] = set()
    for number in numbers:
        for each in outwards(record, number):
            if each in found:
                break
            found.add(each)
    return found
