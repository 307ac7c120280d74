import _thread
import ctypes
import inspect
import sys
import time
from types import SimpleNamespace
from typing import Any

from tsprof.agent import sampling


def spin(stop: list[bool]) -> None:
    while not stop:
        pass


def doze(stop: list[bool]) -> None:
    while not stop:
        time.sleep(0.01)


def test_a_busy_thread_is_seen_and_one_that_waits_is_not() -> None:
    stop: list[bool] = []
    for work in (spin, doze):
        _thread.start_new_thread(work, (stop,))
    try:
        reply = sampling.run({"seconds": 1, "rate": 100})
    finally:
        stop.append(True)
    innermost = {stack[-1][0] for stack, _ in reply["stacks"]}
    assert "spin" in innermost
    assert "doze" not in innermost
    (place,) = {tuple(stack[-1][:2]) for stack, _ in reply["stacks"] if stack[-1][0] == "spin"}
    assert place == ("spin", __file__)
    assert sum(count for _, count in reply["stacks"]) >= 5


def test_code_is_seen_that_lets_go_of_the_gil_before_it_is_asked_to() -> None:
    stop: list[bool] = []

    def lets_go() -> None:
        while not stop:
            until = time.thread_time() + 0.001
            while time.thread_time() < until:
                pass
            time.sleep(0)

    _thread.start_new_thread(lets_go, ())
    before = sys.getswitchinterval()
    try:
        reply = sampling.run({"seconds": 0.5, "rate": 100})
    finally:
        stop.append(True)
    lines = {stack[-1][2] for stack, _ in reply["stacks"] if stack[-1][0].endswith("lets_go")}
    source, first = inspect.getsourcelines(lets_go)
    asleep = first + next(n for n, line in enumerate(source) if "sleep" in line)
    assert lines - {asleep}
    assert sys.getswitchinterval() == before


def test_deep_stacks_are_cut() -> None:
    def deep(levels: int) -> int:
        return deep(levels - 1) if levels else len(sampling._stack(sys._getframe()))  # noqa: SLF001

    assert deep(300) == 200


def test_the_process_may_be_looked_into_where_the_kernel_knows_of_it() -> None:
    assert sampling.allow({})["allowed"] in {True, False}
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 1  # it is dumpable as before


def test_an_instruction_of_no_line_is_of_line_zero() -> None:
    code = test_an_instruction_of_no_line_is_of_line_zero.__code__
    frame: Any = SimpleNamespace(f_code=code, f_lineno=None, f_back=None)
    assert sampling._stack(frame) == ((code, 0),)  # noqa: SLF001
