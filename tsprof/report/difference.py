"""The difference of two runs as data, and as JSON; the other renderers draw from this."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

Group = Literal["growth", "leaks", "sites", "holders", "service", "functions"]
Mark = Literal["worse", "better", "new", "gone", "within noise", "not comparable"]
Unit = Literal["bytes", "count", "ms", "rate", "share"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Frozen):
    """One figure in both runs."""

    group: Group
    """What the row is about: growth by owner, leaks, their places, how the target served, or
    functions whose CPU time per request changed."""
    name: str
    """A ledger's owner, a measure's name, or the key of a finding, site or holder; the keys of all
    findings, with commas between them, where the runs tell one growth apart otherwise."""
    unit: Unit
    """Bytes or a count per request, milliseconds, requests per second, or a part of one."""
    before: float | None
    """None where the earlier run does not have it."""
    after: float | None
    """None where the later run does not have it."""
    change: float | None = None
    """After less before."""
    low: float | None = None
    """Lower end of the change's 95 % interval; None where there is none."""
    high: float | None = None
    """Upper end of that interval."""
    mark: Mark
    """What the change comes to; what cannot be told is within noise."""


class Compared(_Frozen):
    """One of the two runs."""

    run: str
    """The run's name in the store."""
    scenario: str
    """What was run."""
    verdict: str
    """Its answer."""
    started: str
    """ISO 8601, with offset."""
    git_revision: str
    """Revision of the directory that it was started in."""
    requests: int
    """Requests completed, failed ones included."""


class Difference(_Frozen):
    """Two runs beside each other."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    """Version of this contract."""
    before: Compared
    """The earlier run."""
    after: Compared
    """The later run."""
    rows: tuple[Row, ...]
    """One for each figure."""
    notes: tuple[str, ...]
    """Why some figures do not compare, and what else a reader should know."""

    @property
    def marked(self) -> tuple[Row, ...]:
        """The rows that changed beyond noise."""
        return tuple(r for r in self.rows if r.mark not in ("within noise", "not comparable"))


def as_json(difference: Difference) -> str:
    """The difference as a JSON object in ASCII; what is not finite is null."""
    return json.dumps(json.loads(difference.model_dump_json(by_alias=True)), indent=2) + "\n"
