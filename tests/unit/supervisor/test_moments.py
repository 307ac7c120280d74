"""Three looks at the target, and the requests between them."""

import pytest

from tsprof.records import Segment
from tsprof.supervisor.moments import Moments


def segment(requests: int, seconds: float) -> Segment:
    return Segment(number=0, seconds=seconds, requests=requests, failures=0, intended=None)


def test_the_requests_between_the_looks() -> None:
    moments = Moments([{}, {}, {}], [segment(900, 9), segment(100, 1), segment(300, 3)])
    assert (moments.requests_early, moments.requests_total) == (100, 400)
    assert moments.rate == pytest.approx(100)


def test_a_process_that_was_not_there_throughout_is_left_out() -> None:
    looks = [{1: "a", 2: "d"}, {1: "b", 2: "e", 3: "f"}, {1: "c", 3: "g"}]
    moments = Moments(looks, [segment(1, 1)] * 3)
    assert dict(moments.of_processes()) == {1: ["a", "b", "c"]}
