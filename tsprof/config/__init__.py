"""Configuration: ``tsprof.toml`` or ``[tool.tsprof]`` of ``pyproject.toml``, and options."""

from tsprof.config.files import Loaded, load_settings
from tsprof.config.merging import complete, merge
from tsprof.config.model import Settings
from tsprof.config.scenario import for_scenario, gauge_limits

__all__ = [
    "Loaded",
    "Settings",
    "complete",
    "for_scenario",
    "gauge_limits",
    "load_settings",
    "merge",
]
