import io

import pytest
from rich.console import Console

from tsprof.report.live import LiveView
from tsprof.report.model import Criterion, Growth, LedgerRow
from tsprof.report.panel import blocks_table, ledger_line
from tsprof.report.progress import Progress
from tsprof.report.sparkline import sparkline
from tsprof.report.standing import Block, Row, Standing

P99 = Criterion(name="p99_ms", limit=10.0, value=7.9, met=True)
ERRORS = Criterion(name="error_rate", limit=0.001, value=0.02, met=False)
ROWS = (
    Row(label="requests/s", unit="number", now=292.0, history=(0.0, 150.0, 300.0), whole=289.0),
    Row(label="p99", unit="ms", now=8.25, history=(8.0, None, 3.0), whole=7.9, criterion=P99),
)
BLOCKS = (
    Block(title="Performance", rows=ROWS),
    Block(title="Errors", rows=(Row(label="failed", unit="share", whole=0.02, criterion=ERRORS),)),
)
STANDING = Standing(
    blocks=BLOCKS,
    growth=Growth(bytes_per_request=32.8, low=32.1, high=33.4),
    ledger=(
        LedgerRow(owner="native_heap", bytes_per_request=1.5),
        LedgerRow(owner="python_objects", bytes_per_request=31.0),
    ),
    lean="leak",
    untold=("recovery_seconds",),
)
MEASURING = Progress(phase="measuring", elapsed=41.2, expected=120.0, requests=12_000, segments=9)


def drawn(width: int, height: int, standing: Standing = STANDING) -> list[str]:
    """The lines of the view in place on a terminal of this size."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=width, height=height, color_system=None, _environ={}
    )
    with LiveView(console=console) as view:
        view.follow(lambda: standing)
        view.update(MEASURING)
        text = stream.getvalue()
    return [line.rstrip() for line in text.replace("\x1b[?25l", "").splitlines()]


def test_each_value_stands_beside_its_target() -> None:
    lines = drawn(80, 24)
    assert len({len(line) for line in lines}) == 1
    (p99,) = (line for line in lines if " p99 " in line)
    assert p99.split()[1:] == [
        "p99",
        "8.25",
        "ms",
        "█",
        "▄",
        "7.9",
        "ms",
        "<",
        "10",
        "ms",
        "met",
        "│",
    ]
    (failed,) = (line for line in lines if " failed " in line and "Errors" in line)
    assert failed.split()[1:] == ["Errors", "failed", "2", "%", "<", "0.1", "%", "missed", "│"]


def test_the_words_below_tell_growth_its_owners_and_what_is_not_known() -> None:
    text = "\n".join(drawn(100, 40))
    assert "growth 32.8 B per request (32.1 to 33.4), so far: leak" in text
    assert "of it Python objects 31 B, native heap 1.5 B" in text
    assert "not known yet: recovery_seconds" in text


@pytest.mark.parametrize("height", [12, 14, 24, 60])
@pytest.mark.parametrize("width", [70, 80, 200])
def test_the_panel_fits_the_terminal(width: int, height: int) -> None:
    lines = drawn(width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_it_is_asked_and_drawn_once_a_second() -> None:
    stream, asked, now = io.StringIO(), [], 0.0
    console = Console(file=stream, force_terminal=True, width=80, height=24, _environ={})

    def standing() -> Standing:
        asked.append(now)
        return STANDING

    with LiveView(console=console, clock=lambda: now) as view:
        view.follow(standing)
        for _ in range(40):
            view.update(MEASURING)
            now += 0.25
        assert asked == [float(second) for second in range(10)]
        assert stream.getvalue().count("Performance") == 10


def test_sparklines_grow_with_the_terminal() -> None:
    rows = (Row(label="p99", unit="ms", history=tuple(map(float, range(1, 200))), now=1.0),)
    standing = Standing(blocks=(Block(title="Performance", rows=rows),))

    def bars(width: int) -> int:
        return sum(character in "▁▂▃▄▅▆▇█" for character in "".join(drawn(width, 24, standing)))

    assert bars(80) >= 12
    assert bars(120) == bars(80) + 40


def test_a_narrow_terminal_keeps_to_the_lines() -> None:
    text = "\n".join(drawn(60, 24))
    assert "12,000 requests" in text
    assert "Performance" not in text


def test_a_terminal_without_bars_has_none() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(blocks_table(BLOCKS, 100, "ascii"))
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO
    assert text.isascii()
    assert "requests/s" in text


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ((), ""),
        ((None, None), ""),
        ((0.0, 0.0), "▁▁"),
        ((0.0, 50.0, 100.0), "▁▅█"),
        ((1.0, None, 2.0), "▅ █"),
        ((100.0, 101.0), "▇█"),  # a change of 1 % is not drawn as large as one of 5 %
        ((100.0, 150.0, 190.0), "▁▅█"),  # far above zero: the smallest is the bottom
    ],
)
def test_a_sparkline(values: tuple[float | None, ...], bars: str) -> None:
    assert sparkline(values, 10) == bars


def test_a_bar_of_a_long_run_is_the_largest_of_its_values() -> None:
    values = [0.0] * 1000
    values[503] = 9.0
    assert sparkline(values, 10) == "▁▁▁▁▁█▁▁▁▁"


def test_memory_that_is_not_split_has_no_line_of_owners() -> None:
    assert ledger_line([LedgerRow(owner="other", bytes_per_request=5.0)]) == ""
