"""Where a run under way stands against what it is held to, in the blocks that a dashboard shows."""

from dataclasses import dataclass, field
from typing import Literal

from tsprof.report import format as fmt
from tsprof.report import service_wording
from tsprof.report.model import Criterion, Growth, LedgerRow

Unit = Literal["number", "ms", "bytes", "percent", "share"]


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
        return service_wording.criterion_outcome(self.criterion) if self.criterion and known else ""


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
