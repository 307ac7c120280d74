"""Numbers with units, as people write them: ``1.5h``, ``2m30s``, ``16MiB``, ``20%``."""

import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import click

from tsprof.errors import UsageError

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(rf"({_NUMBER})\s*([a-zµμ]+)\s*", re.IGNORECASE)
_PARTS = re.compile(rf"(?:{_PART.pattern})+", re.IGNORECASE)
_ONE_PART = re.compile(rf"({_NUMBER}(?:e[+-]?\d+)?)\s*([a-zµμ%]*)", re.IGNORECASE)
_LONGEST_TEXT = 60
"""Characters of a wrong value that a message repeats."""

SECONDS: Mapping[str, float] = {
    **dict.fromkeys(("us", "µs", "μs"), 1e-6),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}
"""Seconds in each unit of time."""

BYTES: Mapping[str, int] = {
    **dict.fromkeys(("", "b", "byte", "bytes"), 1),
    **{
        name: 1000**power
        for power, letter in enumerate("kmgtp", start=1)
        for name in (letter, f"{letter}b")
    },
    **{
        name: 1024**power
        for power, letter in enumerate("kmgtp", start=1)
        for name in (f"{letter}i", f"{letter}ib")
    },
}
"""Bytes in each unit of size, decimal unless written with an i (the units of IEC 80000-13)."""


def parse_duration(text: str | float) -> float:
    """Read a length of time.

    Args:
        text: a number of seconds (``90``), or numbers with units, the larger unit first
            (``90s``, ``1.5h``, ``2m30s``, ``500ms``, ``1 h 30 min``).

    Returns:
        Seconds, zero or more.

    Raises:
        UsageError: it is not a length of time.
    """
    plain = _plain_number(text)
    if plain is not None:
        return plain
    written = str(text).strip()
    parts = _PART.findall(written) if _PARTS.fullmatch(written) else []
    units = [SECONDS.get(unit.lower()) for _, unit in parts]
    if not parts or None in units:
        raise _not_a("a duration", text, "such as 90, 90s, 1.5h, 2m30s or 500ms")
    factors = [unit for unit in units if unit is not None]
    if any(later >= earlier for earlier, later in pairwise(factors)):
        raise _not_a("a duration", text, "with each unit once, the larger first, such as 2m30s")
    seconds = sum(
        float(number) * factor for (number, _), factor in zip(parts, factors, strict=True)
    )
    if math.isinf(seconds):
        raise _not_a("a duration", text, "such as 90, 90s, 1.5h, 2m30s or 500ms")
    return seconds


def parse_size(text: str | float) -> int:
    """Read an amount of memory or disk.

    Args:
        text: a number of bytes, or a number with a unit: ``16MB`` and ``16M`` are 16 million,
            ``16MiB`` and ``16Mi`` are 16 x 1,048,576.

    Returns:
        Bytes, zero or more, rounded to whole ones.

    Raises:
        UsageError: it is not a size.
    """
    match = _ONE_PART.fullmatch(str(text).strip())
    factor = BYTES.get(match[2].lower()) if match else None
    size = float(match[1]) * factor if match and factor else math.inf
    if math.isinf(size):
        raise _not_a("a size", text, "such as 4096, 16MB (decimal), 16MiB (binary) or 1.5 GB")
    return round(size)


def parse_share(text: str | float) -> float:
    """Read a part of a whole: ``20%`` and ``0.2`` are the same.

    Returns:
        A number from 0 to 1.

    Raises:
        UsageError: it is not a share.
    """
    written = str(text).strip()
    value = _plain_number(written.removesuffix("%"))
    share = value / 100 if value is not None and written.endswith("%") else value
    if share is None or share > 1:
        raise _not_a("a share", text, "from 0 to 1 or with a percent sign, such as 0.2 or 20%")
    return share


def parse_percent(text: str | float) -> float:
    """Read a number of percent, with or without its sign: ``80%`` and ``80`` are the same.

    Returns:
        Percent, zero or more; of several cores it can be above 100.

    Raises:
        UsageError: it is not a number.
    """
    value = _plain_number(str(text).strip().removesuffix("%"))
    if value is None:
        raise _not_a("a number of percent", text, "such as 80 or 80%")
    return value


def parse_number(text: str | float) -> float:
    """Read a number without unit, zero or more.

    Raises:
        UsageError: it is not one.
    """
    value = _plain_number(text)
    if value is None:
        raise _not_a("a number", text, "without a unit, zero or more")
    return value


def _plain_number(text: str | float) -> float | None:
    """The value of a number that is written without unit; None for anything else."""
    match = _ONE_PART.fullmatch(str(text).strip())
    if match is None or match[2] or math.isinf(float(match[1])):
        return None
    return float(match[1])


def _not_a(what: str, text: object, form: str) -> UsageError:
    written = str(text)
    if len(written) > _LONGEST_TEXT:
        written = written[:_LONGEST_TEXT] + "..."
    return UsageError(f"{written!r} is not {what}", hint=f"write it {form}")


class UnitType(click.ParamType):  # type: ignore[type-arg] # not generic before click 8.4
    """A click parameter type that reads its values with one of the parsers above."""

    def __init__(self, name: str, parse: Callable[[str | float], float]) -> None:
        """Take the word that help shows (``duration``) and the parser."""
        self.name = name
        self._parse = parse

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read one value; a wrong one becomes click's error for that parameter."""
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(f"{error}; {error.hint}", param, ctx)


DURATION = UnitType("duration", parse_duration)
"""Seconds."""
