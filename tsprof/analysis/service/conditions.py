"""What a run's speed depends on besides the target: load, machine, and what else runs there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tsprof.analysis.comparison.change import Change, Estimate, change
from tsprof.report.model import Delivery, Measure, Provenance

MACHINE_BOUND = ("p50_ms", "p95_ms", "p99_ms", "requests_per_second", "cpu_ms")
"""Measures that only compare under the same load, on a machine that is as fast and has room."""
BUSY = 0.25
"""Share of the time for which it has work that the load process may wait for a processor. Beside
other work it waited for 43 to 74 %, and eight runs of one clean service differed by a factor of 2
in latency and by 29 % in CPU time."""
_WAITED = "the load process waited for a processor"
_LEAVE_ROOM = (
    "the machine was too busy; a lower --rate, or nothing else on the machine, leaves it room"
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """How a target served, and under which conditions."""

    measures: Sequence[Measure]
    conditions: Mapping[str, str]

    @property
    def by_name(self) -> dict[str, Measure]:
        """The measures by name."""
        return {measure.name: measure for measure in self.measures}


def conditions(scenario: str, provenance: Provenance, delivery: Delivery) -> dict[str, str]:
    """Return what was asked of the target, how that was measured, and on what machine, by name."""
    configuration = provenance.configuration
    load = _table(configuration, "load")
    found = {
        "users": _table(configuration, scenario).get("users") or load.get("users"),
        "rate": load.get("rate"),
        # Runs from before there was a schedule counted it from when they were sent.
        "latency": "from when requests were due" if delivery.due is not None else None,
        "load processes": _several(load),
        "url": load.get("url"),
        "locustfile": load.get("locustfile"),
        "cores": provenance.machine.get("cores"),
        "machine": provenance.machine.get("machine"),
    }
    return {name: _text(value) for name, value in found.items() if value}


def _several(load: Mapping[str, Any]) -> int | None:
    """Return how many processes made the load where it was not one."""
    count: int = load.get("processes", 1) + load.get("expect_workers", 0)
    return count if count > 1 else None


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _table(configuration: Mapping[str, object], name: str) -> Mapping[str, Any]:
    table = configuration.get(name)
    return table if isinstance(table, dict) else {}


def obstacle(before: Service, after: Service) -> str:
    """Say why the speed of two runs does not compare; empty where it does.

    The load process is the same program in both: if it needed more CPU time per request, or had to
    wait for a processor, then the machine was slower or busier, and not the target.
    """
    return (
        other_conditions(before.conditions, after.conditions)
        or _other_speed(before.by_name, after.by_name)
        or _no_room(before.by_name, after.by_name)
    )


def other_conditions(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say what was measured otherwise; empty where nothing was."""
    differing = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return "; ".join(
        f"{name} was {then.get(name, 'not set')}, then {now.get(name, 'not set')}"
        for name in differing
    )


def _other_speed(before: Mapping[str, Measure], after: Mapping[str, Measure]) -> str:
    was, now = before.get("load_cpu_ms"), after.get("load_cpu_ms")
    if was is None or now is None:
        return "how fast the machine is was not measured"
    if not measure_change(was, now).beyond_noise:
        return ""
    return (
        f"the load process itself used {was.value:.3g} ms of CPU time per request, then "
        f"{now.value:.3g} ms: the machine was not equally fast"
    )


def _no_room(before: Mapping[str, Measure], after: Mapping[str, Measure]) -> str:
    was, now = _share_waited(before), _share_waited(after)
    if max(was, now) <= BUSY:
        return ""
    return (
        f"{_WAITED} in {was:.0%} of the time for which it had work, then in {now:.0%}: "
        f"{_LEAVE_ROOM}"
    )


def no_room(measures: Sequence[Measure]) -> str:
    """Say why a run's speed tells nothing of the target; empty where the machine had room."""
    waited = _share_waited({measure.name: measure for measure in measures})
    if waited <= BUSY:
        return ""
    return f"{_WAITED} in {waited:.0%} of the time for which it had work: {_LEAVE_ROOM}"


def _share_waited(measures: Mapping[str, Measure]) -> float:
    used, waited = measures.get("load_cpu_ms"), measures.get("load_wait_ms")
    if used is None or waited is None or used.value + waited.value <= 0:
        return 0.0
    return waited.value / (used.value + waited.value)


def measure_change(before: Measure, after: Measure) -> Change:
    """Return the change of a measure of the same name."""
    was, now = (Estimate(value=m.value, low=m.low, high=m.high) for m in (before, after))
    return change(was, now, before.name)
