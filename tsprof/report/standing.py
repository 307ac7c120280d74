"""Where a run under way stands against what it is held to, in the blocks that a dashboard shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from tsprof.report import format as fmt
from tsprof.report import wording
from tsprof.report.model import Criterion, Growth, LedgerRow

Unit = Literal["number", "ms", "bytes", "percent", "share"]

_BARS = "▁▂▃▄▅▆▇█"
_OWNERS_TOLD = 3
_LEAST_SPAN = 0.05
"""Part of the largest value over which a sparkline is drawn at least: less is no change to see."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One value; None where it is not known."""

    label: str
    unit: Unit
    now: float | None = None
    """Over the last seconds; of the target's own gauges, as last read."""
    history: tuple[float | None, ...] = ()
    """Since the start of the run, evenly spaced."""
    whole: float | None = None
    """Over the whole run so far: what a criterion is about."""
    criterion: Criterion | None = None

    def said(self, value: float | None) -> str:
        """Return a value in the row's unit; empty where it is not known."""
        if value is None:
            return ""
        return {
            "number": fmt.number,
            "ms": fmt.milliseconds,
            "bytes": fmt.size,
            "percent": lambda percent: f"{fmt.number(percent)} %",
            "share": fmt.percentage,
        }[self.unit](value)

    @property
    def target(self) -> str:
        """What the value is held to: ``< 10 ms``; empty where it is to nothing."""
        if self.criterion is None:
            return ""
        return f"{self.criterion.comparison} {self.said(self.criterion.limit)}"

    @property
    def outcome(self) -> str:
        """``met`` or ``missed`` so far; empty where that is not known."""
        known = self.criterion is not None and self.criterion.met is not None
        return wording.criterion_outcome(self.criterion) if self.criterion and known else ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Values that belong together."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands."""

    blocks: tuple[Block, ...] = ()
    growth: Growth = field(default_factory=Growth)
    ledger: tuple[LedgerRow, ...] = ()
    """The growth so far by its owner."""
    lean: str = ""
    """Where the verdict on leaks leans: ``leak``, ``clean`` or ``undecided``."""
    leaking: tuple[str, ...] = ()
    """Resources that certainly grow."""
    untold: tuple[str, ...] = ()
    """Names of criteria of which nothing is known yet; of some not before the end."""

    @property
    def growth_is_known(self) -> bool:
        """Whether there are checkpoints enough to tell the growth."""
        growth = self.growth
        return growth.detectable_bytes_per_request is not None or growth.low < growth.high


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Draw values as bars, at most so many, with spaces where nothing is known.

    A bar stands for the largest of its values. Bars stand on zero, or on the smallest value where
    all of them are far above it: a memory that grows by a tenth would look flat.
    """
    parts = _largest_of_each(values, width)
    known = [value for value in parts if value is not None]
    if not known:
        return ""
    high = max(known)
    low = min(*known, high - _LEAST_SPAN * abs(high)) if min(known) > high / 2 else 0.0
    span = (high - low) or 1.0
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round(top * max(value - low, 0.0) / span)]
        for value in parts
    )


def _largest_of_each(values: Sequence[float | None], parts: int) -> list[float | None]:
    count = min(len(values), parts)
    edges = [len(values) * part // count for part in range(count + 1)] if count else []
    return [
        max((v for v in values[start:end] if v is not None), default=None)
        for start, end in pairwise(edges)
    ]


def ledger_line(ledger: Sequence[LedgerRow]) -> str:
    """The three largest parts of the growth in one line: ``Python objects 31 B, ...``."""
    owners = [row.owner for row in ledger]
    if len(owners) < 2:  # noqa: PLR2004 - one owner is all of it, and not split
        return ""
    rows = sorted(ledger, key=lambda row: -abs(row.bytes_per_request))[:_OWNERS_TOLD]
    return ", ".join(
        f"{wording.owner_label(row.owner, owners)} {fmt.size(row.bytes_per_request)}"
        for row in rows
    )
