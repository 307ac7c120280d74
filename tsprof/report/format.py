"""Numbers as people read them: every renderer formats through here.

One rule for precision: three significant digits, trailing zeros dropped; from 1,000 on, whole
numbers with separators. Units are decimal (1 kB is 1,000 bytes).
"""

import math
from decimal import Decimal

UNKNOWN = "unknown"
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_SMALLEST = 1e-6
"""Below this a number is printed as 0: one byte in a million requests is not a finding."""
_SMALLEST_SIZE = 5e-4
"""Likewise of bytes: what is allocated comes in pieces of 16."""
_LARGEST = 1e15
"""From here on digits stop helping and exponents begin."""


def number(value: float | None) -> str:
    """A plain number: ``32.8``, ``0.1``, ``12,345``; ``unknown`` for None and NaN."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if abs(value) < _SMALLEST:
        return "0"
    if abs(value) >= _LARGEST:
        return f"{value:.3g}"
    rounded = float(f"{value:.3g}")
    if abs(rounded) >= 1000:  # noqa: PLR2004 - where separators begin
        return f"{value:,.0f}"
    text = format(Decimal(f"{rounded:.3g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scale(size: float) -> tuple[float, str]:
    """The divisor and the unit that print ``size`` with one to three digits before the point."""
    if not math.isfinite(size):
        return 1.0, _BYTE_UNITS[0]
    rounded = abs(float(f"{size:.3g}"))
    divisor = 1.0
    for unit in _BYTE_UNITS[:-1]:
        if rounded < divisor * 1000:
            return divisor, unit
        divisor *= 1000
    return divisor, _BYTE_UNITS[-1]


def size(size_bytes: float | None) -> str:
    """Bytes with their unit: ``32.8 B``, ``1.2 MB``."""
    if size_bytes is None or not math.isfinite(size_bytes):
        return number(size_bytes)
    divisor, unit = _scale(size_bytes)
    shown = size_bytes / divisor if abs(size_bytes) >= _SMALLEST_SIZE else 0.0
    return f"{number(shown)} {unit}"


def interval(low: float, high: float) -> str:
    """A range without unit: ``32.1 to 33.4``; empty when there is none to speak of.

    Both bounds 0 is how the report says that no interval was computed.
    """
    if low == high == 0 or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{number(low)} to {number(high)}"


def size_interval(low: float, high: float, *, beside: float) -> str:
    """A range of bytes in the unit in which ``size(beside)`` prints, the unit left out."""
    divisor, _ = _scale(beside)
    return interval(low / divisor, high / divisor)


def in_parentheses(text: str) -> str:
    """The text as an aside, with the space before it; empty stays empty."""
    return f" ({text})" if text else ""


def milliseconds(value: float | None) -> str:
    """A latency: ``7.9 ms``."""
    return UNKNOWN if value is None else f"{number(value)} ms"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units: ``41.2 s``, ``1 min 5 s``, ``4 h``."""
    if seconds is None or not math.isfinite(seconds):
        return number(seconds)
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 1:
        return milliseconds(seconds * 1000) if seconds else "0 s"
    if float(f"{seconds:.3g}") < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{number(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (amount, _) in enumerate(parts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount)


def percentage(share: float | None) -> str:
    """A part of one as a percentage: ``97.3 %``."""
    return number(share) if share is None else f"{number(share * 100)} %"


def rate(per_second: float | None) -> str:
    """A rate: ``97.1 requests/s``."""
    return f"{number(per_second)} requests/s"


def count(amount: float, noun: str, plural: str = "") -> str:
    """An amount with its noun: ``1 process``, ``12,000 requests``."""
    printed = number(amount)
    return f"{printed} {noun if printed == '1' else plural or noun + 's'}"
