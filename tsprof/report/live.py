"""What a run shows while it is going: on standard error, so that standard output stays clean."""

import contextlib
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tsprof.report.panel import drawing
from tsprof.report.pipes import PipeConsole
from tsprof.report.progress import LONGEST_TEXT, Progress, sentence
from tsprof.report.standing import Standing
from tsprof.report.text import clean, encodable

_PLAIN_INTERVAL = 10.0
"""Seconds between lines where nobody watches: six a minute keep a CI log readable."""
_LONGEST_PLAIN_INTERVAL = 60.0
"""The same for a soak, whose log would have 700 lines after two hours."""
_DRAW_INTERVAL = 0.1
"""Seconds between two drawings on a terminal; more often only costs CPU."""
_ASK_INTERVAL = 1.0
"""Seconds between two looks at where the run stands, which is stored once a second, and between two
drawings of it: one takes 10 ms."""


class _Display(Protocol):
    """Shows progress somewhere."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def update(self, progress: Progress) -> None: ...

    def line(self, text: str) -> None: ...

    def follow(self, standing: Callable[[], Standing]) -> None: ...


class LiveView:
    """The live view of a run; a context manager.

    On a terminal it keeps a few lines up to date in place, and the blocks of a dashboard where it
    can follow the run. Elsewhere it prints a line at every change of phase and about every ten
    seconds. With ``quiet``, or without a standard error, it prints nothing. A stream that breaks
    while the run goes on silences it: progress is never worth a run.

    Args:
        quiet: print nothing.
        console: where to print; standard error by default.
        clock: seconds, for the pace of the output.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Choose the display; nothing is printed yet."""
        self._display = _display(quiet=quiet, console=console, clock=clock)

    def __enter__(self) -> Self:
        """Start to draw."""
        self._display.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the terminal back as it was, whatever happened."""
        self._display.stop()

    def update(self, progress: Progress) -> None:
        """Show where the run stands; cheap enough to be called for every event."""
        self._display.update(progress)

    def line(self, text: str) -> None:
        """Print a line that stays, such as a warning or a checkpoint's result."""
        self._display.line(clean(text, LONGEST_TEXT))

    def follow(self, standing: Callable[[], Standing]) -> None:
        """Ask this, once a second where it is shown, where the run stands."""
        self._display.follow(standing)


def _display(*, quiet: bool, console: Console | None, clock: Callable[[], float]) -> _Display:
    if quiet or (console is None and sys.stderr is None):
        return _Silent()
    console = console or PipeConsole(stderr=True)
    # A dumb terminal cannot move its cursor: drawing in place would only repeat itself.
    if console.is_terminal and not console.is_dumb_terminal:
        return _OnTerminal(console, clock)
    return _Plain(console, clock)


class _Silent:
    """Shows nothing."""

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def update(self, progress: Progress) -> None:
        pass

    def line(self, text: str) -> None:
        pass

    def follow(self, standing: Callable[[], Standing]) -> None:
        pass


class _OnTerminal:
    """Draws in place."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        # Drawn on update only: a refreshing thread would race with the signals of a run.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._console = console
        self._clock = clock
        self._drawn = float("-inf")
        self._phase = ""
        self._standing: Callable[[], Standing] = Standing
        self._asked = float("-inf")
        self._last = Standing()

    def start(self) -> None:
        with _unbroken():
            self._live.start()

    def stop(self) -> None:
        with _unbroken():
            self._live.stop()

    def update(self, progress: Progress) -> None:
        now = self._clock()
        interval = _ASK_INTERVAL if self._last.blocks else _DRAW_INTERVAL
        if progress.phase == self._phase and now - self._drawn < interval:
            return
        self._drawn, self._phase = now, progress.phase
        if now - self._asked >= _ASK_INTERVAL:
            self._asked, self._last = now, self._standing()
        with _unbroken():
            self._live.update(drawing(progress, self._last, self._console), refresh=True)

    def follow(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def line(self, text: str) -> None:
        _print(self._console, text)


class _Plain:
    """Prints a line now and then."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._printed = float("-inf")
        self._phase: str | None = None

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def update(self, progress: Progress) -> None:
        now = self._clock()
        interval = min(max(_PLAIN_INTERVAL, progress.elapsed / 10), _LONGEST_PLAIN_INTERVAL)
        if progress.phase == self._phase and now - self._printed < interval:
            return
        self._printed, self._phase = now, progress.phase
        self.line(sentence(progress))

    def line(self, text: str) -> None:
        _print(self._console, text)

    def follow(self, standing: Callable[[], Standing]) -> None:
        pass


def _print(console: Console, text: str) -> None:
    with _unbroken():
        console.print(Text(encodable(text, console.encoding)), soft_wrap=True)


def _unbroken() -> contextlib.suppress:
    """A closed or full stream must not end a run that takes hours (ValueError: closed file)."""
    return contextlib.suppress(OSError, ValueError)
