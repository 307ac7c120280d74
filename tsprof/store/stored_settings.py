"""The settings that a run keeps of itself, as far as its report and who follows it need them."""

from pydantic import BaseModel

from tsprof.analysis.service.gauge_drift import Watch
from tsprof.analysis.verdict.more_time import TimeAllowed
from tsprof.config.model import Criteria
from tsprof.config.model import Gauges as GaugeSettings
from tsprof.config.values import comparisons


class _Check(BaseModel):
    max_time: float = 0.0


class _Length(BaseModel):
    duration: float = 0.0


class _Load(BaseModel):
    users: int = 0


class StoredSettings(BaseModel):
    """The part of a run's settings that its report rests on."""

    criteria: Criteria = {}
    gauges: GaugeSettings = GaugeSettings()
    load: _Load = _Load()
    check: _Check = _Check()
    baseline: _Length = _Length()
    stress: _Length = _Length()
    spike: _Length = _Length()
    endurance: _Length = _Length()

    @property
    def limits(self) -> dict[str, float]:
        """Limits on what is measured of every target, by name."""
        return {name: v for name, v in self.criteria.items() if not isinstance(v, str)}

    @property
    def comparisons(self) -> dict[str, str]:
        """Limits on the target's own gauges, by name."""
        return comparisons(self.criteria)

    @property
    def watched(self) -> dict[str, Watch]:
        """Gauges that must not drift, by name."""
        return {
            name: Watch(1 if watch.worse == "more" else -1, watch.margin)
            for name, watch in self.gauges.watch.items()
        }

    def allowed(self, scenario: str) -> TimeAllowed:
        """Return the time that a scenario had."""
        length = {
            "baseline": self.baseline,
            "stress": self.stress,
            "spike": self.spike,
            "endurance": self.endurance,
        }.get(scenario)
        if length is None:
            return TimeAllowed(seconds=self.check.max_time)
        return TimeAllowed(seconds=length.duration, scenario=scenario)
