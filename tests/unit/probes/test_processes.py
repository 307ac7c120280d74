"""What the kernel tells of a process, read of this one."""

import os
import threading
import time

import psutil
import pytest

from tsprof.probes.processes import sample


def test_a_sample_of_this_process() -> None:
    (found,) = sample([psutil.Process()], 7, "supervisor")
    assert (found.second, found.pid, found.role) == (7, os.getpid(), "supervisor")
    assert found.rss == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert found.threads >= 1
    assert found.descriptors >= 4
    assert found.page_faults > 1000
    assert found.context_switches > 0


def test_what_grows_is_seen() -> None:
    (before,) = sample([psutil.Process()], 0, "target")
    end = threading.Event()
    thread = threading.Thread(target=end.wait, args=(30,))
    thread.start()
    pipe = os.pipe()
    began = time.process_time()
    while time.process_time() - began < 0.1:
        pass
    (after,) = sample([psutil.Process()], 1, "target")
    end.set()
    thread.join()
    for descriptor in pipe:
        os.close(descriptor)
    assert after.threads == before.threads + 1
    assert after.descriptors == before.descriptors + 2
    assert after.cpu_seconds - before.cpu_seconds >= 0.08
