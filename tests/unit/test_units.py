from collections.abc import Callable

import click
import pytest

from tsprof.errors import UsageError
from tsprof.units import (
    DURATION,
    parse_duration,
    parse_number,
    parse_percent,
    parse_share,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        (90, 90),
        (0.5, 0.5),
        ("90s", 90),
        ("1.5h", 5400),
        ("2m30s", 150),
        ("500ms", 0.5),
        ("250us", 0.00025),
        ("1 h 30 min", 5400),
        (" 2 Hours ", 7200),
        (".5m", 30),
        ("1d12h", 129_600),
        ("1e3", 1000),
        ("0", 0),
    ],
)
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "-5", "-5s", "1h2", "5 5", "1:30", "1_000", "nan", "inf", "1e400", "s", "5x"],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration") as caught:
        parse_duration(text)
    assert "1.5h" in caught.value.hint


@pytest.mark.parametrize("text", ["30s2m", "2m2m", "1s1sec", "9" * 400 + "h"])
def test_units_of_a_duration_descend(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        (4096, 4096),
        ("16MB", 16_000_000),
        ("16M", 16_000_000),
        ("16MiB", 16 * 1024**2),
        ("16mi", 16 * 1024**2),
        ("1.5 GB", 1_500_000_000),
        ("1e6", 1_000_000),
        ("3 bytes", 3),
        ("1.4", 1),
    ],
)
def test_sizes(text: str | float, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "5 x", "20%", "1e400GB", "1e308GB", "1MB2kB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "share"), [("20%", 0.2), ("20 %", 0.2), ("0.2", 0.2), (1, 1), ("100%", 1), ("0", 0)]
)
def test_shares(text: str | float, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["120%", "1.5", "20", "%", "x%", "-1%", "20%%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="is not a share"):
        parse_share(text)


def test_percent_may_exceed_a_hundred() -> None:
    assert parse_percent("250%") == parse_percent(250) == 250


@pytest.mark.parametrize("parse", [parse_percent, parse_number])
@pytest.mark.parametrize("text", ["", "ten", "-1", "nan", "5s"])
def test_what_is_no_number(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(UsageError, match="is not a number"):
        parse(text)


def test_a_huge_value_is_cut_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration("1s" * 100_000)
    assert len(str(caught.value)) < 120


def test_a_click_option_reads_units_and_names_itself_when_wrong() -> None:
    @click.command()
    @click.option("--wait", type=DURATION)
    def command(wait: float) -> float:
        return wait

    assert command(["--wait", "2m"], standalone_mode=False) == 120
    with pytest.raises(click.BadParameter) as caught:
        command(["--wait", "soon"], standalone_mode=False)
    assert "'--wait': 'soon' is not a duration; write it such as" in caught.value.format_message()
