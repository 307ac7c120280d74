"""List what this process holds open and runs: descriptors, threads, asyncio tasks, children.

Two lists around counted load tell what is new; in between, ``origins`` remembers which lines
opened and started things.
"""

from __future__ import annotations

import _io
import _socket
import functools
import gc
import os
import sys
import types

from . import heap, keepers, objects, origins
from .counters import unfinished_tasks

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

_DELETED = " (deleted)"
_SQLITE_SUFFIXES = ("-wal", "-shm", "-journal")  # files that it opens beside a database
_MOST = 50_000  # of each resource
_SCATTER = 2_654_435_761  # makes the bits of an address even; Knuth's multiplicative hashing
# The agent calls module functions, and a process has one audit hook of ours at most.
_recorder = origins.Recorder()
_coroutines = origins.CoroutineOrigins()


def start(arguments: dict[str, Any]) -> dict[str, Any]:
    """List everything, and remember from now on what opens and starts things.

    Args:
        arguments: those of ``stop``.

    Returns:
        As ``stop``; ``recording``: whether Python tells the agent of what it opens.
    """
    gc.collect()
    recording = _recorder.start(frozenset(_links().items()), keepers.instances())
    _coroutines.start(_loops())
    return {"recording": recording, **_Listing().reply(arguments)}


def stop(arguments: dict[str, Any]) -> dict[str, Any]:
    """List everything again, with origins, and remember no more of them.

    Args:
        arguments: ``temporary``: the path of the program's own folder for temporary files, or None.
            ``tasks_one_in``: of the tasks, list one in so many only.

    Returns:
        ``descriptors``: by number as text, a dict each with the ``id`` of the Python object that
        owns it and its ``origin``, where they are known. ``threads``: dicts with ``id`` (of the
        ``Thread`` object, or None), ``ident``, ``native`` (the kernel's id), ``name``, ``target``
        (``[function, file, line]``), ``stack`` and ``origin``. ``tasks``: dicts with ``id``,
        ``coroutine`` (``[function, file, line]``), ``stack`` (where it waits) and ``origin``.
        ``children``: ids of the ``Popen`` objects by pid as text. ``spawned``: dicts with
        ``program``, ``origin`` and ``count``. ``files``: by path the ``origin`` of what is in the
        temporary folder. ``stacks``: lists of ``[function, file, line]``, innermost first, which
        ``stack`` and ``origin`` number; None where nothing is known.
    """
    _recorder.stop()
    _coroutines.stop()
    gc.collect()
    return _Listing().reply(arguments)


def forget(_arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave off remembering, if that was not done, and give back the memory that it took."""
    _recorder.stop()
    _coroutines.stop()
    _recorder.forget()
    return {}


def _loops() -> list[Any]:
    found: dict[int, Any] = {}
    for task in unfinished_tasks() or ():
        loop = task.get_loop()
        found.setdefault(id(loop), loop)
    return list(found.values())


class _Listing:
    """One look at the process."""

    def __init__(self) -> None:
        self._stacks: dict[tuple[tuple[Any, ...], ...], int] = {}

    def reply(self, arguments: dict[str, Any]) -> dict[str, Any]:
        with heap.CollectorPaused():
            owners, children = _python_owners()
            opened = _by_real_path(_recorder.opened)
            return {
                "descriptors": self._descriptors(owners, opened),
                "threads": self._threads(),
                "tasks": self._tasks(arguments.get("tasks_one_in", 1)),
                "children": children,
                "spawned": [
                    {"program": program, "origin": self._recorded(stack), "count": count}
                    for program, stacks in list(_recorder.spawned.items())
                    for stack, count in list(stacks.items())
                ],
                "files": self._files(arguments.get("temporary"), opened),
                "stacks": [list(stack) for stack in self._stacks],
            }

    def _number(self, stack: list[list[Any]]) -> int | None:
        """Return the number of a stack among those of the reply."""
        if not stack:
            return None
        return self._stacks.setdefault(tuple(map(tuple, stack)), len(self._stacks))

    def _recorded(self, stack: Any) -> int | None:
        return None if stack is None else self._number(_recorder.frames(stack))

    def _descriptors(
        self, owners: dict[int, Any], opened: dict[str, dict[Any, int]]
    ) -> dict[str, dict[str, Any]]:
        links = _links()
        new = links.items() - _recorder.before
        alike: dict[str, int] = {}
        for _, link in new:
            alike[link] = alike.get(link, 0) + 1
        connections = _by_stack(_recorder.databases)
        strangers = {number for number, _ in new} - owners.keys()
        known = _recorder.instances
        kept = keepers.keepers(strangers, links.keys(), known) if strangers else {}
        found = {}
        for number, link in links.items():
            owner = owners.get(number)
            origin = None
            if (number, link) in new:
                origin = _opener(number, link, owner, opened, alike[link])
            identity = None if owner is None else id(owner)
            if identity is None and connections.get(origin):
                identity = connections[origin].pop()
            at = self._recorded(origin)
            if number in kept:
                keeper, name = kept[number]
                identity = id(keeper) if identity is None else identity
                at = self._number(keepers.where_stored(type(keeper), name)) if at is None else at
            found[str(number)] = {"id": identity, "origin": at}
        return found

    def _files(
        self, folder: str | None, opened: dict[str, dict[Any, int]]
    ) -> dict[str, int | None]:
        """Return who was the first to open what is in the folder now, and so has made it."""
        if folder is None:
            return {}
        return {
            path: self._recorded(next(iter(stacks)))
            for path, stacks in opened.items()
            if path.startswith(folder + os.sep) and os.path.lexists(path)
        }

    def _threads(self) -> list[dict[str, Any]]:
        threading = sys.modules.get("threading")
        known = dict(getattr(threading, "_active", {}))
        tops = sys._current_frames()  # noqa: SLF001 - the only way to them
        found = []
        for ident, frame in list(tops.items())[:_MOST]:
            thread = known.get(ident)
            own = {} if thread is None else objects.instance_dict(thread) or {}
            stack = origins.stack_of(frame)
            if objects.is_agents_code(frame.f_code) or not stack:
                continue
            found.append(
                {
                    "id": None if thread is None else id(thread),
                    "ident": ident,
                    "native": own.get("_native_id"),
                    "name": str(own.get("_name", "")),
                    "target": _target(thread, own) or stack[-1],
                    "stack": self._number(stack),
                    "origin": self._recorded(_recorder.threads.get(id(thread))),
                }
            )
        return found

    def _tasks(self, one_in: int) -> list[dict[str, Any]]:
        found = []
        for task in _sample(unfinished_tasks() or [], one_in)[:_MOST]:
            coroutine = task.get_coro()
            waiting = _waiting(coroutine)
            origin = getattr(coroutine, "cr_origin", None) or ()
            found.append(
                {
                    "id": id(task),
                    "coroutine": _routine(coroutine),
                    "stack": self._number(waiting),
                    "origin": self._number([[name, file, line] for file, line, name in origin]),
                }
            )
        return found


def _python_owners() -> tuple[dict[int, Any], dict[str, int]]:
    """Return the objects that hold descriptors, by number, and the ids of ``Popen`` ones by pid."""
    owners: dict[int, Any] = {}
    children: dict[str, int] = {}
    items = heap.objects()
    kinds = {kind for kind in set(map(type, items)) if _may_own(kind)}
    for item in [item for item in items if type(item) in kinds]:
        kind = type(item)
        if issubclass(kind, _io.FileIO):
            _own(owners, _io.FileIO.fileno, item)
        elif issubclass(kind, _socket.socket):
            _own(owners, _socket.socket.fileno, item)
        else:
            pid = (objects.instance_dict(item) or {}).get("pid")
            if isinstance(pid, int):
                children[str(pid)] = id(item)
    return owners, children


def _may_own(kind: type) -> bool:
    return issubclass(kind, (_io.FileIO, _socket.socket)) or kind.__name__ == "Popen"


def _own(owners: dict[int, Any], fileno: Any, item: Any) -> None:
    try:
        owners[fileno(item)] = item
    except (OSError, ValueError):  # it is closed
        return


def _links() -> dict[int, str]:
    """Return what each descriptor is, as the kernel names it."""
    found = {}
    for name in os.listdir("/proc/self/fd")[:_MOST]:
        try:
            found[int(name)] = os.readlink("/proc/self/fd/" + name)
        except OSError:  # the one that listed them
            continue
    return found


def _by_real_path(opened: dict[str, Any]) -> dict[str, dict[Any, int]]:
    """Return the openings by the path that the kernel shows."""
    found: dict[str, dict[Any, int]] = {}
    for given, stacks in list(opened.items()):
        path = given.partition("?")[0].replace("file:", "", 1)  # SQLite takes URIs
        counts = found.setdefault(os.path.realpath(path), {})
        for stack, count in list(stacks.items()):
            counts[stack] = counts.get(stack, 0) + count
    return found


def _by_stack(made: dict[int, Any]) -> dict[Any, list[int]]:
    """Return the ids of what a stack made; those of the living are the newest."""
    found: dict[Any, list[int]] = {}
    for identity, stack in list(made.items()):
        found.setdefault(stack, []).append(identity)
    return found


def _opener(number: int, link: str, owner: Any, opened: dict[str, Any], alike: int) -> Any:
    """Return the stack that opened a descriptor, or None.

    Where one path is opened from several lines, the one that opened it as often as it is open now
    is the one that does not close it.
    """
    if owner is not None and id(owner) in _recorder.sockets:
        return _recorder.sockets[id(owner)]
    if number in _recorder.made:
        stack, inode = _recorder.made[number]
        if _inode(number) == inode:  # else it was closed, and the number given again
            return stack
    path = link.removesuffix(_DELETED)
    stacks = opened.get(path)
    for suffix in _SQLITE_SUFFIXES:
        if stacks is None and path.endswith(suffix):
            stacks = opened.get(path[: -len(suffix)])
    if stacks is None and os.path.basename(path).startswith("#"):  # O_TMPFILE
        stacks = opened.get(os.path.dirname(path))
    if not stacks:
        return None
    return min(stacks, key=lambda stack: abs(stacks[stack] - alike))


def _inode(number: int) -> int | None:
    try:
        return os.fstat(number).st_ino
    except OSError:
        return None


def _target(thread: Any, own: dict[str, Any]) -> list[Any] | None:
    """Return what a thread runs: its target, or its class's own ``run``."""
    target = own.get("_target")
    if target is None and thread is not None:
        runs = [vars(base)["run"] for base in type(thread).__mro__ if "run" in vars(base)]
        target = runs[0] if runs else None
    if type(target) is functools.partial:
        target = target.func
    if type(target) is types.MethodType:
        target = target.__func__
    if type(target) is types.BuiltinFunctionType:
        return ["%s.%s" % (target.__module__, target.__name__), "", 0]
    if type(target) is not types.FunctionType:
        return None
    code = target.__code__
    return [target.__qualname__, code.co_filename, code.co_firstlineno]


def _sample(items: list[Any], one_in: int) -> list[Any]:
    """Return one in so many, the same ones whenever it is asked."""
    return [item for item in items if id(item) * _SCATTER >> 16 & 0xFFFF < 0x10000 // one_in]


def _routine(coroutine: Any) -> list[Any]:
    code = _part(coroutine, "code")
    name = str(getattr(coroutine, "__qualname__", type(coroutine).__qualname__))
    return [name, code.co_filename, code.co_firstlineno] if code else [name, "", 0]


def _waiting(coroutine: Any) -> list[list[Any]]:
    """Return the coroutines that await each other, the one that waits first."""
    found: list[list[Any]] = []
    while coroutine is not None and len(found) < origins.FRAMES:
        frame = _part(coroutine, "frame")
        if frame is not None:
            routine = _routine(coroutine)
            found.append([routine[0], routine[1], frame.f_lineno or 0])
        coroutine = getattr(coroutine, "cr_await", None) or getattr(
            coroutine, "gi_yieldfrom", getattr(coroutine, "ag_await", None)
        )
    return found[::-1]


def _part(coroutine: Any, part: str) -> Any:
    for prefix in ("cr_", "gi_", "ag_"):
        found = getattr(coroutine, prefix + part, None)
        if found is not None:
            return found
    return None
