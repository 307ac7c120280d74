"""What the kernel tells of a process, read of this one."""

import os
import resource
import socket
import threading
import time

import psutil
import pytest

from tsprof.probes.processes import cpu_times, lives, sample


def test_a_sample_of_this_process() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        (found,) = sample([psutil.Process()], 7, "supervisor", costly=True)
    assert (found.second, found.pid, found.role) == (7, os.getpid(), "supervisor")
    assert found.rss == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert found.uss is not None
    assert 0 < found.uss <= found.rss
    assert found.threads >= 1
    assert found.descriptors >= 4
    assert found.descriptor_limit == max(0, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    assert found.connections["listen"] >= 1


def test_a_cheap_sample_leaves_the_costly_out() -> None:
    (found,) = sample([psutil.Process()], 0, "target", costly=False)
    assert found.uss is None
    assert found.connections == {}


def test_what_grows_is_seen() -> None:
    (before,) = sample([psutil.Process()], 0, "target", costly=False)
    end = threading.Event()
    thread = threading.Thread(target=end.wait, args=(30,))
    thread.start()
    pipe = os.pipe()
    began = time.process_time()
    while time.process_time() - began < 0.1:
        pass
    (after,) = sample([psutil.Process()], 1, "target", costly=False)
    end.set()
    thread.join()
    for descriptor in pipe:
        os.close(descriptor)
    assert after.threads == before.threads + 1
    assert after.descriptors == before.descriptors + 2
    assert after.cpu_seconds - before.cpu_seconds >= 0.08


def test_the_time_of_a_process_is_read() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    (used,) = cpu_times([psutil.Process()]).values()
    assert used >= 0.04


def test_a_process_that_has_ended_is_left_out() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    process = psutil.Process(pid)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not lives(pid)
    os.waitpid(pid, 0)
    assert not lives(pid)
    assert cpu_times([process]) == {}
