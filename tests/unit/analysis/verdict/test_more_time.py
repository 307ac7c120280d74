"""How much longer to run, in words that can be typed."""

import re

import pytest
from fabricate import event, filling, growing, judge, taken

from tsprof.analysis.run.assessments import look
from tsprof.analysis.verdict.more_time import TimeAllowed, more_time
from tsprof.units import parse_duration

SEEN = look(taken(growing(), count=5))
"""Five checkpoints within 6.2 s, 1.3 s apart."""
DEFAULT = TimeAllowed(seconds=55)
CUT_SHORT = TimeAllowed(seconds=55, cut_short=True)
SOAK = TimeAllowed(seconds=300, scenario="endurance")


def asked(advice: str) -> float:
    (time,) = re.findall(r"--max-time (\S+)$", advice)
    return parse_duration(time)


@pytest.mark.parametrize("segments", [1, 10, 100, 1000, 10_000])
def test_it_is_more_than_what_was_allowed_already(segments: int) -> None:
    assert asked(more_time(SEEN, segments, DEFAULT)) >= 55 + 1.3 * segments


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        (3, "about 4 s more would tell: --max-time 1m10s"),
        (185, "about 4 min 10 s more would tell: --max-time 5m30s"),
        (3000, "about 1 h 5 min more would tell: --max-time 1h13m"),
    ],
)
def test_times_have_units_and_no_false_digits(segments: int, words: str) -> None:
    assert more_time(SEEN, segments, DEFAULT) == words


def test_a_run_that_was_cut_short_needs_no_more_than_its_time() -> None:
    assert more_time(SEEN, 3, CUT_SHORT) == (
        "let it run to its end: about 11 s of the 55 s that it was allowed would tell"
    )
    assert asked(more_time(SEEN, 100, CUT_SHORT)) >= 136


def test_after_a_soak_its_own_options_are_named() -> None:
    assert more_time(SEEN, 100, SOAK) == "about 2 min 10 s more would tell: --minutes 8"
    assert more_time(SEEN, None, SOAK) == "run it for longer: tsprof endurance --hours"
    assert more_time(SEEN, None, DEFAULT) == "run it for longer: tsprof endurance"


@pytest.mark.parametrize(
    "checkpoints", [taken(growing(), count=3), taken(filling(4e7, 8), count=9)]
)
def test_no_verdict_on_a_soak_names_an_option_of_the_check(checkpoints: list) -> None:
    decision = judge(checkpoints, allowed=SOAK)
    assert decision.advice
    assert not any("--max-time" in advice for advice in decision.advice)


def test_an_interrupted_run_is_not_told_to_take_less_time() -> None:
    decision = judge(
        taken(growing(), count=4), events=[event("interrupted")], allowed=DEFAULT, complete=False
    )
    assert [advice for advice in decision.advice if "let it run to its end" in advice]
