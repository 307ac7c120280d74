"""What to run by hand where a native program leaks."""

import shutil

import pytest

from tsprof.profilers.native_tools import advice


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"heaptrack", "valgrind"}, ": heaptrack COMMAND"),
        ({"valgrind"}, ": valgrind --leak-check=full --trace-children=yes COMMAND"),
        (set(), ": heaptrack COMMAND (apt install heaptrack or valgrind)"),
    ],
)
def test_the_tool_that_is_there(
    monkeypatch: pytest.MonkeyPatch, there: set[str], said: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name if name in there else None)
    assert advice().endswith(said)
