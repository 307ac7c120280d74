"""Prometheus' text format and JSON, as numbers by name."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

MOST_NUMBERS = 200
"""Numbers kept of one reply: what a person can name, and 3 MB of disk in a soak of four hours."""
MOST_SERIES = 20
"""Series of one name that are kept apart; where there are more, counters are kept as their sum."""
LONGEST_NAME = 200
LONGEST_LINE = 4096
"""The parser takes time with the square of a line: 0.6 s for 2 MB of lines this long."""
_TOTALS = ("_total", "hits", "misses")
"""JSON has no types: what counts since the start is known by the end of its name."""


class UnreadableError(ValueError):
    """The reply is neither Prometheus' text format nor JSON; the message says why."""


@dataclass(frozen=True)
class Told:
    """What one reply says."""

    levels: Mapping[str, float]
    """What rises and falls, by name with its labels."""
    totals: Mapping[str, float]
    """What only grows while its process lives."""
    left_out: int = 0
    """How many names there was no room for."""


@dataclass
class _Family:
    """All series of one name."""

    name: str
    total: bool
    series: dict[str, float] = field(default_factory=dict)


def read(body: bytes, keep: frozenset[str]) -> Told:
    """Read a reply.

    Args:
        body: the reply as it came; an object in JSON, or Prometheus' text format.
        keep: names without labels that are kept whatever else there is.

    Raises:
        UnreadableError: it is neither.
    """
    text = body.decode(errors="replace")
    try:
        document = json.loads(text)
    except RecursionError:
        raise UnreadableError("its JSON is nested too deeply") from None
    except ValueError:
        families = _of_prometheus(text)
    else:
        families = _of_json(document)
    return _bounded(families, keep)


def _of_prometheus(text: str) -> list[_Family]:
    if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        raise UnreadableError(f"it has a line of more than {LONGEST_LINE:,} characters")
    families: dict[str, _Family] = {}
    try:
        for metric in text_string_to_metric_families(text):
            for sample in metric.samples:
                if sample.name.endswith(("_bucket", "_created", "_info")):
                    continue  # a histogram's sum and count say enough; the others never change
                total = (
                    metric.type == "counter"
                    or sample.name.endswith("_total")
                    or (
                        metric.type in ("histogram", "summary")
                        and sample.name.endswith(("_sum", "_count"))
                    )
                )
                family = families.setdefault(sample.name, _Family(sample.name, total))
                family.series[_series(sample.name, sample.labels)] = float(sample.value)
    except Exception as error:  # the parser fails in many ways on what is no metrics
        raise UnreadableError("it is neither Prometheus' text format nor JSON") from error
    return list(families.values())


def _series(name: str, labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{label}="{labels[label]}"' for label in sorted(labels))
    return f"{name}{{{pairs}}}" if pairs else name


def _of_json(document: Any) -> list[_Family]:
    return [
        _Family(name, name.endswith(_TOTALS), {name: value}) for name, value in _numbers(document)
    ]


def _numbers(document: Any) -> Iterator[tuple[str, float]]:
    """Yield every number in a document with its dotted name."""
    waiting = [("", document)]
    while waiting:
        name, value = waiting.pop()
        match value:
            case bool():
                continue
            case int() | float() if name:
                try:
                    yield name, float(value)
                except OverflowError:  # an integer beyond any float
                    continue
            case dict() | list():
                pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
                waiting += [(f"{name}.{key}" if name else str(key), v) for key, v in pairs[::-1]]


def _rank(name: str, keep: frozenset[str]) -> int:
    """What there is room for first: what was asked for, then hit rates and their counters."""
    if name in keep:
        return 0
    return 1 if "hit" in name.lower() or "miss" in name.lower() else 2


def _bounded(families: list[_Family], keep: frozenset[str]) -> Told:
    levels: dict[str, float] = {}
    totals: dict[str, float] = {}
    left_out = 0
    for family in sorted(families, key=lambda family: _rank(family.name, keep)):
        series = {
            name: value
            for name, value in family.series.items()
            if math.isfinite(value) and len(name) <= LONGEST_NAME
        }
        if family.total and len(series) > MOST_SERIES:
            series = {family.name: math.fsum(series.values())}
        if len(series) > MOST_SERIES or len(levels) + len(totals) + len(series) > MOST_NUMBERS:
            left_out += 1
            continue
        (totals if family.total else levels).update(series)
    return Told(levels, totals, left_out)
