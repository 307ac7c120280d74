"""Ctrl-C and SIGTERM as the supervisor takes them."""

import os
import signal

import pytest

from tsprof.supervisor.interrupts import Interrupts, RunInterrupted, noticing_interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_noted_and_the_second_ends_at_once(number: signal.Signals) -> None:
    with noticing_interrupts() as interrupts:
        interrupts.check()
        os.kill(os.getpid(), number)
        with pytest.raises(RunInterrupted):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ValueError, match="mine"), noticing_interrupts():
        raise ValueError("mine")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_none_is_none() -> None:
    Interrupts().check()
