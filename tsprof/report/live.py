"""What a run shows while it is going: on standard error, so that standard output stays clean."""

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tsprof.report import format as fmt
from tsprof.report.pipes import PipeConsole
from tsprof.report.text import clean, encodable

_PLAIN_INTERVAL = 10.0
"""Seconds between lines where nobody watches: six a minute keep a CI log readable."""
_LONGEST_PLAIN_INTERVAL = 60.0
"""The same for a soak, whose log would have 700 lines after two hours."""
_DRAW_INTERVAL = 0.1
"""Seconds between two drawings on a terminal; more often only costs CPU."""
_LONGEST_TEXT = 400
_LEAN_STYLES = {"leak": "bold red", "clean": "green"}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands. Seconds, counts since the run's start, bytes per request."""

    phase: str
    elapsed: float
    expected: float | None = None
    """Seconds that the run will take at most; None when nobody knows."""
    requests: int = 0
    requests_per_second: float | None = None
    """Of the last second; None while nothing is sent."""
    failures: int = 0
    p99_ms: float | None = None
    growth_bytes_per_request: float | None = None
    """None until there are checkpoints enough."""
    low: float | None = None
    high: float | None = None
    lean: str = "undecided"
    """Where the verdict leans: ``leak``, ``clean``, ``undecided`` or another word; empty where no
    leak is looked for."""
    segments: int = 0
    message: str = ""


class _Display(Protocol):
    """Shows progress somewhere."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def update(self, progress: Progress) -> None: ...

    def line(self, text: str) -> None: ...


class LiveView:
    """The live view of a run; a context manager.

    On a terminal it keeps a few lines up to date in place. Elsewhere it prints a line at every
    change of phase and about every ten seconds. With ``quiet``, or without a standard error, it
    prints nothing. A stream that breaks while the run goes on silences it: progress is never
    worth a run.

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
        self._display.line(clean(text, _LONGEST_TEXT))


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

    def start(self) -> None:
        with _unbroken():
            self._live.start()

    def stop(self) -> None:
        with _unbroken():
            self._live.stop()

    def update(self, progress: Progress) -> None:
        now = self._clock()
        if progress.phase == self._phase and now - self._drawn < _DRAW_INTERVAL:
            return
        self._drawn, self._phase = now, progress.phase
        with _unbroken():
            self._live.update(_drawing(progress, self._console.encoding), refresh=True)

    def line(self, text: str) -> None:
        with _unbroken():
            self._console.print(Text(encodable(text, self._console.encoding)), soft_wrap=True)


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
        self.line(_sentence(progress))

    def line(self, text: str) -> None:
        with _unbroken():
            self._console.print(Text(encodable(text, self._console.encoding)), soft_wrap=True)


def _unbroken() -> contextlib.suppress:
    """A closed or full stream must not end a run that takes hours (ValueError: closed file)."""
    return contextlib.suppress(OSError, ValueError)


def _is_waiting(progress: Progress) -> bool:
    """Whether nothing has been sent yet."""
    return not (progress.requests or progress.segments or progress.requests_per_second)


def _load(progress: Progress) -> str:
    rate = progress.requests_per_second
    parts = [
        fmt.count(progress.requests, "request"),
        f"{fmt.number(rate)}/s" if rate is not None else "",
        f"{fmt.number(progress.failures)} failed",
        f"p99 {fmt.milliseconds(progress.p99_ms)}" if progress.p99_ms is not None else "",
        fmt.count(progress.segments, "segment"),
    ]
    return ", ".join(part for part in parts if part)


def _time(seconds: float) -> str:
    """A time that runs: nobody reads below a tenth of a second."""
    return fmt.duration(seconds) if seconds >= 1 else f"{fmt.number(round(seconds, 1))} s"


def _growth(progress: Progress) -> str:
    growth = progress.growth_bytes_per_request
    if growth is None:
        return "growth not known yet"
    between = ""
    if progress.low is not None and progress.high is not None:
        between = fmt.size_interval(progress.low, progress.high, beside=growth)
    return f"growth {fmt.size(growth)} per request{fmt.in_parentheses(between)}"


def _sentence(progress: Progress) -> str:
    # What follows a leak comes on top of the time for load.
    in_time = progress.expected and progress.elapsed <= progress.expected
    expected = f" of {fmt.duration(progress.expected)}" if in_time else ""
    message = f"; {progress.message}" if progress.message else ""
    time_so_far = f"{_time(progress.elapsed)}{expected}"
    if _is_waiting(progress):
        return clean(f"{progress.phase} ({time_so_far}){message}", _LONGEST_TEXT)
    growth = f"; {_growth(progress)}, so far: {progress.lean}" if progress.lean else ""
    return clean(
        f"[{time_so_far}] {progress.phase}: {_load(progress)}{growth}{message}", _LONGEST_TEXT
    )


def _drawing(progress: Progress, encoding: str) -> Group:
    def text(words: str, limit: int = _LONGEST_TEXT) -> str:
        return encodable(clean(words, limit), encoding)

    share = min(progress.elapsed / progress.expected, 1.0) if progress.expected else None
    times = _time(progress.elapsed)
    if progress.expected:
        times = f"{times} of {fmt.duration(progress.expected)}"
    head = Table.grid(padding=(0, 1))
    head.add_row(
        Text(text(progress.phase, 40), style="bold"),
        ProgressBar(total=1.0, completed=share, width=24) if share is not None else "",
        Text(times, style="dim"),
    )
    lines = [Text(text(progress.message), style="dim")] if progress.message else []
    if not _is_waiting(progress):
        lean = (text(progress.lean, 40), _LEAN_STYLES.get(progress.lean, "yellow"))
        growth = Text.assemble(_growth(progress), ", so far: ", lean)
        lines = [Text(_load(progress)), *([growth] if progress.lean else []), *lines]
    for line in lines:
        # A wrapped line would make the view jump; "crop" needs no ellipsis outside ASCII.
        line.no_wrap, line.overflow = True, "crop"
    return Group(head, *lines)
