"""The holders: which container keeps what grows alive, by which way, and whether it is bounded."""

from __future__ import annotations

import atexit
import collections
import functools
import gc
import time
import types

from . import entries, eviction, heap, meaning, objects, paths
from .program import Program
from .roots import LRU_CACHE, Walk

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_LONG = 64  # entries from which a container on the way may be what grows
_READ = 60  # functions that are read for one name of a container
_BOUNDS = ("maxsize", "_maxsize", "max_size", "_max_size", "max_entries", "capacity", "_capacity")
_OWNERS = 6  # objects above a container, dicts and lists included, one of which may be a cache
_ROOTS = frozenset({"global", "class", "closure", "default", "local"})
"""Kinds of steps at which a way begins."""
_FORK_HOOKS = "os.register_at_fork(after_in_child=...) -> list"
_EXIT_HANDLERS = "atexit.register(...) -> %s"
_CALLED = (
    types.MethodType, types.FunctionType, types.BuiltinFunctionType, functools.partial, tuple,
)  # fmt: skip
_WRAPPERS = frozenset({"weakref", "_weakrefset", "collections", "queue", "asyncio.queues"})


def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """Find what holds growing containers, and the newest objects of growing types.

    Args:
        arguments: ``containers``: ids with types, as ``census.take`` returned them; ``ids``: of
            small containers that gain together; ``types``: names of types whose instances grow,
            or a mapping of names to the numbers that they gained; ``between``: names of all types
            that gained, by which instances may refer to each other; ``instances``: new ones of each
            that are looked at (default 3); ``long``: entries from which a container on the way
            may be what grows (default 64); ``budget`` in seconds (default 6); ``values``: whether
            the sample shows values (default false); ``around``: names of modules that are not
            what holds them.

    Returns:
        ``holders``: a dict each, see ``_described``; ``complete`` and ``seconds``.
    """
    began = time.perf_counter()
    gc.collect(1)  # what the agent's last answer left is among the newest objects
    with heap.CollectorPaused():
        until = began + arguments.get("budget", 6.0)
        program = Program(arguments, until)
        walk = Walk(until, arguments.get("around", ()))
        holders: dict[Any, dict[str, Any]] = {}
        while program.starts and not walk.out_of_time:
            start = program.starts.pop(0)
            chains = walk.chains(start, () if type(start) in program.linked else program.linked)
            if not chains or any(map(objects.is_agents, chains[0])):
                continue
            chain, *others = chains
            chain = program.cut(chain, arguments.get("long", _LONG))
            held = chain[-1]
            if held is start or id(held) not in holders:
                described = _described(chain, program, show=arguments.get("values", False))
                key = described["id"] if described["entries"] is not None else described["path"]
                if key not in holders and heap.container_base(type(held)) is not None:
                    others = others if held is start else walk.chains(held)[1:]
                    _judge([chain, *others], described, program, until)
                elif type(held) in program.linked:
                    made = heap.type_name(type(held)) + ".__init__"
                    module = vars(type)["__module__"].__get__(type(held))
                    described["callers"] = program.callers(made, objects.module_file(module))
                known = holders.setdefault(key, described)
                if known["root"] not in _ROOTS and described["root"] in _ROOTS:
                    described["found_by"] = known["found_by"]
                    holders[key] = described
                described = holders[key]
            else:
                described = holders[id(held)]
            if held is not start:
                described["found_by"].append(heap.type_name(type(start)))
        for described in holders.values():
            for place in described["writers"]:
                described["callers"] += program.callers(place["function"], place["file"])
        return {
            "holders": list(holders.values()),
            "complete": not walk.out_of_time,
            "seconds": time.perf_counter() - began,
        }


def _described(chain: list[Any], program: Program, *, show: bool) -> dict[str, Any]:
    """Describe a holder: a container, a linked list, or an object that is neither.

    Returns:
        ``path``, ``root`` (kind of the first step), ``type``, ``id``, ``entries`` (None for an
        object that is no container), ``bytes`` (estimated from the newest entries),
        ``table_bytes`` (of them the container's own), ``sample``, ``nodes`` (the type of which the
        entries of a linked structure are; None for others),
        ``file`` and ``line`` to open, ``files`` (whose code has the steps of the way), ``parents``
        (id and entries of the containers above), ``element_types`` (of the newest entries: number
        by type), ``keeps_frames`` (whether they are exceptions or the like, and so keep what others
        allocated), ``found_by`` (types from which the walk came here), and room for what ``_judge``
        and ``_callers`` find.
    """
    held = chain[-1]
    base = heap.container_base(type(held))
    structure = program.linked.get(type(held))
    label, length, peers = _label(chain), None, frozenset[int]()
    has_slots = id(held) in program.slots
    if has_slots:
        newest = entries.newest_in_slots(held)
    elif _is_of_lru_cache(chain):
        newest = entries.newest_of_lru_cache(chain[-2], held)
    else:
        newest = entries.newest(held, base)
    if base is not None:
        length = heap.filled_slots(held) if has_slots else heap.LENGTHS[base](held)
    elif structure is not None:
        label, length, peers = structure.label, structure.entries, structure.peers
        newest = [(item,) for item in structure.newest]
    way = paths.steps(chain)
    file, line = paths.source(way) if way else ("", 0)
    return {
        "path": paths.text(way, label)
        if _begins(way)
        else _from_the_interpreter(chain, way, label),
        "root": way[0].kind if way else "unknown",
        "type": label,
        "id": id(held) if structure is None else id(type(held)),
        "entries": length,
        "bytes": entries.estimated_bytes(held, newest, length, peers),
        "table_bytes": entries.size(held) if length and structure is None else 0,
        "sample": entries.sample(newest, show=show),
        "nodes": None if structure is None else heap.type_name(type(held)),
        "file": file,
        "line": line,
        "files": sorted({paths.source([step])[0] for step in way if step.kind != "element"}),
        "parents": _parents(chain),
        "element_types": entries.element_types(newest),
        "keeps_frames": entries.keep_frames(newest),
        "found_by": [] if structure is None else [heap.type_name(type(held))],
        "bound": program.slots.get(id(held)),
        "handed_over": 0,
        "eviction": None,
        "writers": [],
        "callers": [],
        "removers": [],
        "notes": [],
    }


def _begins(way: list[paths.Step]) -> bool:
    """Tell whether a way has a root; another says no more than where the walk ended."""
    return bool(way) and way[0].kind in _ROOTS


def _from_the_interpreter(chain: list[Any], way: list[paths.Step], label: str) -> str:
    """Say what holds an object by a way without a root, where it is the interpreter itself."""
    if not way and _are_fork_hooks(chain[-1]):
        return _FORK_HOOKS
    # Up to Python 3.13 these are in a table that is not shown; few programs have more than ten.
    handlers: int = atexit._ncallbacks()  # noqa: SLF001
    if handlers >= _LONG and any(objects.is_a(chain[0], kind) for kind in _CALLED):
        return _EXIT_HANDLERS % label
    return paths.text(way, label)


def _are_fork_hooks(held: Any) -> bool:
    """Tell the list of what is called after a fork, which the interpreter itself has, from others.

    The agent's own callback is in it.
    """
    return type(held) is list and any(
        type(item) is types.MethodType and objects.is_agents(item.__self__) for item in held
    )


def _judge(
    chains: list[list[Any]], described: dict[str, Any], program: Program, until: float
) -> None:
    """Add what ``eviction.judge`` finds under the holder's names, and a declared bound."""
    held, length = chains[0][-1], described["entries"]
    for subject in _subjects([paths.steps(chain) for chain in chains], held, program):
        if time.perf_counter() > until:
            described["notes"].append("no time was left to look for code that evicts")
            break
        judgement = eviction.judge(subject, length, program.index())
        for name in ("writers", "removers", "notes"):
            described[name] += [one for one in judgement[name] if one not in described[name]]
        if judgement["eviction"] is not None:
            described.update(bound=judgement["bound"], eviction=judgement["eviction"])
            break
    if _is_of_lru_cache(chains[0]):
        described["writers"] += _cached_function(chains[0][-2])
    known = _known_bound(chains[0], length)
    if known is None and described["bound"] is None:
        known = _declared_bound(chains[0], described)
    if known is not None:
        described["bound"] = known
    way = paths.steps(chains[0])
    if described["bound"] is not None and way and way[-1].kind in ("attribute", "global"):
        described["handed_over"] = entries.handed_over(way[-1], held, described["bound"])


def _is_of_lru_cache(chain: list[Any]) -> bool:
    """Tell the dict of a functools.lru_cache from what the cache has as a value."""
    return len(chain) > 1 and type(chain[-2]) is LRU_CACHE and type(chain[-1]) is dict


def _cached_function(cache: Any) -> list[dict[str, Any]]:
    """Return the function whose results a functools.lru_cache keeps, as what writes into it."""
    function = (objects.instance_dict(cache) or {}).get("__wrapped__")
    if type(function) is not types.FunctionType:
        return []
    code = function.__code__
    place = {"function": function.__qualname__, "file": code.co_filename}
    return [dict(place, line=code.co_firstlineno)]


def _label(chain: list[Any]) -> str:
    if _is_of_lru_cache(chain):
        return "functools.lru_cache"
    return heap.type_name(type(chain[-1]))


def _known_bound(chain: list[Any], length: int) -> int | None:
    """Return the bound that a container of the standard library or cachetools declares."""
    if issubclass(type(chain[-1]), collections.deque):
        longest: int | None = vars(collections.deque)["maxlen"].__get__(chain[-1])
        if longest is not None:
            return longest
    for owner in chain[-3:-1]:
        if type(owner) is LRU_CACHE:
            return LRU_CACHE.cache_info(owner).maxsize  # type: ignore[no-any-return]
        if heap.type_name(type(owner)).startswith(("queue.", "asyncio.queues.")):
            for name in ("maxsize", "_maxsize"):
                limit = objects.static_attribute(owner, name)
                if isinstance(limit, int) and limit > 0:
                    return limit
        limit, size = (
            objects.static_attribute(owner, name)
            for name in ("_Cache__maxsize", "_Cache__currsize")
        )
        if isinstance(limit, (int, float)) and isinstance(size, (int, float)) and size > 0:
            return int(length * limit / size)
    return None


def _declared_bound(chain: list[Any], described: dict[str, Any]) -> int | None:
    """Return the bound that an owner declares, where a function that adds entries removes others.

    What decides may be written in C: theine's policy in Rust tells its Python code what to evict.
    """
    adding = {place["function"] for place in described["writers"]}
    if adding.isdisjoint(place["function"] for place in described["removers"]):
        return None
    for owner in chain[-1 - _OWNERS : -1]:
        for name in _BOUNDS:
            limit = objects.static_attribute(owner, name)
            if type(limit) is int and limit >= described["entries"]:
                return limit
    return None


def _subjects(
    ways: list[list[paths.Step]], held: Any, program: Program
) -> Iterator[eviction.Subject]:
    """Yield the names under which code may evict from a container."""
    if heap.container_base(type(held)) is not type(held):
        own = objects.routines_of_class(type(held))
        yield eviction.Subject(meaning.Pattern(("self",), ()), own, [], held)
    seen = set()
    for way in ways:
        steps: tuple[str | None, ...] = ()
        for step in reversed(way):
            if step.kind == "element":
                steps = (None, *steps)
                continue
            if (id(step.owner), step.name) in seen:
                break
            seen.add((id(step.owner), step.name))
            subject = _subject(step, steps, program)
            if subject is not None:
                yield subject
            wrapper = heap.type_name(type(step.owner)).rpartition(".")[0]
            if step.kind != "attribute" or wrapper not in _WRAPPERS:
                break
            steps = ()


def _subject(
    step: paths.Step, steps: tuple[str | None, ...], program: Program
) -> eviction.Subject | None:
    name, owner = step.name, step.owner
    if not isinstance(name, str):
        return None
    if step.kind == "global":
        pattern = meaning.Pattern(("global", name), steps)
        own = _with_callers([r for r in program.routines if r.globals is owner], name)
        others = [r for r in program.index().get(name, ()) if r.globals is not owner]
        return eviction.Subject(pattern, own, others[:_READ], None)
    if step.kind in ("attribute", "class") and type(owner) is not types.FunctionType:
        kind = owner if objects.is_a(owner, type) else type(owner)
        pattern = meaning.Pattern(("self",), (name, *steps))
        every = objects.routines_of_class(kind)
        own = _with_callers(every, name)
        codes = {id(routine.code) for routine in every}
        home = heap.type_name(kind).partition(".")[0]
        others = [
            routine
            for routine in program.index().get(name, ())
            if id(routine.code) not in codes
            and str(routine.globals.get("__name__", "")).partition(".")[0] == home
        ]
        return eviction.Subject(pattern, own, others[:_READ], owner)
    if step.kind in ("closure", "local"):
        pattern = meaning.Pattern(("closure", name), steps)
        return eviction.Subject(pattern, _sharing(step, program), [], None)
    return None


def _with_callers(routines: Sequence[objects.Routine], name: str) -> list[objects.Routine]:
    """Return the routines that mention a name, those that call them, and so on."""
    names = {id(routine.code): objects.names_in(routine.code) for routine in routines}
    wanted, found = {name}, []
    for _ in range(3):
        found = [r for r in routines if not wanted.isdisjoint(names[id(r.code)])]
        called = {routine.code.co_name for routine in found}
        wanted |= called | ({"len"} if "__len__" in called else set())
    return found[:_READ]


def _sharing(step: paths.Step, program: Program) -> list[objects.Routine]:
    """Return the code that sees a local variable: of its own function and of those within."""
    if step.kind == "closure":
        at = step.owner.__code__.co_freevars.index(step.name)
        cell = step.owner.__closure__[at]
        return [r for r in program.routines if any(shared is cell for shared in r.cells)]
    for attribute in ("f_code", "cr_code", "gi_code", "ag_code"):
        code = getattr(step.owner, attribute, None)
        if code is not None:
            frame = getattr(step.owner, attribute[:3] + "frame", step.owner)
            return [objects.Routine(code.co_name, code, getattr(frame, "f_globals", {}), {}, ())]
    return []


def _parents(chain: list[Any]) -> list[list[int]]:
    found = []
    for item in chain[-2::-1]:
        base = heap.container_base(type(item))
        if base is not None:
            found.append([id(item), heap.LENGTHS[base](item)])
    return found
