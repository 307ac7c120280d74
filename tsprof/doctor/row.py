"""One line of what ``tsprof doctor`` finds."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Whether something works here."""

    OK = "ok"
    LIMITED = "limited"
    """It works, but some answers will be weaker."""
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that was looked at."""

    name: str
    status: Status
    found: str
    """What is there: a version, an amount."""
    meaning: str = ""
    """What that means for tsprof; empty where all is well."""
    fix: str = ""
    """What to do about it."""
    needed: bool = False
    """Whether a run cannot work when it is missing."""
