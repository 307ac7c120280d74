# ruff: noqa: TRY004 - pydantic turns a ValueError into a message, and lets a TypeError through
"""The limits that a run can be held to, and what they may look like in a configuration.

What reads a value raises ``ValueError`` with a message that reads well after the key's name.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from tsprof.config.values import parsed
from tsprof.errors import UsageError
from tsprof.units import parse_duration, parse_number, parse_percent, parse_share, parse_size

Comparison = Literal["<", "<=", ">", ">="]

OFF = "off"
"""In place of a limit: drops the criterion that a scenario has by default."""
_COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(.*\S)\s*", re.DOTALL)


def criteria(value: Any) -> dict[str, float | str]:
    """Limits by the names of ``CRITERIA``, and comparisons by the names of gauges."""
    if not isinstance(value, dict):
        raise ValueError("must be a table, such as p99_ms = 50")
    limits: dict[str, float | str] = {}
    for name, limit in _flat(value):
        try:
            if limit == OFF:
                limits[name] = OFF
                continue
            if name in CRITERIA:
                limits[name] = parsed(CRITERIA[name].read, limit)
                continue
            if isinstance(limit, str) and _COMPARISON.fullmatch(limit):
                comparison(limit)
                limits[name] = limit.strip()
                continue
        except ValueError as error:
            raise ValueError(f"{name:.60}: {error}") from None
        close = get_close_matches(name, CRITERIA, n=1)
        way_out = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(CRITERIA)}."
        raise ValueError(
            f"has no key {name!r:.60}; {way_out} A gauge of the target's own is compared, "
            'as in "> 0.8"'
        )
    return limits


def comparisons(limits: Mapping[str, float | str]) -> dict[str, str]:
    """Return those of the criteria that compare a gauge of the target's own, by its name."""
    return {n: limit for n, limit in limits.items() if isinstance(limit, str) and limit != OFF}


def watched(value: Any) -> dict[str, Any]:
    """Gauges by name, each with the direction that is worse."""
    form = 'must be a table, such as { queue_length = { worse = "more", margin = "20%" } }'
    if not isinstance(value, dict):
        raise ValueError(form)
    for name, watch in value.items():
        if not isinstance(watch, dict) or not watch.keys() <= {"worse", "margin"}:
            raise ValueError(f"{name:.60}: {form}")
        if watch.get("worse") not in ("less", "more"):
            raise ValueError(f'{name:.60}: worse must be "less" or "more"')
        margin(watch.get("margin", 0.1))
    return value


def margin(value: Any) -> float:
    """A relative change, more than zero: ``0.1`` and ``10%`` are the same."""
    change = parsed(_relative, value)
    if not change:
        raise ValueError('a margin must be more than 0, such as "10%"')
    return change


def _relative(text: str | float) -> float:
    return parse_percent(text) / 100 if str(text).strip().endswith("%") else parse_number(text)


def comparison(text: str) -> tuple[Comparison, float]:
    """Read a comparison, such as ``> 0.8``, ``<= 0.1%`` or ``< 50ms``.

    Returns:
        The sign, and the limit: seconds for a duration, bytes for a size.
    """
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ValueError(f'must be a comparison such as "> 0.8", not {text!r:.60}')
    sign: Any = match[1]
    for parse in (_relative, parse_duration, parse_size):
        try:
            return sign, float(parse(match[2]))
        except UsageError:
            continue
    raise ValueError(f'must compare with a number, as in "> 0.8" or "< 0.1%", not {text!r:.60}')


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values: TOML takes the dots of ``cache.hit_rate`` for tables."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _milliseconds(text: str | float) -> float:
    try:
        return parse_number(text)
    except UsageError:
        return parse_duration(text) * 1000


@dataclass(frozen=True)
class Limit:
    """A criterion that a run can be held to."""

    read: Callable[[str | float], float]
    """Makes the limit of what people write."""
    example: str | float
    meaning: str
    sign: Comparison = "<"
    """How a value has to compare with the limit."""


CRITERIA = {
    "p50_ms": Limit(_milliseconds, 5, "Half of all requests must be answered faster."),
    "p95_ms": Limit(_milliseconds, 20, "95 of 100 requests must be answered faster."),
    "p99_ms": Limit(_milliseconds, "50ms", "99 of 100 requests must be answered faster."),
    "error_rate": Limit(parse_share, "1%", "Fewer requests may fail."),
    "requests_per_second": Limit(parse_number, 500, "More must be served.", ">"),
    "cpu_percent": Limit(parse_percent, 80, "The target's mean use of one processor, at most."),
    "machine_cpu_percent": Limit(
        parse_percent, 80, "The target's mean use of all processors together, at most."
    ),
    "memory": Limit(parse_size, "512MB", "The target's resident memory at any checkpoint."),
    "hot_path_growth": Limit(
        _relative,
        "20%",
        "The CPU time per request of any function must have grown by less since the `--baseline`.",
    ),
    "recovery_seconds": Limit(
        parse_duration, 30, "After a spike, latency must be back sooner (`tsprof spike`)."
    ),
    "dropped_requests": Limit(
        parse_number, 0, "Requests of a spike that may fail or go unsent (`tsprof spike`).", "<="
    ),
    "memory_kept": Limit(
        parse_share, "10%", "Memory that may be left over from a spike (`tsprof spike`)."
    ),
    "p50_drift": Limit(
        parse_share, "10%", "The median latency must rise by less over a soak (`tsprof endurance`)."
    ),
    "p99_drift": Limit(parse_share, "10%", "The 99th percentile of latency, likewise."),
    "throughput_drift": Limit(parse_share, "10%", "Throughput must fall by less, likewise."),
    "error_rate_drift": Limit(
        parse_share, "0.1%", "The share of failed requests must rise by less, likewise."
    ),
    "speedup": Limit(
        parse_number,
        2,
        "Requests per second over those of the reference, at least (`tsprof compare`).",
        ">=",
    ),
    "cpu_speedup": Limit(
        parse_number,
        2,
        "CPU time per request of the reference over that of the target, at least "
        "(`tsprof compare`).",
        ">=",
    ),
}
"""The criteria that there are, by name; what a scenario cannot measure is not met."""
