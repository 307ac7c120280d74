"""A target that runs out of file descriptors."""

import pytest
from fabricate import event, segments

from tsprof.analysis.run.usage import Descriptors, Usage
from tsprof.analysis.verdict.exhaustion import exhaustion
from tsprof.records import Event

HUNG = event("target_hung", "the target hung")


def found(opened: Descriptors, events: tuple[Event, ...] = (HUNG,), users: int = 10) -> list[str]:
    usage = Usage(descriptors={7: opened})
    return [finding.title for finding in exhaustion(usage, segments(2, 0.0), events, users)]


def test_a_target_that_opened_all_it_may_and_hung_leaks() -> None:
    (title,) = found(Descriptors(20, 1_022, 1_024))
    assert title == (
        "process 7 ran out of file descriptors: it opened 1,002 more under load, up to its limit "
        "of 1,024"
    )


def test_failing_requests_tell_as_much_as_hanging() -> None:
    usage = Usage(descriptors={7: Descriptors(20, 1_022, 1_024)})
    (finding,) = exhaustion(usage, segments(2, 0.6, requests=1_000), (), 10)
    assert finding.per_request == 1_002 / 800
    assert not exhaustion(usage, segments(2, 0.3), (), 10)


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(Descriptors(20, 900, 1_024), id="some left"),
        pytest.param(Descriptors(700, 1_022, 1_024), id="many from the start"),
        pytest.param(Descriptors(20, 40, 40), id="no more than the users' connections"),
    ],
)
def test_what_is_no_exhaustion(opened: Descriptors) -> None:
    assert found(opened) == []


def test_a_target_that_serves_on_is_well() -> None:
    assert found(Descriptors(20, 1_022, 1_024), events=()) == []
