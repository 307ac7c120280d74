"""What a count leak consists of: kinds, lines, holders."""

from tsprof.analysis.attribution.counted_resources import (
    FROM_A_CLIENT,
    CountedResource,
    Grown,
    Held,
    grown,
    lasting,
)
from tsprof.analysis.attribution.culprits import (
    Culprit,
    Recorder,
    Seen,
    beside_memory,
    culprit,
    worth_naming,
)
from tsprof.analysis.attribution.listings import (
    Descriptor,
    Listing,
    NativeListing,
    Spawned,
    Task,
    Thread,
    merged,
    with_origins,
)
from tsprof.analysis.attribution.sites import Origin
from tsprof.report.model import Holder, Site

EXPORT = (("open_it", "/lib/python/tempfile.py", 5), ("export", "app.py", 31), ("run", "app.py", 9))
HOLDER = Holder(path='app.py: module global "handles" -> list', type="list", entries_per_request=1)


def origin_of(file: str) -> Origin:
    return Origin(kind="interpreter" if file.startswith("/lib") else "application")


def files(numbers: range, name: str = "/data/x-{}.csv", pid: int = 1, **more: object) -> list[Held]:
    return [
        Held(
            resource="fd",
            pid=pid,
            identity=f"{number} {name.format(number)}",
            kind="regular file",
            name=name.format(number),
            **more,  # type: ignore[arg-type]  # fields
        )
        for number in numbers
    ]


def named(
    groups: tuple[Grown, ...],
    resource: CountedResource = "fd",
    *,
    expected: float = 20,
    holders: dict[str, Holder] | None = None,
    recorder: Recorder | None = "Python",
) -> Culprit:
    worth = worth_naming(groups, resource, expected=expected, clients=10)
    seen = Seen(
        resource=resource,
        groups=worth,
        holders=holders or {},
        requests=1000,
        expected=expected,
        recorders={} if recorder is None else {1: recorder},
    )
    return culprit(seen, origin_of)


def test_it_names_the_kind_the_users_own_line_and_the_holder() -> None:
    before = files(range(5))
    groups = grown(before, before + files(range(5, 25), origin=EXPORT))
    found = named(groups, holders={groups[0].what: HOLDER})
    assert found.title == (
        "regular file /data/x-*.csv, opened in export (app.py:31), "
        'held by app.py: module global "handles" -> list'
    )
    (site,) = found.sites
    assert (site.function, site.line, site.share, site.bytes_per_request) == ("export", 31, 1.0, 0)
    assert [frame.function for frame in site.stack] == ["open_it", "export", "run"]
    assert found.holders == (HOLDER,)


def bounded(entries: int, bound: int | None = 900) -> Holder:
    return HOLDER.model_copy(update={"entries": entries, "bound": bound})


def filling(holder: Holder, *others: Held) -> Holder | None:
    """Return what 20 new files fill, which a holder has."""
    groups = grown([], files(range(20)) + list(others))
    return named(groups, holders={groups[0].what: holder}).filling


def test_a_pool_with_room_is_filling() -> None:
    assert filling(bounded(300)) == bounded(300)


def test_a_full_pool_an_unbounded_one_or_a_short_ring_is_not() -> None:
    assert filling(bounded(900)) is None
    assert filling(bounded(300, None)) is None
    assert filling(bounded(8, 10)) is None


def test_a_pool_that_has_the_smaller_part_does_not_excuse_the_rest() -> None:
    others = files(range(100, 119), name="/srv/log-{}.txt") + files(range(200, 219), "/tmp/{}.sock")
    assert filling(bounded(300), *others) is None


RENEW = (("renew", "app.py", 50),)


def test_what_a_pool_renews_is_not_among_what_leaks() -> None:
    """In the middle of the load it had others, and so many of them."""
    leak, pool = files(range(20), origin=EXPORT), files(range(30, 36), origin=RENEW)
    groups = grown(files(range(40, 46)), leak + pool)
    assert len(named(groups).sites) == 2
    (group,) = lasting(groups, leak[:10] + files(range(50, 56)))
    assert (group.gained, group.new) == (20, tuple(leak))
    (site,) = named((group,)).sites
    assert (site.function, site.share) == ("export", 1.0)
    few = grown([], leak + pool[:4])
    assert lasting(few, leak[:10]) == few  # that may be by chance


def test_where_nothing_new_has_lasted_all_of_it_is_named() -> None:
    groups = grown([], files(range(2), origin=EXPORT) + files(range(2, 4)))
    assert lasting(groups, []) == groups
    assert lasting(groups, files(range(2, 4))) == groups  # made by a call that was not seen


def test_a_native_program_tells_the_stacks_of_what_it_holds() -> None:
    thread = Held(resource="thread", pid=1, identity="9", kind="thread", name="worker")
    child = Held(resource="process", pid=1, identity="3 1.5", kind="process", name="sh")
    noted = NativeListing(descriptors={3: 7, 4: 8}, threads={9: 7}, stacks={7: EXPORT})
    held = with_origins([*files(range(3, 6)), thread, child], noted)
    assert [h.origin for h in held] == [EXPORT, (), (), EXPORT, ()]


def test_a_program_without_debug_information_has_no_line() -> None:
    origin = (("export", "/srv/service", 0),)
    title = named(grown([], files(range(20), origin=origin))).title
    assert title == "regular file /data/x-*.csv, opened in export (/srv/service)"


def test_processes_are_taken_together() -> None:
    after = files(range(10), origin=EXPORT) + files(range(10), pid=2, origin=EXPORT)
    (group,) = grown([], after)
    assert (group.gained, len(group.new)) == (20, 20)


def test_what_is_only_replaced_has_not_grown() -> None:
    assert grown(files(range(10)), files(range(10, 20))) == ()


def test_a_few_more_beside_the_leak_are_not_named() -> None:
    leak = files(range(20), origin=EXPORT)
    groups = grown([], leak + files(range(100, 102), name="/data/{}.log", origin=EXPORT))
    assert len(groups) == 2
    found = named(groups)
    assert len(found.sites) == 1
    assert ".log" not in " ".join(found.details)


def test_as_many_new_connections_as_there_are_clients_are_no_leak() -> None:
    def connections(count: int) -> tuple[Grown, ...]:
        kept = [
            Held(resource="fd", pid=1, identity=f"{n}", kind=FROM_A_CLIENT, name="127.0.0.1:80")
            for n in range(count)
        ]
        return worth_naming(grown([], kept), "fd", expected=20, clients=10)

    assert connections(10) == ()
    assert connections(11)[0].what == "TCP from a client to 127.0.0.1:80"


def test_growth_that_became_slower_says_so() -> None:
    slower = named(grown([], files(range(8), origin=EXPORT)), expected=20)
    assert slower.details[:2] == (
        "8 more came in 1,000 further requests",
        "20 were to be expected: they may go by themselves after a while",
    )


def test_it_says_when_it_does_not_know_the_line() -> None:
    groups = grown([], files(range(15), origin=EXPORT) + files(range(100, 105)))
    assert any(
        "not known of 5 of 20: Python was not told" in text for text in named(groups).details
    )
    (without,) = named(grown([], files(range(5))), expected=5, recorder=None).details[1:]
    assert "no agent in the process noted it" in without
    (native,) = named(grown([], files(range(5))), expected=5, recorder="native").details[1:]
    assert "not known of 5 of 5: they were opened by system calls of the program's own" in native


def test_a_leak_that_does_not_go_on_has_no_culprit() -> None:
    found = named(())
    assert (found.title, found.sites) == ("", ())
    assert "no kind of them grew within 1,000 further requests" in found.details


def listing(**more: object) -> Listing:
    empty: dict[str, object] = {
        "descriptors": {}, "threads": (), "tasks": (), "children": {}, "spawned": (),
        "stacks": (EXPORT,),
    }  # fmt: skip
    return Listing(**(empty | more))  # type: ignore[arg-type]  # fields


def test_the_agent_adds_the_object_and_the_line_of_a_descriptor() -> None:
    known = listing(descriptors={3: Descriptor(id=77, origin=0), 4: Descriptor(id=None, origin=9)})
    first, second, third = merged(files(range(3, 6)), known, 1)
    assert (first.object_id, first.origin) == (77, EXPORT)
    assert (second.object_id, second.origin) == (None, ())  # a stack that is not there
    assert third.origin == ()


def test_threads_are_named_by_what_they_run() -> None:
    outside = [
        Held(resource="thread", pid=1, identity=str(number), kind="thread", name="python")
        for number in range(100, 104)
    ]
    worker = ("worker", "app.py", 3)
    known = listing(
        threads=(
            Thread(ident=1, native=100, name="job-1", target=worker, stack=0, origin=0),
            Thread(ident=2, native=None, name="", target=worker, stack=0, origin=None),
        )
    )
    found = merged(outside, known, 1)
    assert len(found) == len(outside)
    assert [held.kind for held in found].count("thread without Python") == 2
    groups = grown([], found)
    title = named(groups, "thread", expected=1).title
    assert title == 'thread without Python "python"'
    assert {group.what for group in groups} == {
        'thread "job-1" running worker (app.py:3)',
        "thread running worker (app.py:3)",
        'thread without Python "python"',
    }


def test_tasks_say_where_they_wait() -> None:
    waits = (("wait", "app.py", 8), ("poll", "app.py", 5))
    tasks = tuple(
        Task(id=number, coroutine=("poll", "app.py", 4), stack=1, origin=0) for number in range(20)
    )
    found = named(grown([], merged([], listing(tasks=tasks, stacks=(EXPORT, waits)), 1)), "task")
    assert found.title == "poll (app.py:4), created in export (app.py:31)"
    assert "20 of them are now in wait (app.py:8)" in found.details


def test_a_sample_of_the_tasks_stands_for_all() -> None:
    def tasks(number: int) -> tuple[Held, ...]:
        found = [
            Task(id=n, coroutine=("poll", "app.py", 4), stack=0, origin=0) for n in range(number)
        ]
        return merged([], listing(tasks=tuple(found), stacks=(EXPORT,)), 1, 4)

    (group,) = grown(tasks(100), tasks(180))
    assert group.gained == 320
    found = named((group,), "task", expected=320)
    assert "320 of them are now in export (app.py:31)" in found.details


def test_children_are_found_by_their_program() -> None:
    def child(pid: int, name: str, kind: str = "process") -> Held:
        return Held(resource="process", pid=1, identity=f"{pid} 1.5", kind=kind, name=name)

    fork = (("fork_it", "app.py", 40),)
    known = listing(
        children={10: 77},
        spawned=(
            Spawned(program="convert-to-thumbnail", origin=0, count=3),
            Spawned(program="os.fork", origin=1, count=1),
        ),
        stacks=(EXPORT, fork),
    )
    script, zombie, forked = merged(
        [
            child(10, "/bin/sh /usr/bin/convert-to-thumbnail x.png"),
            child(11, "convert-to-thum", "zombie process"),
            child(12, "gunicorn: worker"),
        ],
        known,
        1,
    )
    assert (script.object_id, script.origin, zombie.origin) == (77, EXPORT, EXPORT)
    assert forked.origin == fork
    assert grown([], [zombie])[0].what == 'zombie process "convert-to-thum"'


NATIVE = Site(
    function="addresses", file="app.py", line=20, bytes_per_request=5000, share=0.9,
    blocks_per_request=4, through="_cares.so: ares_init_options()",
)  # fmt: skip
PYTHON = NATIVE.model_copy(update={"function": "remember", "through": ""})


def test_what_c_code_opens_goes_with_the_native_memory_that_leaks_beside_it() -> None:
    found = named(grown((), files(range(20))))
    together = beside_memory(found, [PYTHON, NATIVE], 1.0)
    assert [(site.function, site.bytes_per_request) for site in together.sites] == [
        ("addresses", 0)
    ]
    assert together.title == found.title
    assert together.details[-1] == (
        "with each of them native memory leaks, 4 blocks on average, allocated in addresses "
        "(app.py:20) through _cares.so: ares_init_options(): that may well open them"
    )


def test_a_line_that_is_known_or_memory_that_does_not_keep_pace_tells_nothing_more() -> None:
    found = named(grown((), files(range(20))))
    assert beside_memory(found, [PYTHON], 1.0) is found
    assert beside_memory(found, [NATIVE], 10.0) is found
    opened = named(grown((), files(range(20), origin=EXPORT)))
    assert beside_memory(opened, [NATIVE], 1.0) is opened
