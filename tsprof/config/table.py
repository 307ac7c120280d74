"""What the tables of the configuration are made of."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tsprof.config import values
from tsprof.config.criteria import criteria

Duration = Annotated[float, BeforeValidator(values.duration)]
Pause = Annotated[float, BeforeValidator(values.pause)]
FilePath = Annotated[Path, BeforeValidator(values.path)]
Criteria = Annotated[dict[str, float | str], BeforeValidator(criteria)]
Users = Annotated[int, Field(ge=1, le=100_000)]


class Table(BaseModel):
    """One table of the configuration file."""

    # Strict, because pydantic would otherwise take true for 1 and "10" for 10.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
