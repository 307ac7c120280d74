"""What became of a growth at rest, and when load came again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fabricate import SEGMENT, growing, reading, taken

from tsprof.analysis.run.aftermath import (
    Aftermath,
    Timers,
    count_drains,
    goes_on,
    half_due,
    memory_drain,
)
from tsprof.analysis.run.assessments import Look, look
from tsprof.analysis.run.confirmation import Drain
from tsprof.records import Checkpoint

KEPT = 300
JUDGED = 24
BEFORE, RESTED, AGAIN = JUDGED + 1, JUDGED + 12, JUDGED + 14
"""Numbers of the later checkpoints: each tells a time, and the requests that would be done."""
LEAK = look(taken(growing(KEPT), count=JUDGED))


def later(number: int, grown: float, requests: int, **counts: int) -> Checkpoint:
    return Checkpoint(
        number=number,
        seconds=1.3 * number + 1,
        requests=requests,
        failures=0,
        processes=(reading(number, grown=grown, **counts),),
        children=1,
    )


def aftermath(before: float, rested: float, again: float, **counts: int) -> Aftermath:
    """Make an aftermath from what has grown by the three checkpoints; two segments at its end."""
    done = SEGMENT * (JUDGED + 2)
    return Aftermath(
        before=later(BEFORE, before, done),
        rested=later(RESTED, rested, done),
        again=later(AGAIN, again, done + 2 * SEGMENT, **counts),
        segments=2,
    )


def drained(after: Aftermath) -> Drain:
    drain = memory_drain(LEAK, after)
    assert drain is not None
    return drain


GROWN = KEPT * SEGMENT * BEFORE


@pytest.mark.parametrize(
    ("rested", "again", "let_go", "stopped"),
    [
        (GROWN, GROWN + 2 * KEPT * SEGMENT, False, False),
        (GROWN, GROWN + 1.4 * KEPT * SEGMENT, False, False),
        (GROWN, GROWN, False, True),
        (GROWN, 0, False, True),
        (0, 0, True, True),
        (0, 2 * KEPT * SEGMENT, True, False),
    ],
    ids=["leak", "slower", "over", "expired when asked", "gone at rest", "gone, comes again"],
)
def test_what_becomes_of_memory(
    rested: float, again: float, *, let_go: bool, stopped: bool
) -> None:
    drain = drained(aftermath(GROWN, rested, again))
    assert (drain.let_go, drain.stopped) == (let_go, stopped)
    assert drain.seconds == pytest.approx(1.3 * (RESTED - BEFORE))
    assert drain.expected == pytest.approx(2 * KEPT * SEGMENT, rel=0.01)


def test_growth_in_rare_pieces_has_not_stopped_when_none_comes_for_a_while() -> None:
    pieces = look(
        taken(lambda n: reading(n, grown=90_000.0 * ((n + 2) // 3)), count=JUDGED + JUDGED)
    )
    drain = memory_drain(pieces, aftermath(GROWN, GROWN, GROWN))
    assert drain is not None
    assert not drain.stopped


def test_without_load_after_the_rest_nothing_is_known_to_have_stopped() -> None:
    after = aftermath(GROWN, GROWN, GROWN)
    drain = drained(Aftermath(before=after.before, rested=after.rested))
    assert drain.brought is None
    assert not drain.stopped


def test_a_process_that_is_gone_tells_nothing() -> None:
    gone = Checkpoint(number=BEFORE, seconds=40, requests=9, failures=0, processes=(), children=0)
    after = aftermath(GROWN, GROWN, GROWN)
    assert memory_drain(LEAK, Aftermath(before=gone, rested=after.rested)) is None
    assert drained(Aftermath(before=after.before, rested=after.rested, again=gone)).brought is None


def test_a_process_whose_agent_was_lost_tells_nothing() -> None:
    after = aftermath(GROWN, GROWN, GROWN)
    lost = replace(after.before, processes=(reading(BEFORE, native_live=None),))
    assert memory_drain(LEAK, replace(after, before=lost)) is None


def test_memory_that_does_not_leak_has_no_aftermath() -> None:
    assert memory_drain(look(taken(growing())), aftermath(0, 0, 0)) is None


def tasks_over(number: int) -> int:
    return 3 + 2 * SEGMENT * number


@pytest.mark.parametrize(
    ("left", "let_go"), [(tasks_over, False), (lambda _: 3, True)], ids=["stay", "end"]
)
def test_tasks_that_end_by_themselves(left: Callable[[int], int], *, let_go: bool) -> None:
    seen = look(taken(lambda n: reading(n, tasks=tasks_over(n)), count=JUDGED))
    after = Aftermath(
        before=later(BEFORE, 0, 1, tasks=tasks_over(JUDGED)),
        rested=later(RESTED, 0, 1, tasks=left(JUDGED)),
    )
    drains = count_drains(seen, after)
    assert drains.keys() == {"task"}
    assert drains["task"].let_go == let_go


def ends_at_rest(first: int, second: int, *, clients: int = 10) -> bool:
    """Tell of two parts of a rest in which so many tasks ended whether a third is worth it."""
    tasks = tasks_over(JUDGED)
    seen = look(taken(lambda n: reading(n, tasks=tasks_over(n)), count=JUDGED))
    since = later(BEFORE + 12, 0, 1, tasks=tasks - first)
    after = Aftermath(
        before=later(BEFORE, 0, 1, tasks=tasks),
        rested=later(BEFORE + 24, 0, 1, tasks=tasks - first - second),
    )
    return goes_on(seen, after, since, clients=clients)


@pytest.mark.parametrize(
    ("first", "second", "goes"),
    [(0, 0.26, True), (0.26, 0.2, True), (0.26, 0, False), (0.26, 0.3, False)],
    ids=["goes", "goes on", "came to a halt", "let go"],
)
def test_what_lets_go_slowly_gets_more_time(first: float, second: float, *, goes: bool) -> None:
    """Of tasks that live 20 to 60 s, 26 % went within 15 s."""
    grown = tasks_over(JUDGED)
    assert ends_at_rest(int(first * grown), int(second * grown)) is goes


def test_closed_connections_are_no_letting_go() -> None:
    grown = tasks_over(JUDGED)
    assert not ends_at_rest(0, grown // 5, clients=grown)


def test_memory_that_goes_on_letting_go_gets_more_time() -> None:
    after = aftermath(GROWN, GROWN * 0.8, 0)
    assert goes_on(LEAK, after, after.before, clients=10)
    assert not goes_on(LEAK, after, after.rested, clients=10)


def test_what_went_before_the_rest_counts() -> None:
    """Half of the tasks that lived 20 to 60 s had ended while they were named."""
    seen = look(taken(lambda n: reading(n, tasks=tasks_over(n)), count=JUDGED))
    grown = tasks_over(JUDGED)
    after = Aftermath(
        before=later(BEFORE, 0, 1, tasks=int(0.4 * grown)),
        rested=later(RESTED, 0, 1, tasks=3),
    )
    assert count_drains(seen, after)["task"].let_go


TASKS = look(taken(lambda n: reading(n, tasks=tasks_over(n)), count=JUDGED))


@pytest.mark.parametrize("seen", [LEAK, TASKS], ids=["memory", "tasks"])
def test_as_many_timers_as_there_is_growth_are_waited_for(seen: Look) -> None:
    number = 2 * SEGMENT * JUDGED
    half = Timers(number=number, seconds=(10.0, 40.0, 55.0))
    assert half_due(seen, [half, Timers(number=0, seconds=())]) == 40.0
    assert half_due(seen, [replace(half, number=SEGMENT * JUDGED // 200)]) == 0.0
    assert half_due(seen, []) == 0.0


def test_the_timers_of_idle_connections_are_few() -> None:
    rare = look(taken(lambda n: reading(n, tasks=3 + n), count=JUDGED))
    assert half_due(rare, [Timers(number=50, seconds=(75.0,) * 50)]) == 0.0
