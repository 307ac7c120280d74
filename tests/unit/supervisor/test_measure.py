"""When a run may end before its time."""

from dataclasses import replace

from tsprof.analysis.run.assessments import look
from tsprof.records import Checkpoint, ProcessReading
from tsprof.supervisor.measure import may_stop
from tsprof.supervisor.plan import Plan

PLAN = Plan(scenario="check", segment_seconds=1.2, max_seconds=55, users=10)


def reading(live: int) -> ProcessReading:
    return ProcessReading(
        pid=1,
        started=0.0,
        command="service",
        source="agent",
        rss=live,
        python_live=live,
        native_live=0,
    )


LEAK = look(
    [
        Checkpoint(
            number=number,
            seconds=1.3 * number,
            requests=1000 * number,
            failures=0,
            processes=(reading(10_000_000 + 300_000 * number),),
        )
        for number in range(20)
    ]
)


def test_a_leak_ends_a_run_unless_it_grows_with_time_alone() -> None:
    assert LEAK.lean == "leak"
    assert LEAK.memory is not None
    with_time = replace(LEAK, memory=replace(LEAK.memory, clock="seconds"))
    assert with_time.lean == "leak"
    assert may_stop(PLAN, LEAK)
    assert not may_stop(PLAN, with_time)
    assert not may_stop(replace(PLAN, stop_on_leak=False, stop_when_sure=False), LEAK)
