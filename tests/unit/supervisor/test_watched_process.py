"""A process that the user named."""

import os

import psutil
import pytest

from tsprof.errors import UsageError
from tsprof.supervisor.watched_process import WatchedProcess


def test_this_process_can_be_watched() -> None:
    watched = WatchedProcess(os.getpid())
    assert watched.alive()
    assert watched.exit_status is None
    assert watched.processes()[0] == psutil.Process()


@pytest.mark.parametrize("pid", [2**22 + 1, 2**31, 2**70])
def test_a_process_that_does_not_exist(pid: int) -> None:
    with pytest.raises(UsageError, match=f"there is no process {pid}"):
        WatchedProcess(pid)
