"""The file of prices: which virtual machines there are, and what an hour of one costs."""

from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator
from pydantic_core import ErrorDetails

from tsprof.config.files import read_toml
from tsprof.config.problems import complaint, suggestion
from tsprof.errors import UsageError

Provider = Literal["aws", "gcp"]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]


def _day(value: Any) -> date:
    if type(value) is not date:  # a date with a time is one, too
        raise ValueError(f"must be a day such as 2025-01-15, not {value!r:.60}")
    return value


class Instance(BaseModel, frozen=True, extra="forbid", strict=True):
    """A type of virtual machine."""

    provider: Provider
    name: _Name
    architecture: Literal["x86_64", "arm64"]
    vcpus: int = Field(ge=1, le=1024)
    cores: int = Field(ge=1, le=1024)
    """Processors of their own: two threads of one core do not do the work of two cores."""
    memory_gb: float = Field(gt=0, le=65536)
    hourly: float = Field(gt=0, le=10_000, allow_inf_nan=False)
    """Price of an hour, in the file's currency."""

    @validator(mode="after")
    def _no_more_cores_than_threads(self) -> Self:
        if self.cores > self.vcpus:
            raise ValueError(f"has {self.cores} cores and only {self.vcpus} vcpus")
        return self


class PriceList(BaseModel, frozen=True, extra="forbid", strict=True):
    """Prices of one day."""

    date: Annotated[date, BeforeValidator(_day)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    regions: dict[Provider, _Name]
    """Where they hold, by provider."""
    instance: list[Instance] = Field(min_length=1, max_length=1000)

    @validator(mode="after")
    def _complete(self) -> Self:
        names = [instance.name for instance in self.instance]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"has two instances {twice!r}")
        providers = {instance.provider for instance in self.instance}
        if without := sorted(providers - set(self.regions)):
            raise ValueError(f"says no region of {without[0]!r} under [regions]")
        return self


def read_prices(file: Path | None) -> PriceList:
    """Read prices.

    Args:
        file: TOML of the form of ``prices.toml`` beside this module, which is read for None.

    Raises:
        UsageError: the file cannot be read or says something wrong; one line for each problem.
    """
    with as_file(files("tsprof.capacity") / "prices.toml") as own:
        content = read_toml(file or own, hint="--prices names a file of the form of prices.toml")
    try:
        return PriceList.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    raise UsageError(
        "\n".join(dict.fromkeys(f"{file}: {_sentence(problem)}" for problem in problems)),
        hint="docs/distributed.md shows the form",
    )


def types_of(
    prices: PriceList, provider: Provider | None, name: str | None
) -> tuple[Instance, ...]:
    """Return the types that a user wants to look at.

    Args:
        prices: all of them.
        provider: one alone; None for any.
        name: of one type; None for all.

    Raises:
        UsageError: there is none.
    """
    offered = {
        instance.name: instance
        for instance in prices.instance
        if provider in (None, instance.provider)
    }
    if name is None:
        if not offered:
            raise UsageError(f"the prices have no instance of {provider}")
        return tuple(offered.values())
    if name not in offered:
        near = suggestion(name, {known: repr(known) for known in offered})
        of = f" of {provider}" if provider else ""
        raise UsageError(f"the prices have no instance {name!r:.80}{of}{near}")
    return (offered[name],)


def _sentence(problem: ErrorDetails) -> str:
    """Say what is wrong, in the words of the file."""
    table, *rest = (*problem["loc"], "", "")[:3]
    in_instance = table == "instance" and isinstance(rest[0], int)
    key = str(rest[1] if in_instance else rest[0] or table)
    what = f"instance {int(rest[0]) + 1}" if in_instance else "the file"
    match problem["type"]:
        case "extra_forbidden":
            model: type[BaseModel] = Instance if in_instance else PriceList
            near = suggestion(key, {name: repr(name) for name in model.model_fields})
            return f"{what} has no key {key!r}{near}"
        case "missing":
            return f"{what} lacks {key!r}"
        case "string_pattern_mismatch":
            return f"{what}: {key} cannot be {problem['input']!r:.60}"
    return complaint(problem, f"{what}: {key}" if key else what)
