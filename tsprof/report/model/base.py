"""What all parts of a report have in common."""

import math
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Verdict(StrEnum):
    """The answer of a run."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Frozen(BaseModel):
    """Data that does not change; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_a_number(cls, data: Any) -> Any:
        """Read back what JSON has no number for: NaN and infinity are written as null."""
        if not isinstance(data, dict):
            return data
        numbers = [name for name, field in cls.model_fields.items() if field.annotation is float]
        missing = {name: math.nan for name in numbers if name in data and data[name] is None}
        return data | missing
