import os
import time

import psutil

from tsprof.supervisor.busy import busy, cpu_times


def test_processes_that_did_work_since_then_are_busy_the_most_first() -> None:
    before = {1: 5.0, 2: 1.0, 3: 9.0}
    assert busy({1: 5.3, 2: 2.0, 3: 9.001, 4: 0.2}, before) == [2, 1, 4]


def test_where_nothing_is_known_of_before_all_counts() -> None:
    assert busy({1: 1.0, 2: 3.0}, {}) == [2, 1]


def test_the_time_of_a_process_is_read() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    (used,) = cpu_times([psutil.Process()]).values()
    assert used >= 0.04


def test_a_process_that_has_ended_is_left_out() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    process = psutil.Process(pid)
    os.waitpid(pid, 0)
    assert cpu_times([process]) == {}
