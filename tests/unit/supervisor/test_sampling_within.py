import pytest

from tsprof.analysis.attribution.sites import Origin
from tsprof.supervisor.agents import Reply
from tsprof.supervisor.sampling_within import read_reply


def origin(file: str) -> Origin:
    return Origin(kind="dependency" if "site-packages" in file else "application", package="p 1")


def test_stacks_are_read_and_the_agent_left_out() -> None:
    main, hot = ["main", "/srv/app.py", 3], ["hot", "/x/site-packages/y.py", 9]
    agent = ["Agent._serve", "/z/tsprof/agent/core.py", 1]
    seen = read_reply({"stacks": [[[main, hot], 7], [[main, hot], 1], [[agent], 4]]}, origin)
    ((frames, weight),) = seen.stacks.items()
    assert weight == 8
    assert [(f.function, f.file, f.line, f.origin) for f in frames] == [
        ("main", "/srv/app.py", 3, "application"),
        ("hot", "/x/site-packages/y.py", 9, "dependency"),
    ]
    assert not seen.problem


@pytest.mark.parametrize(
    "reply", [{}, {"stacks": 3}, {"stacks": [[["f"], 1]]}, {"stacks": [[[["f", "x", "y"]], 1]]}]
)
def test_an_answer_that_is_none_is_a_problem(reply: Reply) -> None:
    seen = read_reply(reply, origin)
    assert seen.stacks == {}
    assert "not what was asked for" in seen.problem
    assert not seen.refused


def test_an_agent_that_does_not_answer_is_a_problem() -> None:
    assert read_reply("its connection ended", origin).problem == "its connection ended"
