"""Ctrl-C and SIGTERM: the first ends the run with its report, the second ends it at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class RunInterrupted(Exception):  # noqa: N818 - a request of the user's, not an error
    """The user asked the run to end."""


class InterruptedEarlyError(KeyboardInterrupt):
    """The user asked before there was a run to end."""


@dataclass
class Interrupts:
    """How often the user has asked."""

    count: int = 0

    def check(self) -> None:
        """Raise RunInterrupted when the user has asked since the last look."""
        if self.count:
            raise RunInterrupted


@contextmanager
def noticing_interrupts() -> Iterator[Interrupts]:
    """Note SIGINT and SIGTERM instead of dying of them; raise KeyboardInterrupt at the second."""
    interrupts = Interrupts()

    def handler(_number: int, _frame: FrameType | None) -> None:
        interrupts.count += 1
        if interrupts.count > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
