"""What the agent lists of its process, put beside what the kernel tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tsprof.analysis.attribution.captures import CallFrame
from tsprof.analysis.attribution.counted_resources import Held

FORK = "os.fork"
"""What the agent calls the program of a process that was forked and runs on."""
_KERNEL_NAME = 15
"""Characters of a program's name that the kernel keeps (proc(5), comm)."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What the agent knows of a descriptor; ``origin`` numbers a stack of the listing."""

    id: int | None
    origin: int | None


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A thread that runs Python."""

    ident: int
    """Python's own id of it."""
    native: int | None
    """The kernel's id; None for one that has no ``Thread`` object."""
    name: str
    target: CallFrame
    stack: int | None
    origin: int | None
    id: int | None = None
    """Of the ``Thread`` object."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """An asyncio task that is not done."""

    id: int
    coroutine: CallFrame
    stack: int | None
    origin: int | None


@dataclass(frozen=True, kw_only=True)
class Spawned:
    """Processes of one program that one stack started."""

    program: str
    origin: int | None
    count: int


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The agent's answer, see ``agent/resources.py``."""

    descriptors: Mapping[int, Descriptor]
    threads: Sequence[Thread]
    tasks: Sequence[Task]
    children: Mapping[int, int]
    spawned: Sequence[Spawned]
    stacks: Sequence[tuple[CallFrame, ...]]
    files: Mapping[str, int | None] = field(default_factory=dict)
    """By path, the number of the stack that made a temporary file."""
    recording: bool = True

    def stack(self, number: int | None) -> tuple[CallFrame, ...]:
        """Return a stack by its number; nothing for None, and for one that is not there."""
        known = number is not None and 0 <= number < len(self.stacks)
        return self.stacks[number] if known and number is not None else ()


@dataclass(frozen=True, kw_only=True)
class NativeListing:
    """What the agent in a native program noted, see ``agent/native/origins.h``."""

    descriptors: Mapping[int, int]
    """By number, the number of the stack that made it."""
    threads: Mapping[int, int]
    """By the kernel's id, the number of the stack that started it."""
    stacks: Mapping[int, tuple[CallFrame, ...]]


def with_origins(outside: Sequence[Held], listing: NativeListing) -> tuple[Held, ...]:
    """Return what a native program holds, with the stacks that made it where they are known.

    Args:
        outside: its descriptors, threads and children, as the kernel tells them.
        listing: its agent's.
    """
    made = {"fd": listing.descriptors, "thread": listing.threads}
    found = []
    for held in outside:
        number = int(held.identity.partition(" ")[0])
        stack = made.get(held.resource, {}).get(number)
        found.append(held if stack is None else replace(held, origin=listing.stacks.get(stack, ())))
    return tuple(found)


def merged(
    outside: Sequence[Held], listing: Listing, pid: int, tasks_one_in: int = 1
) -> tuple[Held, ...]:
    """Return what a process holds, with what its agent knows of it.

    Args:
        outside: its descriptors, threads and children, as the kernel tells them.
        listing: its agent's.
        pid: of the process.
        tasks_one_in: how many tasks there are for each that is listed.
    """
    threads = {str(t.native): t for t in listing.threads if t.native is not None}
    unnamed = [t for t in listing.threads if t.native is None]
    found: list[Held] = []
    native: list[Held] = []
    for held in outside:
        if held.resource == "fd":
            found.append(_descriptor(held, listing))
        elif held.resource == "process":
            found.append(_child(held, listing))
        elif held.identity in threads:
            found.append(_thread(held, threads[held.identity], listing))
        else:
            native.append(replace(held, kind="thread without Python"))
    # Threads without a Thread object run Python, too, but their number in the kernel is not known.
    found += native[: max(len(native) - len(unnamed), 0)]
    for thread in unnamed:
        held = Held(resource="thread", pid=pid, identity=f"ident {thread.ident}", kind="thread")
        found.append(_thread(held, thread, listing))
    tasks = (_task(task, pid, listing) for task in listing.tasks)
    return (*found, *(replace(task, stands_for=tasks_one_in) for task in tasks))


def made(files: Sequence[Held], listings: Sequence[Listing]) -> tuple[Held, ...]:
    """Return temporary files with the stacks that made them.

    Args:
        files: as they are on disk; each is identified by its path.
        listings: of all processes, any of which may have made them.
    """
    origins = {
        path: listing.stack(number)
        for listing in listings
        for path, number in listing.files.items()
    }
    return tuple(replace(file, origin=origins.get(file.identity, ())) for file in files)


def _descriptor(held: Held, listing: Listing) -> Held:
    known = listing.descriptors.get(int(held.identity.partition(" ")[0]))
    if known is None:
        return held
    return replace(held, object_id=known.id, origin=listing.stack(known.origin))


def _thread(held: Held, thread: Thread, listing: Listing) -> Held:
    return replace(
        held,
        name=thread.name,
        runs=_routine(thread.target),
        object_id=thread.id,
        now=listing.stack(thread.stack),
        origin=listing.stack(thread.origin),
    )


def _task(task: Task, pid: int, listing: Listing) -> Held:
    return Held(
        resource="task",
        pid=pid,
        identity=str(task.id),
        kind="task",
        runs=_routine(task.coroutine),
        object_id=task.id,
        now=listing.stack(task.stack),
        origin=listing.stack(task.origin),
    )


def _child(held: Held, listing: Listing) -> Held:
    """Give a child the stack that most often started its program."""
    words = [word.rpartition("/")[2][:_KERNEL_NAME] for word in held.name.split()[:2]]
    started = [s for s in listing.spawned if s.program[:_KERNEL_NAME] in words]
    started = started or [s for s in listing.spawned if s.program == FORK]
    origin = max(started, key=lambda s: s.count).origin if started else None
    pid = int(held.identity.partition(" ")[0])
    return replace(held, object_id=listing.children.get(pid), origin=listing.stack(origin))


def _routine(place: CallFrame) -> str:
    function, file, line = place
    return f"{function} ({file}:{line})" if line else function
