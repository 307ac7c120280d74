"""What the load says of itself: when a target hangs, and when it has served."""

from dataclasses import replace

import pytest

from tsprof.histogram import Histogram
from tsprof.load.messages import Tick
from tsprof.supervisor import load_watch
from tsprof.supervisor.load_watch import LoadWatch

WAITING = Tick(
    second=1_700_000_000,
    seconds=1.0,
    requests=0,
    failures=0,
    exceptions=0,
    latency=Histogram(),
    endpoints=(),
    users=10,
    in_flight=7,
    oldest_seconds=31.4,
    open=True,
    cpu_seconds=0.3,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test may set."""
    now = [100.0]
    monkeypatch.setattr(load_watch.time, "monotonic", lambda: now[0])
    return now


def test_a_target_hangs_that_answers_nothing_for_so_long(clock: list[float]) -> None:
    watch = LoadWatch()
    watch.opened()
    clock[0] += 29
    watch.told(WAITING, "measuring")
    assert watch.hanging(30.0) == ""
    clock[0] += 2
    assert watch.hanging(30.0) == "7 requests have had no answer for 31 s"


@pytest.mark.parametrize("answered", [{"requests": 1}, {"requests": 1, "failures": 1}])
def test_one_slow_request_is_no_hanging_while_others_are_answered(
    clock: list[float], answered: dict[str, int]
) -> None:
    watch = LoadWatch()
    watch.opened()
    clock[0] += 31
    watch.told(replace(WAITING, **answered), "measuring")  # type: ignore[arg-type]  # counts
    assert watch.hanging(30.0) == ""
    assert watch.served is ("failures" not in answered)


def test_nothing_hangs_where_nothing_waits(clock: list[float]) -> None:
    watch = LoadWatch()
    clock[0] += 31
    assert watch.hanging(30.0) == ""
    watch.told(replace(WAITING, in_flight=0), "measuring")
    assert watch.hanging(30.0) == ""
