"""The settings of a run, from the configuration file and the options over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsprof.config import Loaded, complete, for_scenario, load_settings, merge
from tsprof.report.write import check_outputs

_TABLES = {
    "target": ("command", "pid", "cwd", "env", "ready", "ready_timeout"),
    "load": (
        "locustfile",
        "url",
        "host",
        "users",
        "rate",
        "processes",
        "expect_workers",
        "master_bind_host",
        "master_bind_port",
        "locust_ui",
    ),
    "check": (
        "max_time",
        "attribute",
        "profiler",
        "hot_paths",
        "agent",
        "keep_going",
        "drain",
        "hang_timeout",
        "baseline",
        "acknowledged",
    ),
    "spike": ("times",),
    "endurance": ("checkpoint_every",),
    "compare": ("reference", "reference_cwd"),
    "flame": ("max_time", "samples_per_second", "native", "gil", "threads", "idle", "lines"),
    "report": ("json", "junit", "markdown", "html"),
}
"""Which parameters of a command go into which table of the configuration."""


def settings_from(scenario: str, parameters: Mapping[str, Any]) -> Loaded:
    """Read the configuration file, put the options over it, and complete the whole.

    Args:
        scenario: the name of the scenario that is to run.
        parameters: of a command, by the names that ``cli.options`` gives them; those that are no
            part of the configuration are ignored.

    Returns:
        The settings of the run, the file behind them, and notes for the user.

    Raises:
        UsageError: the file or an option is wrong, there is no target or no load, or a report could
            not be written.
    """
    loaded = load_settings(Path(), parameters.get("config"))
    overrides = {
        table: {name: _given(parameters.get(name)) for name in names}
        for table, names in _TABLES.items()
    }
    overrides["gauges"] = {"url": _given(parameters.get("gauges"))}
    criteria = parameters.get("criterion")
    if scenario == "check":
        overrides["criteria"] = criteria or {}
    else:
        own = {"duration": parameters.get("duration"), "criteria": criteria}
        overrides[scenario] = overrides.get(scenario, {}) | own
    merged = merge(loaded.settings, overrides)
    chosen = for_scenario(merged, scenario, parameters.get("scale") or 1.0)
    settings = complete(chosen, Path(), scenario)
    check_outputs(
        **settings.report.model_dump(by_alias=True), save_baseline=parameters.get("save_baseline")
    )
    return Loaded(settings=settings, source=loaded.source, notes=loaded.notes)


def _given(value: Any) -> Any:
    """The value of an option; None for a repeatable one that was not used."""
    return None if value == () else value
