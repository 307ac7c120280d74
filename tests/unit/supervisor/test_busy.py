import os
import threading
import time

import psutil

from tsprof.supervisor.busy import Usage, busy, usage_of


def test_processes_that_did_work_since_then_are_busy_the_most_first() -> None:
    before = {1: Usage(5.0, {}), 2: Usage(1.0, {}), 3: Usage(9.0, {})}
    now = {1: Usage(5.3, {}), 2: Usage(2.0, {}), 3: Usage(9.001, {}), 4: Usage(0.2, {})}
    assert busy(now, before) == [2, 1, 4]


def test_where_nothing_is_known_of_before_all_counts() -> None:
    assert busy({1: Usage(1.0, {}), 2: Usage(3.0, {})}, {}) == [2, 1]


def test_one_thread_is_told_from_several() -> None:
    before = Usage(10.0, {1: 8.0, 2: 2.0})
    assert Usage(11.0, {1: 9.0, 2: 2.0}).is_of_one_thread(before)
    assert not Usage(11.0, {1: 8.5, 2: 2.5}).is_of_one_thread(before)


def test_threads_that_have_ended_are_others() -> None:
    before = Usage(10.0, {1: 8.0})
    assert not Usage(11.0, {1: 8.1}).is_of_one_thread(before)


def test_a_new_process_is_of_one_thread_where_one_did_it_all() -> None:
    assert Usage(1.0, {1: 1.0}).is_of_one_thread(None)


def test_usage_is_read_by_process_and_thread() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    (usage,) = usage_of([psutil.Process()]).values()
    assert usage.cpu >= 0.04
    assert threading.get_native_id() in usage.threads


def test_a_process_that_has_ended_is_left_out() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    process = psutil.Process(pid)
    os.waitpid(pid, 0)
    assert usage_of([process]) == {}
