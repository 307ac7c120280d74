"""The settings of a stored run, as far as its report rests on them."""

from pydantic import BaseModel

from tsprof.analysis.comparison.hot_growth import NAME as HOT_PATH_GROWTH
from tsprof.analysis.service.gauge_drift import Watch
from tsprof.analysis.service.speedup import SPEEDUPS
from tsprof.analysis.service.stability import DRIFTS
from tsprof.analysis.verdict.more_time import TimeAllowed
from tsprof.config.criteria import comparisons
from tsprof.config.model import Gauges as GaugeSettings
from tsprof.config.table import Criteria


class _CheckSettings(BaseModel):
    max_time: float = 0.0


class _LengthSettings(BaseModel):
    duration: float = 0.0


class _LoadSettings(BaseModel):
    users: int = 0


class RunSettings(BaseModel):
    """The part of a run's settings that its report rests on."""

    criteria: Criteria = {}
    gauges: GaugeSettings = GaugeSettings()
    load: _LoadSettings = _LoadSettings()
    check: _CheckSettings = _CheckSettings()
    baseline: _LengthSettings = _LengthSettings()
    stress: _LengthSettings = _LengthSettings()
    spike: _LengthSettings = _LengthSettings()
    endurance: _LengthSettings = _LengthSettings()
    compare: _LengthSettings = _LengthSettings()

    @property
    def limits(self) -> dict[str, float]:
        """Limits by the names of ``CRITERIA``."""
        return {name: v for name, v in self.criteria.items() if not isinstance(v, str)}

    def judged_by_value(self, scenario: str) -> dict[str, float]:
        """The limits on values: not those on intervals, on drifts or on growth since a baseline."""
        apart = {HOT_PATH_GROWTH, *SPEEDUPS, *(DRIFTS if scenario == "endurance" else ())}
        return {name: limit for name, limit in self.limits.items() if name not in apart}

    @property
    def comparisons(self) -> dict[str, str]:
        """Limits on gauges of the target's own, by their name."""
        return comparisons(self.criteria)

    @property
    def watched(self) -> dict[str, Watch]:
        """Gauges that must not drift, by name."""
        return {
            name: Watch(1 if watch.worse == "more" else -1, watch.margin)
            for name, watch in self.gauges.watch.items()
        }

    def allowed(self, scenario: str) -> TimeAllowed:
        """Return how long a run of a scenario was to take."""
        length = {
            "baseline": self.baseline,
            "stress": self.stress,
            "spike": self.spike,
            "endurance": self.endurance,
            "compare": self.compare,
        }.get(scenario)
        if length is None:
            return TimeAllowed(seconds=self.check.max_time)
        return TimeAllowed(seconds=length.duration, scenario=scenario)
