import atexit
import functools
import gc
import inspect
import os
import queue
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tsprof.agent import entries, heap, holders, origins

sys.path.insert(0, str(Path(__file__).parent / "zoo"))

import bounded_by_size
import bounded_by_time
import leaks

ENTRIES = 200

IN_A_MODULE: list[Any] = []
REGISTRY: list[Any] = []


def kinds(module: ModuleType) -> list[Any]:
    return [kind for kind in vars(module).values() if hasattr(kind, "HELD")]


def filled(kind: Any) -> Any:
    made = kind()
    for key in range(1_000, 1_000 + ENTRIES):
        made.put(key, [key])
    return made


def held(made: Any) -> Any:
    return made if made.HELD is None else getattr(made, made.HELD)


def find(*containers: Any, **arguments: Any) -> list[dict[str, Any]]:
    wanted = [{"id": id(one), "type": heap.type_name(type(one))} for one in containers]
    containers = ()  # or it would be a way to them
    reply = holders.find({"containers": wanted, "budget": 120.0} | arguments)
    assert reply["complete"]
    found: list[dict[str, Any]] = reply["holders"]
    return found


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, dict[str, Any]]]:
    """What the agent says of every animal in the zoo, by the name of its class."""
    animals = {
        kind.__name__: filled(kind)
        for module in (bounded_by_size, bounded_by_time, leaks)
        for kind in kinds(module)
    }
    REGISTRY.append(animals)
    by_id = {one["id"]: one for one in find(*map(held, animals.values()))}
    yield {name: by_id[id(held(animal))] for name, animal in animals.items()}
    REGISTRY.clear()


@pytest.mark.parametrize("kind", kinds(bounded_by_size), ids=lambda kind: kind.__name__)
def test_a_length_that_is_compared_is_a_bound(kind: Any, found: dict[str, Any]) -> None:
    holder = found[kind.__name__]
    assert holder["entries"] == ENTRIES
    assert holder["eviction"]["kind"] == "size"
    assert holder["eviction"]["file"] == bounded_by_size.__file__
    assert holder["bound"] == kind.BOUND


@pytest.mark.parametrize("kind", kinds(bounded_by_time), ids=lambda kind: kind.__name__)
def test_entries_that_expire_are_evicted_by_time(kind: Any, found: dict[str, Any]) -> None:
    holder = found[kind.__name__]
    assert holder["eviction"]["kind"] == "time"
    assert holder["bound"] is None


@pytest.mark.parametrize("kind", kinds(leaks), ids=lambda kind: kind.__name__)
def test_a_leak_is_not_excused(kind: Any, found: dict[str, Any]) -> None:
    holder = found[kind.__name__]
    assert holder["entries"] == ENTRIES
    assert holder["eviction"] is None
    assert holder["bound"] is None
    if hasattr(kind, "NOTE"):
        assert any(kind.NOTE in note for note in holder["notes"])


def test_the_code_that_adds_and_removes_is_named(found: dict[str, Any]) -> None:
    holder = found["Listeners"]
    assert [place["function"] for place in holder["writers"]] == ["Listeners.put"]
    assert [place["function"] for place in holder["removers"]] == ["Listeners.unsubscribe"]
    assert holder["writers"][0]["file"] == leaks.__file__
    line = Path(leaks.__file__).read_text().splitlines()[holder["writers"][0]["line"] - 1]
    assert "self.callbacks.append" in line


def add_to_listeners(listeners: Any) -> None:
    listeners.put_last_listener(1)


class Trail:
    def __init__(self) -> None:
        self.rows: list[int] = []

    def put_last_listener(self, row: int) -> None:
        self.rows.append(row)


def test_the_code_that_calls_what_adds_is_named() -> None:
    trail = Trail()
    for _ in range(ENTRIES):
        add_to_listeners(trail)
    (holder,) = find(trail.rows)
    (caller,) = holder["callers"]
    assert (caller["function"], caller["file"]) == ("add_to_listeners", __file__)
    line = Path(__file__).read_text().splitlines()[caller["line"] - 1]
    assert "listeners.put_last_listener(1)" in line


class Dragged:
    pass


class Visits:
    def __init__(self) -> None:
        self.rows: list[int] = []

    def open(self, row: int) -> None:
        self.rows.append(row)


def visit(visits: Visits) -> None:
    visits.open(1)


def test_a_caller_of_a_common_name_is_looked_for_nearby() -> None:
    visits = Visits()
    for _ in range(ENTRIES):
        visit(visits)
    (holder,) = find(visits.rows)
    assert "visit" in {caller["function"] for caller in holder["callers"]}
    assert {Path(caller["file"]).parent for caller in holder["callers"]} == {Path(__file__).parent}


def failing() -> ValueError:
    dragged = Dragged()
    try:
        assert dragged
        raise ValueError  # noqa: TRY301 - it is to have a traceback
    except ValueError as error:
        return error


class Failure:
    def __init__(self, error: ValueError) -> None:
        self.error = error


@pytest.mark.parametrize(
    ("make", "keeps"),
    [
        (failing, True),
        (lambda: Failure(failing()), True),
        (lambda: failing().__traceback__, True),
        (ValueError, False),
        (lambda: [1], False),
    ],
)
def test_entries_that_keep_frames(make: Callable[[], Any], keeps: bool) -> None:  # noqa: FBT001
    IN_A_MODULE[:] = [make() for _ in range(ENTRIES)]
    (holder,) = find(IN_A_MODULE)
    IN_A_MODULE.clear()
    assert holder["keeps_frames"] == keeps


def test_what_a_kept_frame_drags_along_leads_to_what_keeps_it() -> None:
    IN_A_MODULE[:] = [failing() for _ in range(ENTRIES)]
    reply = holders.find({"types": [f"{__name__}.Dragged"], "budget": 60.0})
    (holder,) = reply["holders"]
    IN_A_MODULE.clear()
    assert holder["path"].endswith('module global "IN_A_MODULE" -> list')
    assert set(holder["found_by"]) == {f"{__name__}.Dragged"}


# -- ways ------------------------------------------------------------------------------------


def test_a_module_global() -> None:
    IN_A_MODULE[:] = range(ENTRIES)
    (holder,) = find(IN_A_MODULE)
    assert holder["path"].endswith('test_agent_holders.py: module global "IN_A_MODULE" -> list')
    assert (holder["file"], holder["files"]) == (__file__, [__file__])
    assert (holder["type"], holder["entries"], holder["root"]) == ("list", ENTRIES, "global")


class Deep:
    def __init__(self) -> None:
        self.rows: dict[str, Any] = {"first": {number: number for number in range(ENTRIES)}}


def test_a_way_through_objects_and_keys() -> None:
    REGISTRY.append(Deep())
    (holder,) = find(REGISTRY[-1].rows["first"])
    REGISTRY.clear()
    assert holder["path"].endswith('REGISTRY[...].rows["first"] -> dict')


class OnAClass:
    seen: set[int] = set()  # noqa: RUF012 - the pitfall itself


def test_threads_are_their_pools_and_not_those_of_all_threads() -> None:
    leave = threading.Event()
    pool = ThreadPoolExecutor(max_workers=200)
    REGISTRY.append(pool)
    try:
        for _ in range(20):
            pool.submit(leave.wait)
        ids = [id(thread) for thread in threading.enumerate()[-3:]]
        (holder,) = find(ids=ids, long=10, around=["threading"])
    finally:
        leave.set()
        pool.shutdown()
        REGISTRY.clear()
    assert holder["path"].endswith("ThreadPoolExecutor._threads -> set")
    assert (holder["entries"], holder["bound"]) == (20, 200)


def test_what_is_called_after_a_fork() -> None:
    os.register_at_fork(after_in_child=origins.Recorder().forget)  # in place of the agent's
    callbacks = [functools.partial(bool, number) for number in range(ENTRIES)]
    for callback in callbacks:
        os.register_at_fork(after_in_child=callback)
    lists = (one for one in gc.get_referrers(callback) if type(one) is list)
    (holder,) = find(*(one for one in lists if one is not callbacks))
    assert holder["path"] == "os.register_at_fork(after_in_child=...) -> list"
    assert holder["entries"] > ENTRIES


def test_what_is_called_at_exit() -> None:
    before = [Payload() for _ in range(ENTRIES)]
    (holder,) = find(ids=[id(before[0])], long=ENTRIES)
    assert "atexit" not in holder["path"]
    handlers = [functools.partial(bool, payload) for payload in before]
    del before
    for handler in handlers:
        atexit.register(handler)
    handlers.clear()
    try:
        reply = holders.find({"types": [f"{__name__}.Payload"], "budget": 60.0})
    finally:
        atexit.unregister(handler)
    paths = {one["path"] for one in reply["holders"]}
    assert f"atexit.register(...) -> {__name__}.Payload" in paths


def test_a_class_attribute() -> None:
    OnAClass.seen.update(range(ENTRIES))
    (holder,) = find(OnAClass.seen)
    assert holder["path"].endswith("class attribute OnAClass.seen -> set")


def make_handler() -> Callable[[int], None]:
    cache: list[Any] = []

    def handler(number: int) -> None:
        cache.append([number])

    return handler


def test_a_closure() -> None:
    handler = make_handler()
    for number in range(ENTRIES):
        handler(number)
    assert handler.__closure__ is not None
    (holder,) = find(handler.__closure__[0].cell_contents)
    path = 'closure variable "cache" of make_handler.<locals>.handler -> list'
    assert holder["path"].endswith(path)
    assert holder["writers"][0]["function"] == "make_handler.<locals>.handler"


def timed(function: Callable[[int], None]) -> Callable[[int], None]:
    timings: list[Any] = []

    @functools.wraps(function)
    def measured(number: int) -> None:
        function(number)
        timings.append([number])

    return measured


@timed
def work(_: int) -> None:
    pass


def test_a_decorator_is_not_taken_for_what_it_decorates() -> None:
    for number in range(ENTRIES):
        work(number)
    (holder,) = find(work.__closure__[1].cell_contents)  # type: ignore[attr-defined]  # a function
    name = "timed.<locals>.measured" if sys.version_info >= (3, 11) else "measured"
    assert holder["path"].endswith(f'closure variable "timings" of {name} -> list')
    assert [place["function"] for place in holder["writers"]] == [name]


def remembering(number: int, seen: list[int] = []) -> int:  # noqa: B006 - the pitfall itself
    seen.append(number)
    return len(seen)


def test_a_default_argument() -> None:
    for number in range(ENTRIES):
        remembering(number)
    assert remembering.__defaults__ is not None
    (holder,) = find(remembering.__defaults__[0])
    assert holder["path"].endswith('default argument "seen" of remembering -> list')


def test_a_local_variable_of_a_running_function() -> None:
    pending = [[number] for number in range(ENTRIES)]
    (holder,) = find(pending)
    name = "test_a_local_variable_of_a_running_function"
    assert f'local variable "pending" of {name} (line ' in holder["path"]
    assert holder["root"] == "local"


async def waiting(rows: list[Any]) -> int:
    mine = [rows]
    while True:
        await Forever()
        mine.append(rows)


class Forever:
    def __await__(self) -> Generator[None, None, None]:
        yield


def test_a_suspended_coroutine() -> None:
    def start() -> Any:
        coroutine = waiting([[number] for number in range(ENTRIES)])
        coroutine.send(None)
        return coroutine

    coroutine = start()
    rows = coroutine.cr_frame.f_locals["rows"]
    identity, kind = id(rows), heap.type_name(type(rows))
    del rows
    (holder,) = holders.find({"containers": [{"id": identity, "type": kind}]})["holders"]
    coroutine.close()
    assert 'local variable "rows" of waiting (line ' in holder["path"]


@functools.lru_cache(maxsize=4_096)
def limited(number: int) -> bytes:
    return bytes(1_000 + number)


@functools.cache
def unlimited(number: int) -> bytes:
    return bytes(1_000 + number)


@pytest.mark.parametrize(("function", "bound"), [(limited, 4_096), (unlimited, None)])
def test_lru_cache(function: Any, bound: int | None) -> None:
    for number in range(ENTRIES):
        function(number)
    inner = next(one for one in gc.get_referents(function) if type(one) is dict and one)
    (holder,) = find(inner)
    assert holder["type"] == "functools.lru_cache"
    assert holder["path"].endswith(f'global "{function.__name__}" -> functools.lru_cache')
    assert holder["bound"] == bound
    assert holder["eviction"] is None
    assert holder["bytes"] == pytest.approx(ENTRIES * 1_250, rel=0.15)
    assert holder["element_types"] == {"bytes": 50}
    line = inspect.unwrap(function).__code__.co_firstlineno
    place = {"function": function.__name__, "file": __file__, "line": line}
    assert holder["writers"] == [place]


def test_containers_that_declare_their_bound() -> None:
    window: deque[int] = deque(range(ENTRIES), maxlen=700)
    waiting_line: queue.Queue[int] = queue.Queue(maxsize=5_000)
    endless: queue.Queue[int] = queue.Queue()
    for number in range(ENTRIES):
        waiting_line.put(number)
        endless.put(number)
    by_id = {one["id"]: one for one in find(window, waiting_line.queue, endless.queue)}
    bounds = [by_id[id(one)]["bound"] for one in (window, waiting_line.queue, endless.queue)]
    assert bounds == [700, 5_000, None]


class Cache:
    """Names its bound as cachetools.Cache does."""

    def __init__(self, maxsize: int) -> None:
        self.__maxsize = maxsize
        self.__currsize = 0
        self.__data: dict[int, Any] = {}

    def put(self, key: int) -> None:
        self.__data[key] = [key]
        self.__currsize += 5

    @property
    def data(self) -> dict[int, Any]:
        assert self.__currsize <= self.__maxsize
        return self.__data


class Advised:
    """What to evict is decided elsewhere, as theine's policy in Rust does."""

    def __init__(self, max_size: int, advise: Callable[[int], int | None]) -> None:
        self.max_size = max_size
        self.values: dict[int, Any] = {}
        self.advise = advise

    def put(self, key: int) -> None:
        evicted = self.advise(key)
        if evicted is not None:
            self.values.pop(evicted)
        self.values[key] = [key]


class Forgetful:
    """Removes only when it is told to."""

    def __init__(self, max_size: int, _advise: Callable[[int], int | None]) -> None:
        self.max_size = max_size
        self.values: dict[int, Any] = {}

    def put(self, key: int) -> None:
        self.values[key] = [key]

    def forget(self, key: int) -> None:
        self.values.pop(key)


@pytest.mark.parametrize(
    ("kind", "bound", "expected"),
    [(Advised, 5_000, 5_000), (Advised, ENTRIES - 1, None), (Forgetful, 5_000, None)],
)
def test_a_cache_that_is_told_what_to_evict(
    kind: type[Advised] | type[Forgetful], bound: int, expected: int | None
) -> None:
    cache = kind(bound, lambda _: None)
    for key in range(ENTRIES):
        cache.put(key)
    (holder,) = find(cache.values)
    assert holder["bound"] == expected


def test_a_cache_whose_entries_have_sizes() -> None:
    cache = Cache(10_000)
    for number in range(ENTRIES):
        cache.put(number)
    (holder,) = find(cache.data)
    assert holder["bound"] == 2_000


# -- what is not a container -----------------------------------------------------------------


class Node:
    def __init__(self, after: "Node | None") -> None:
        self.after = after


class Chain:
    newest: Node | None = None


def test_instances_that_hang_on_each_other() -> None:
    for _ in range(ENTRIES):
        Chain.newest = Node(Chain.newest)
    reply = holders.find({"types": [f"{__name__}.Node"], "budget": 60.0})
    Chain.newest = None
    (holder,) = reply["holders"]
    structure = f"linked list of {__name__}.Node through .after"
    assert holder["path"].endswith(f"class attribute Chain.newest -> {structure}")
    assert holder["entries"] == ENTRIES
    assert holder["bytes"] == pytest.approx(ENTRIES * entries.size(Node(None)), rel=0.5)


class Edit:
    def __init__(self, previous: "Edit | None") -> None:
        self.text = bytes(300)
        self.previous = previous
        self.next: Edit | None = None


class History:
    def __init__(self) -> None:
        self.first = self.last = Edit(None)

    def add(self) -> None:
        self.last.next = self.last = Edit(self.last)


def test_a_list_that_is_linked_both_ways() -> None:
    history = History()
    for _ in range(ENTRIES - 1):
        history.add()
    REGISTRY.append(history)
    del history
    reply = holders.find({"types": [f"{__name__}.Edit"], "budget": 60.0})
    REGISTRY.clear()
    (holder,) = reply["holders"]
    structure = f"linked list of {__name__}.Edit through .next and .previous"
    assert holder["path"].endswith(f"REGISTRY[...] -> History.first -> {structure}") or holder[
        "path"
    ].endswith(f"REGISTRY[...] -> History.last -> {structure}")
    assert holder["entries"] == ENTRIES
    assert holder["found_by"] == [f"{__name__}.Edit"]
    assert holder["bytes"] == pytest.approx(ENTRIES * 460, rel=0.2)


class Result:
    def __init__(self, error: Exception) -> None:
        self.error = error


FULL: OrderedDict[int, Result] = OrderedDict()
PLACES = 70


def miss(key: int) -> None:
    """Put an error into a full cache; its traceback keeps the entry that made room."""
    evicted = FULL.popitem(last=False) if len(FULL) >= PLACES else None
    try:
        {}[key]
    except KeyError as error:
        FULL[key] = Result(error)
    assert evicted is None or evicted[1]


def test_entries_that_keep_those_evicted_for_them_in_their_tracebacks() -> None:
    for key in range(20 * PLACES):
        miss(key)
    types = ["KeyError", f"{__name__}.Result"]
    reply = holders.find({"types": types, "budget": 60.0})
    FULL.clear()
    (holder,) = reply["holders"]
    structure = f"linked list of {__name__}.Result through KeyError"
    assert holder["path"].endswith(f"FULL[...] -> {structure}")
    assert (holder["entries"], holder["bound"]) == (20 * PLACES, None)
    assert holder["nodes"] == f"{__name__}.Result"


def test_instances_that_lead_to_themselves_only_are_no_linked_list() -> None:
    for _ in range(ENTRIES):
        error = ValueError()
        try:
            raise error
        except ValueError:
            IN_A_MODULE.append(Result(error))
            error.result = IN_A_MODULE[-1]  # type: ignore[attr-defined]
    reply = holders.find({"types": [f"{__name__}.Result", "ValueError"], "budget": 60.0})
    identity = id(IN_A_MODULE)
    IN_A_MODULE.clear()
    assert [one["id"] for one in reply["holders"]] == [identity]


class Last:
    failure: Exception | None = None


def fail_again() -> None:
    try:
        try:
            if Last.failure:
                raise Last.failure
        finally:
            raise OverflowError
    except OverflowError as error:
        Last.failure = error


def test_exceptions_that_are_the_context_of_others() -> None:
    for _ in range(ENTRIES):
        fail_again()
    reply = holders.find({"types": ["OverflowError"], "budget": 60.0})
    Last.failure = None
    (holder,) = reply["holders"]
    path = "class attribute Last.failure -> linked list of OverflowError"
    assert holder["path"].endswith(path)
    assert holder["entries"] == ENTRIES


def test_classes_that_are_made_and_kept_are_data_and_those_that_are_shared_are_not() -> None:
    made = [type(f"Page{number}", (Payload,), {}) for number in range(ENTRIES)]
    (holder,) = find(made)
    assert holder["bytes"] > ENTRIES * entries.size(made[0])
    shared = [Payload] * ENTRIES
    (holder,) = find(shared)
    assert holder["bytes"] < 100 * ENTRIES


class Ring:
    def __init__(self) -> None:
        self.slots: list[Any] = [None] * 10 * ENTRIES


def test_a_ring_is_bounded_by_the_slots_that_it_has_from_the_start() -> None:
    ring = Ring()
    REGISTRY.append(ring)
    ring.slots[:ENTRIES] = [bytes(1_000) + number.to_bytes(2) for number in range(ENTRIES)]
    wanted = {"id": id(ring.slots), "type": "list", "slots": len(ring.slots)}
    (holder,) = holders.find({"containers": [wanted], "budget": 60.0})["holders"]
    REGISTRY.clear()
    assert holder["path"].endswith("Ring.slots -> list")
    assert (holder["entries"], holder["bound"]) == (ENTRIES, 10 * ENTRIES)
    assert holder["bytes"] == pytest.approx(ENTRIES * 1_056 + entries.size(ring.slots), rel=0.02)


class Generations:
    def __init__(self) -> None:
        self.young: dict[int, Any] = {}
        self.old: dict[int, Any] = {}
        self.kinds: dict[int, float] = dict.fromkeys(range(ENTRIES), 0.5)

    def put(self, key: int) -> None:
        self.young[key] = [key]
        if len(self.young) > 2 * ENTRIES:
            self.old, self.young = self.young, {}


def test_a_cache_of_two_generations_hands_its_entries_over() -> None:
    cache = Generations()
    for key in range(3 * ENTRIES):
        cache.put(key)
    (holder,) = find(cache.young)
    assert (holder["entries"], holder["bound"]) == (ENTRIES - 1, 2 * ENTRIES)
    assert holder["handed_over"] == 2 * ENTRIES + 1


class Payload:
    pass


def test_instances_lead_to_the_container_that_has_them() -> None:
    IN_A_MODULE[:] = [Payload() for _ in range(ENTRIES)]
    reply = holders.find({"types": [f"{__name__}.Payload"], "budget": 60.0})
    (holder,) = reply["holders"]
    assert holder["id"] == id(IN_A_MODULE)
    assert set(holder["found_by"]) == {f"{__name__}.Payload"}


def test_a_short_container_counts_where_few_are_looked_for() -> None:
    IN_A_MODULE[:] = [Payload() for _ in range(6)]
    reply = holders.find({"ids": [id(IN_A_MODULE[-1])], "long": 3, "budget": 60.0})
    assert [holder["id"] for holder in reply["holders"]] == [id(IN_A_MODULE)]
    reply = holders.find({"ids": [id(IN_A_MODULE[-1])], "budget": 60.0})
    assert reply["holders"][0]["entries"] is None


class Wide:
    def __init__(self) -> None:
        self.one = self.two = self.three = self.four = 1
        self.payload = Payload()


def test_many_attributes_are_not_many_entries() -> None:
    IN_A_MODULE[:] = [Wide() for _ in range(4)]
    assert len(vars(IN_A_MODULE[-1])) > len(IN_A_MODULE)
    reply = holders.find({"ids": [id(IN_A_MODULE[-1].payload)], "long": 4, "budget": 60.0})
    assert [holder["id"] for holder in reply["holders"]] == [id(IN_A_MODULE)]


# -- what is shown ---------------------------------------------------------------------------


def test_values_are_shown_only_when_asked_for() -> None:
    secrets = {f"key-{number}": "password" for number in range(ENTRIES)}
    (redacted,) = find(secrets)
    (shown,) = find(secrets, values=True)
    assert redacted["sample"] == "str(7) -> str(8)"
    assert "password" not in str(redacted)
    assert shown["sample"] == "'key-199' -> 'password'"


def test_the_size_includes_what_entries_refer_to() -> None:
    payload = [bytes(1_000) + number.to_bytes(2) for number in range(ENTRIES)]
    (holder,) = find(payload)
    assert holder["bytes"] == pytest.approx(ENTRIES * (1_056 + 8), rel=0.02)


class Hostile(dict[Any, Any]):
    """Fails whenever its own methods run."""

    def __len__(self) -> int:
        raise AssertionError

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    __hash__ = None

    def __sizeof__(self) -> int:
        raise AssertionError


def test_no_code_of_the_target_runs() -> None:
    hostile = Hostile({number: Hostile() for number in range(ENTRIES)})
    (holder,) = find(hostile)
    assert holder["entries"] == ENTRIES


def test_an_object_that_is_gone_is_no_error() -> None:
    reply = holders.find({"containers": [{"id": 12345, "type": "dict"}]})
    assert reply["holders"] == []


def test_the_search_ends_in_time() -> None:
    IN_A_MODULE[:] = range(ENTRIES)
    kind = {"id": id(IN_A_MODULE), "type": "list"}
    reply = holders.find({"containers": [kind], "budget": 0.0})
    assert not reply["complete"]


def test_a_search_leaves_nothing_behind() -> None:
    IN_A_MODULE[:] = range(ENTRIES)
    find(IN_A_MODULE)
    gc.collect()
    gc.disable()  # what only the collector could free is left behind
    try:
        before = set(map(id, gc.get_objects()))
        find(IN_A_MODULE)
        left = [one for one in gc.get_objects() if id(one) not in before]
        assert not [one for one in left if type(one) in (list, dict) and len(one) > 1_000]
        assert not [one for one in left if "tsprof.agent" in heap.type_name(type(one))]
    finally:
        gc.enable()
