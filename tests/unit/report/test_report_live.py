import contextlib
import io
import os
import pty
import re
import sys
import threading
from collections.abc import Iterator

import pytest
from report_builder import HOSTILE
from rich.console import Console

from tsprof.report.live import LiveView
from tsprof.report.pipes import PipeConsole
from tsprof.report.progress import Progress

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"

MEASURING = Progress(
    phase="measure",
    elapsed=41.2,
    expected=120.0,
    requests=12_000,
    requests_per_second=292.0,
    failures=2,
    p99_ms=7.9,
    growth_bytes_per_request=32.8,
    low=32.1,
    high=33.4,
    lean="leak",
    segments=9,
    message="checkpoint 9",
)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def plain_view(stream: io.StringIO, clock: Clock) -> LiveView:
    return LiveView(console=Console(file=stream, force_terminal=False, width=80), clock=clock)


class Screen:
    """A pseudo-terminal with a rich console on it, read while it is written to."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.file = os.fdopen(slave, "w", encoding="utf-8")
        self.console = PipeConsole(
            file=self.file, width=100, _environ={"TERM": "xterm-256color", "COLUMNS": "100"}
        )
        self._parts: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        # Linux answers EIO once the other side is closed and everything is read.
        with contextlib.suppress(OSError):
            while part := os.read(self._master, 65_536):
                self._parts.append(part)

    def text(self) -> str:
        """Everything that was written; nothing can be written afterwards."""
        self.file.close()
        self._reader.join(timeout=30)
        return b"".join(self._parts).decode()

    def close(self) -> None:
        self.text()
        os.close(self._master)


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()


def test_a_pipe_gets_a_line_per_phase_and_one_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    with plain_view(stream, clock) as view:
        for second in range(25):
            clock.now = float(second)
            view.update(Progress(phase="warm up" if second < 5 else "measure", elapsed=second))
    assert stream.getvalue().splitlines() == [
        "warm up (0 s)",
        "measure (5 s)",
        "measure (15 s)",
    ]


def test_a_soak_of_hours_gets_a_line_a_minute() -> None:
    stream, clock = io.StringIO(), Clock()
    with plain_view(stream, clock) as view:
        for second in range(3600, 3841):
            clock.now = float(second)
            view.update(Progress(phase="measure", elapsed=second))
    assert len(stream.getvalue().splitlines()) == 5


def test_a_line_says_everything() -> None:
    stream = io.StringIO()
    with plain_view(stream, Clock()) as view:
        view.update(MEASURING)
    assert stream.getvalue() == (
        "[41.2 s of 2 min] measure: 12,000 requests, 292/s, 2 failed, p99 7.9 ms, 9 segments;"
        " growth 32.8 B per request (32.1 to 33.4), so far: leak; checkpoint 9\n"
    )


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (
            Progress(phase="waiting for the target", elapsed=0.000144),
            "waiting for the target (0 s)",
        ),
        (Progress(phase="waiting for the target", elapsed=0.31), "waiting for the target (0.3 s)"),
        (
            Progress(phase="calibrating", elapsed=65.2, message="it is slow"),
            "calibrating (1 min 5 s); it is slow",
        ),
        (
            Progress(phase="resting", elapsed=31.4, requests=800, segments=2),
            (
                "[31.4 s] resting: 800 requests, 0 failed, 2 segments;"
                " growth not known yet, so far: undecided"
            ),
        ),
    ],
)
def test_what_is_not_known_is_not_printed_as_a_number(progress: Progress, line: str) -> None:
    stream = io.StringIO()
    with plain_view(stream, Clock()) as view:
        view.update(progress)
    assert stream.getvalue() == f"{line}\n"


def test_quiet_prints_nothing() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True)
    with LiveView(quiet=True, console=console) as view:
        view.update(MEASURING)
        view.line("warning")
    assert stream.getvalue() == ""


def test_standard_output_stays_clean(capfd: pytest.CaptureFixture[str]) -> None:
    with LiveView() as view:
        view.update(MEASURING)
        view.line("warning")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "measure" in captured.err
    assert captured.err.endswith("warning\n")


def test_without_a_standard_error_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with LiveView() as view:
        view.update(MEASURING)
        view.line("warning")


def test_a_terminal_is_drawn_in_place_and_given_back(screen: Screen) -> None:
    with LiveView(console=screen.console) as view:
        view.update(MEASURING)
        view.line("a checkpoint took long")
    text = screen.text()
    assert "12,000 requests, 292/s, 2 failed" in text
    assert "growth 32.8 B per request (32.1 to 33.4), " in text
    assert "a checkpoint took long" in text
    assert text.count(HIDE_CURSOR) == text.count(SHOW_CURSOR) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_exception_leaves_the_terminal_as_it_was(
    screen: Screen, error: type[BaseException]
) -> None:
    before = sys.stderr, sys.stdout

    def run() -> None:
        with LiveView(console=screen.console) as view:
            view.update(MEASURING)
            raise error

    with pytest.raises(error):
        run()
    assert (sys.stderr, sys.stdout) == before
    text = screen.text()
    assert text.rindex(SHOW_CURSOR) > text.rindex(HIDE_CURSOR)


def test_a_terminal_is_not_drawn_more_often_than_people_see(screen: Screen) -> None:
    clock = Clock()
    with LiveView(console=screen.console, clock=clock) as view:
        for step in range(1_000):
            clock.now = step / 1_000
            view.update(MEASURING)
    assert screen.text().count("12,000 requests") <= 11


def test_a_dumb_terminal_gets_plain_lines() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, _environ={"TERM": "dumb"}, width=300)
    with LiveView(console=console, clock=Clock()) as view:
        view.update(MEASURING)
        view.update(MEASURING)
    assert stream.getvalue().count("\n") == 1
    assert HIDE_CURSOR not in stream.getvalue()


def test_hostile_text_cannot_steer_the_terminal(screen: Screen) -> None:
    stream = io.StringIO()
    with plain_view(stream, Clock()) as view:
        view.update(Progress(phase=HOSTILE, elapsed=1.0, lean=HOSTILE, message=HOSTILE))
        view.line(HOSTILE)
    assert stream.getvalue().count("\n") == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", stream.getvalue())
    with LiveView(console=screen.console) as view:
        view.update(Progress(phase=HOSTILE, elapsed=1.0, lean=HOSTILE, message=HOSTILE))
        view.line(HOSTILE)
    text = screen.text()
    assert "[red]bold[/red]" in text
    assert "\x1b]" not in text
    assert "\x07" not in text


def test_a_stream_without_unicode_gets_names_of_characters() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=stream, force_terminal=False, width=200)
    with LiveView(console=console) as view:
        view.line("é")
        view.update(Progress(phase="é", elapsed=0.0))
    stream.flush()
    written = stream.buffer.getvalue()
    assert written.count(rb"\N{LATIN SMALL LETTER E WITH ACUTE}") == 2


def test_a_reader_that_goes_away_does_not_end_the_run() -> None:
    reading, writing = os.pipe()
    with (
        os.fdopen(writing, "w", encoding="utf-8") as file,
        LiveView(console=PipeConsole(file=file), clock=Clock()) as view,
    ):
        view.line("first")
        assert os.read(reading, 100) == b"first\n"
        os.close(reading)
        for _ in range(3):
            view.line("nobody reads this")
            view.update(MEASURING)


def test_a_closed_stream_does_not_end_the_run() -> None:
    stream = io.StringIO()
    with plain_view(stream, Clock()) as view:
        stream.close()
        view.line("nobody reads this")
        view.update(MEASURING)
