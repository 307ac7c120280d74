"""What each scenario asks for unless the user says otherwise; it stands in ``scenarios.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from tsprof.config.criteria import criteria
from tsprof.config.values import duration

FILE = "scenarios.toml"


def scenarios() -> tuple[str, ...]:
    """Return the scenarios that have defaults, in the order of the file."""
    return tuple(_tables())


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("tsprof.config").joinpath(FILE).read_text(encoding="utf-8"))


def as_written(scenario: str, key: str) -> Any:
    """Return a scenario's key as it stands in the file; None where it does not."""
    return _tables()[scenario].get(key)


def default(scenario: str, key: str) -> Any:
    """Return the default of a scenario's key: seconds for a duration, users as a number."""
    value = _tables()[scenario][key]
    return duration(value) if key == "duration" else value


def default_criteria(scenario: str) -> dict[str, float | str]:
    """Return the limits that every run of a scenario is held to, by name."""
    return criteria(_tables().get(scenario, {}).get("criteria", {}))


def default_gauge_limits(scenario: str) -> dict[str, float | str]:
    """Return the limits on what a target says of itself, held to where it says it, by name."""
    return criteria(_tables().get(scenario, {}).get("gauges", {}))
