"""Waiting for quiet, and readings of a process whose agent says little or nothing."""

import os
import time
from collections import Counter
from typing import Any

import psutil
import pytest

from tsprof.supervisor.agents import Reply
from tsprof.supervisor.checkpoints import take_checkpoint, wait_until_quiet
from tsprof.supervisor.load_totals import LoadTotals

LOAD = LoadTotals(requests=1000, failures=3, endpoints=Counter({"GET /": 1000}))


class Replies:
    """Agents whose answers are known beforehand."""

    def __init__(self, replies: dict[int, Reply]) -> None:
        self._replies = replies

    def ask(self, *_: Any, **__: Any) -> dict[int, Reply]:
        return self._replies


def taken(replies: dict[int, Reply], processes: list[psutil.Process] | None = None) -> Any:
    here = [psutil.Process()] if processes is None else processes
    return take_checkpoint(3, here, Replies(replies), LOAD, seconds=12.5, quiet=True)  # type: ignore[arg-type]  # what it asks of Agents


FULL = {
    "python": {"live": 100, "held": 200, "small": 10, "blocks": 12},
    "native": {"live": 300, "held": 400},
    "before": {"python": {"live": 150, "held": 200}, "native": {"live": 310, "held": 400}},
    "collected": 5,
    "gc": {"enabled": False, "collections": 7, "uncollectable": 1},
    "tasks": 4,
    "pause": 0.003,
}


def test_a_full_answer_is_read() -> None:
    checkpoint, silent = taken({os.getpid(): FULL})
    assert silent == {}
    (reading,) = checkpoint.processes
    assert (reading.source, reading.live, reading.python_held) == ("agent", 400, 200)
    assert (reading.small_blocks, reading.blocks, reading.tasks) == (10, 12, 4)
    assert (reading.garbage_bytes, reading.gc_enabled, reading.gc_collections) == (60, False, 7)
    assert reading.pause == 0.003
    assert (checkpoint.number, checkpoint.requests, checkpoint.failures) == (3, 1000, 3)
    assert checkpoint.endpoints == {"GET /": 1000}


def test_a_native_program_answers_without_a_collector() -> None:
    checkpoint, silent = taken({os.getpid(): {"pid": 7, "native": {"live": 30, "held": 40}}})
    assert silent == {}
    (reading,) = checkpoint.processes
    assert (reading.source, reading.live, reading.native_held) == ("native", 30, 40)


def test_a_native_program_whose_heap_cannot_be_read_is_read_from_outside() -> None:
    checkpoint, silent = taken({os.getpid(): {"pid": 7, "native": None}})
    assert silent == {}
    assert [(r.source, r.live) for r in checkpoint.processes] == [("outside", None)]


def test_memory_from_the_kernel_adds_up() -> None:
    checkpoint, _ = taken({})
    (reading,) = checkpoint.processes
    assert reading.source == "outside"
    assert reading.rss == reading.anonymous + reading.stacks + reading.file_mapped
    assert reading.rss == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)
    assert reading.descriptors == pytest.approx(psutil.Process().num_fds(), abs=3)
    assert reading.started == psutil.Process().create_time()


@pytest.mark.parametrize(
    "reply",
    ["no answer within 20 s", {"python": 5}, {"native": {"live": "x"}}, {"gc": []}],
)
def test_a_process_without_a_usable_answer_is_read_from_outside(reply: Reply) -> None:
    checkpoint, silent = taken({os.getpid(): reply})
    assert [reading.source for reading in checkpoint.processes] == ["outside"]
    assert [reading.live for reading in checkpoint.processes] == [None]
    assert silent.keys() == {os.getpid()}


@pytest.mark.parametrize("reply", [{}, {"native": None}, {"python": FULL["python"]}])
def test_counters_that_are_missing_are_not_taken_for_zero(reply: Reply) -> None:
    """Such as native ones under musl."""
    checkpoint, silent = taken({os.getpid(): reply})
    assert silent == {}
    assert [reading.live for reading in checkpoint.processes] == [None]


def test_garbage_counts_only_where_something_was_collected() -> None:
    checkpoint, _ = taken({os.getpid(): {**FULL, "collected": 0}})
    assert checkpoint.processes[0].garbage_bytes == 0
    grew = {**FULL, "before": {"python": {"live": 50, "held": 1}}}
    checkpoint, _ = taken({os.getpid(): grew})
    assert checkpoint.processes[0].garbage_bytes == 0


def test_agents_of_no_process_of_the_target_do_not_count() -> None:
    checkpoint, silent = taken({1: "the process is gone", 2: FULL}, processes=[])
    assert checkpoint.processes == ()
    assert silent == {}


def test_a_process_that_rests_is_quiet_and_one_that_works_is_not() -> None:
    def work() -> None:
        began = time.process_time()
        while time.process_time() - began < 0.05:
            pass

    assert wait_until_quiet([], lambda: None)
    assert not wait_until_quiet([psutil.Process()], work)
