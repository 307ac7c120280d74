"""One scenario's settings: its defaults, what the file and the options say, and its scale."""

from collections.abc import Mapping
from typing import Any

from tsprof.config.criteria import OFF
from tsprof.config.defaults import default_criteria, default_gauge_limits
from tsprof.config.model import Settings


def for_scenario(settings: Settings, scenario: str, scale: float = 1.0) -> Settings:
    """Return the settings with the scenario's users and criteria in their general places.

    Args:
        settings: from the file and the options.
        scenario: its name, which is also that of its table.
        scale: what every length of time of the scenario is multiplied by.

    Returns:
        The settings with ``load.users``, ``criteria`` and the scenario's own ``users`` and
        ``duration`` as they hold for this run.
    """
    table: Any = getattr(settings, scenario)
    own = _own_criteria(table)
    limits = {**default_criteria(scenario), **settings.criteria, **own}
    kept = {name: limit for name, limit in limits.items() if limit != OFF}
    update: dict[str, Any] = {"criteria": kept} if limits else {}
    if hasattr(table, "users"):
        users = settings.load.users if _load_says(settings, table) else table.users
        update["load"] = settings.load.model_copy(update={"users": users})
        changes = {"users": users, "duration": scale * table.duration}
        update[scenario] = table.model_copy(update=changes)
    return settings.model_copy(update=update)


def gauge_limits(settings: Settings, scenario: str) -> dict[str, str]:
    """Return the scenario's limits on gauges about which the user has said nothing, by name."""
    said = {**settings.criteria, **_own_criteria(getattr(settings, scenario))}
    limits = default_gauge_limits(scenario)
    return {name: str(limit) for name, limit in limits.items() if name not in said}


def _own_criteria(table: Any) -> Mapping[str, float | str]:
    own: Mapping[str, float | str] = getattr(table, "criteria", {})
    return own


def _load_says(settings: Settings, table: Any) -> bool:
    """Tell whether the user chose a number of users for all scenarios, but not for this one."""
    return "users" in settings.load.model_fields_set and "users" not in table.model_fields_set
