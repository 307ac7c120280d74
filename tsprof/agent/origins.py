"""Remember for a while which lines open files and sockets, and start threads and processes.

Files, sockets and processes come from Python's audit events, which every Python sends whatever
library opens them. An audit hook cannot be taken back, so it is added when something leaks and not
before, and outside a recording it returns at once. What has no such event, ``Thread.start`` before
Python 3.12 and ``os.pipe``, or one without the descriptor, ``os.forkpty``, is wrapped for the
while. Coroutines tell of themselves where they were called, once their event loop's thread is asked
to note it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

    Stack = tuple[Any, ...]
    Stacks = dict[Stack, int]

FRAMES = 60  # of a stack, the innermost ones
_MOST_KEYS = 20_000  # files and objects that are remembered at a time; the oldest go first
_MOST_STACKS = 2_000
_PROBE = "tsprof.origins"
_UNHEARD = ("dup", "eventfd", "memfd_create", "openpty", "pipe", "pipe2")  # functions of os
_OPENING = frozenset({"open", "os.mkdir", "sqlite3.connect"})
_SPAWNING = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty"})
FORK = "os.fork"
"""What stands for the program of a process that was forked and runs on."""


class Recorder:
    """What opened and started things since the recording began."""

    def __init__(self) -> None:
        """Start with nothing recorded, and no hook."""
        self._heard_probe = False
        self._on = False
        self._pid = 0
        self._wrapped: list[tuple[Any, str, Any, Any]] = []
        self._clear()

    def _clear(self) -> None:
        self._frames: dict[Stack, list[list[Any]]] = {}
        self.opened: dict[str, Stacks] = {}
        """Openings of files, and makings of folders, by their path as given, and by stack."""
        self.before: frozenset[tuple[int, str]] = frozenset()
        """Descriptors that were open already, with their links in /proc."""
        self.instances: dict[int, int] = {}
        """The number of instances that there were already, by their class's id."""
        self.made: dict[int, tuple[Stack, int]] = {}
        """The stack that made a descriptor with a function of ``os``, and its inode."""
        self.sockets: dict[int, Stack] = {}
        """The stack that made a socket, by the object's id."""
        self.databases: dict[int, Stack] = {}
        """The stack that opened an SQLite file, by the connection's id (from Python 3.10 on)."""
        self.threads: dict[int, Stack] = {}
        """The stack that started a thread, by the ``Thread``'s id."""
        self.spawned: dict[str, Stacks] = {}
        """Processes started, by the base name of their program and by stack."""

    def start(
        self, before: frozenset[tuple[int, str]] = frozenset(), instances: Any = None
    ) -> bool:
        """Begin to record; return whether audit events arrive.

        Args:
            before: descriptors that are open already, with their links in /proc.
            instances: the number of instances that there are already, by class.
        """
        self._clear()
        self.before = before
        self.instances = instances or {}
        self._pid = os.getpid()
        if not self._heard_probe:
            sys.addaudithook(self._hear)  # another hook may refuse it, without an error here
            sys.audit(_PROBE)
        self._on = True
        if not self._wrapped:
            self._wrap_all()
        return self._heard_probe

    def stop(self) -> None:
        """End the recording; what was recorded stays until ``forget``."""
        self._on = False
        for owner, name, original, wrapper in self._wrapped:
            if getattr(owner, name) is wrapper:  # else somebody wrapped it anew, and calls ours
                setattr(owner, name, original)
        self._wrapped = []

    def forget(self) -> None:
        """Give back what the recording took."""
        self._clear()

    def frames(self, stack: Stack) -> list[list[Any]]:
        """Return a recorded stack as ``[function, file, line]``, innermost first."""
        return self._frames.get(stack, [])

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            if event == _PROBE:
                self._heard_probe = True
            return
        try:
            if event in _OPENING:
                if not isinstance(arguments[0], int):  # a descriptor that is open already
                    self._count(self.opened, os.fsdecode(arguments[0]))
            elif event == "socket.__new__":
                self._keep(self.sockets, id(arguments[0]))
            elif event == "sqlite3.connect/handle":
                self._keep(self.databases, id(arguments[0]))
            elif event in _SPAWNING:
                self._count(self.spawned, _program(event, arguments))
        except Exception:  # noqa: BLE001, S110 - the program's call must go on
            pass

    def _count(self, where: dict[str, Stacks], key: str) -> None:
        stack = self._stack()
        if stack is not None:
            stacks = where.get(key)
            if stacks is None:
                _make_room(where)
                stacks = where[key] = {}
            stacks[stack] = stacks.get(stack, 0) + 1

    def _keep(self, where: dict[int, Stack], key: int) -> None:
        stack = self._stack()
        if stack is None:
            where.pop(key, None)  # another object had this id
        else:
            _make_room(where)
            where[key] = stack

    def _stack(self) -> Stack | None:
        """Return the key of the stack that caused the event; None when it is not recorded."""
        if os.getpid() != self._pid:
            return None
        first: Any = sys._getframe(1)  # noqa: SLF001 - the only way to it
        while first is not None and first.f_code.co_filename == __file__:
            first = first.f_back
        last, origin = _start_of_task()
        frame = first
        key: list[Any] = [origin]
        while frame is not None and len(key) < 3 * FRAMES:
            code = frame.f_code
            key += (code.co_filename, code.co_firstlineno, frame.f_lasti)
            frame = None if frame is last else frame.f_back
        stack = tuple(key)
        if stack not in self._frames:
            if len(self._frames) >= _MOST_STACKS:
                return None
            above = [[name, file, line] for file, line, name in origin]
            self._frames[stack] = (stack_of(first, last) + above)[:FRAMES]
        return stack

    def _wrap_all(self) -> None:
        threading = sys.modules.get("threading")
        if threading is not None:
            self._wrap(threading.Thread, "start", self._note_thread)
        for name in _UNHEARD:
            if hasattr(os, name):
                self._wrap(os, name, self._note_made)
        self._wrap(os, "forkpty", self._note_forked)

    def _wrap(self, owner: Any, name: str, note: Any) -> None:
        original = getattr(owner, name)

        def wrapper(*arguments: Any, **named: Any) -> Any:
            if not self._on:
                return original(*arguments, **named)
            return note(original, arguments, named)

        self._wrapped.append((owner, name, original, wrapper))
        setattr(owner, name, wrapper)

    def _note_thread(self, original: Any, arguments: Any, named: Any) -> Any:
        try:  # noqa: SIM105 - contextlib is one more call in the target
            self._keep(self.threads, id(arguments[0]))
        except Exception:  # noqa: BLE001, S110 - the program's call must go on
            pass
        return original(*arguments, **named)

    def _note_made(self, original: Any, arguments: Any, named: Any) -> Any:
        result = original(*arguments, **named)
        self._keep_made(result if isinstance(result, tuple) else (result,))
        return result

    def _note_forked(self, original: Any, arguments: Any, named: Any) -> Any:
        pid, number = original(*arguments, **named)
        self._keep_made((number,))
        return pid, number

    def _keep_made(self, numbers: tuple[int, ...]) -> None:
        try:
            stack = self._stack()
            for number in numbers:
                if stack is not None:
                    _make_room(self.made)
                    self.made[number] = (stack, os.fstat(number).st_ino)
        except Exception:  # noqa: BLE001, S110 - the program's call must go on
            pass


def _make_room(where: dict[Any, Any]) -> None:
    if len(where) >= _MOST_KEYS:
        where.pop(next(iter(where)))


def _start_of_task() -> tuple[Any, tuple[Any, ...]]:
    """Return the outermost frame of the running asyncio task's own, and who made its coroutine.

    Below it is the event loop only. Who made it is mostly who waits for it: asyncio.wait_for, which
    httpcore connects by, has a task of its own for what it waits for (before Python 3.12).
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:  # noqa: SLF001 - in this thread
        return None, ()
    task = asyncio.current_task()
    coroutine: Any = None if task is None else task.get_coro()
    origin = getattr(coroutine, "cr_origin", None)
    return (coroutine.cr_frame, origin) if origin else (None, ())


def stack_of(frame: Any, last: Any = None) -> list[list[Any]]:
    """Return a frame and its callers as ``[function, file, line]``, innermost first.

    Args:
        frame: the innermost one.
        last: the outermost one; None for all.
    """
    found: list[list[Any]] = []
    while frame is not None and len(found) < FRAMES:
        code = frame.f_code
        name = getattr(code, "co_qualname", code.co_name)
        found.append([name, code.co_filename, frame.f_lineno or 0])
        frame = None if frame is last else frame.f_back
    return found


def _program(event: str, arguments: tuple[Any, ...]) -> str:
    if event in ("os.fork", "os.forkpty"):
        return FORK
    given = arguments[0]
    if event == "subprocess.Popen" and not given:
        command = arguments[1]
        given = command if isinstance(command, (str, bytes)) else command[0]
    return os.path.basename(os.fsdecode(given))


class CoroutineOrigins:
    """Has coroutines note where they were called, in the threads of the event loops."""

    def __init__(self) -> None:
        """Start with no loop asked."""
        self._loops: list[tuple[Any, list[int]]] = []

    def start(self, loops: list[Any]) -> None:
        """Ask the event loops' threads to note origins; it takes effect at their next turn."""
        for loop in loops:
            before: list[int] = []
            if _call_in(loop, _note_origins, before):
                self._loops.append((loop, before))

    def stop(self) -> None:
        """Ask them to leave off, where the program itself did not want it."""
        for loop, before in self._loops:
            _call_in(loop, _leave_off, before)
        self._loops = []


def _call_in(loop: Any, function: Any, argument: Any) -> bool:
    try:
        loop.call_soon_threadsafe(function, argument)
    except Exception:  # noqa: BLE001 - it may be closed, or of any kind
        return False
    return True


def _note_origins(before: list[int]) -> None:
    before.append(sys.get_coroutine_origin_tracking_depth())
    if before == [0]:
        sys.set_coroutine_origin_tracking_depth(FRAMES)


def _leave_off(before: list[int]) -> None:
    """Undo what ``_note_origins`` has done by now: a busy loop may come to both in one turn."""
    if before == [0]:
        sys.set_coroutine_origin_tracking_depth(0)
