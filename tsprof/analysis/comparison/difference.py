"""Two runs beside each other: what changed from one to the other, and what is noise."""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypedDict

import numpy as np
from scipy.special import stdtrit

from tsprof.analysis.comparison.baseline import known_findings, throughput
from tsprof.analysis.comparison.change import Change, Estimate, change
from tsprof.analysis.comparison.keys import holder_key, site_key
from tsprof.analysis.comparison.pairs import pair_leaks
from tsprof.analysis.comparison.regressions import QUALITIES, not_compared
from tsprof.analysis.hotspots.difference import hot_changes
from tsprof.analysis.hotspots.sides import reported
from tsprof.analysis.service.conditions import (
    MACHINE_BOUND,
    Service,
    conditions,
    measure_change,
    obstacle,
)
from tsprof.report.difference import Compared, Difference, Group, Mark, Row, Unit
from tsprof.report.model import IN_BYTES, Finding, Growth, LedgerRow, Owner, Report, Verdict

SURE = 0.975
MALLOC_SHARED: tuple[Owner, ...] = ("python_objects", "native_heap")
"""Python blocks above 512 bytes live in the native heap, and the ledger moves them over: what is
noise in one is noise in both."""
UNITS: dict[str, Unit] = {
    "requests_per_second": "rate",
    "error_rate": "share",
}
"""Of the measures that are not in milliseconds."""


def compare_runs(before: Report, after: Report) -> Difference:
    """Compare two runs of a service.

    Args:
        before: the earlier one, or whatever the other is to be compared with.
        after: the later one.
    """
    earlier, later = _service(before), _service(after)
    reason = obstacle(earlier, later)
    rows = (
        *_growth_rows(before, after),
        *_leak_rows(before, after),
        *_place_rows(before, after),
        *_service_rows(earlier, later, comparable=not reason),
        *_function_rows(before, after),
    )
    return Difference(
        before=_head(before),
        after=_head(after),
        rows=rows,
        notes=(*_notes(before, after), *([not_compared(reason)] if reason else [])),
    )


def _service(report: Report) -> Service:
    return Service(
        measures=report.performance,
        conditions=conditions(report.scenario, report.provenance, report.delivery),
    )


def _head(report: Report) -> Compared:
    return Compared(
        run=report.provenance.run,
        scenario=report.scenario,
        verdict=report.verdict.value,
        started=report.provenance.started,
        git_revision=report.provenance.git_revision,
        requests=report.requests,
    )


def _notes(before: Report, after: Report) -> Iterator[str]:
    if before.scenario != after.scenario:
        yield f"the runs are of different scenarios, {before.scenario} and {after.scenario}"
    commands = [shlex.join(report.provenance.command) for report in (before, after)]
    if all(commands) and commands[0] != commands[1]:
        yield f"the target was {commands[0]}, then {commands[1]}"
    for words, report in (("earlier", before), ("later", after)):
        if report.verdict is Verdict.INCONCLUSIVE:
            yield f"the {words} run is inconclusive: what it did not find may have been there"
    for name, was, now in (
        ("Python", before.provenance.target_python, after.provenance.target_python),
        ("tsprof", before.provenance.tsprof_version, after.provenance.tsprof_version),
    ):
        if was != now:
            yield f"{name} was {was or 'unknown'}, then {now or 'unknown'}"


def _growth_rows(before: Report, after: Report) -> Iterator[Row]:
    if _measured(before.growth) and _measured(after.growth):
        was, now = (
            Estimate(value=g.bytes_per_request, low=g.low, high=g.high)
            for g in (before.growth, after.growth)
        )
        yield _row("growth", "live memory", "bytes", was, now)
    earlier = {row.owner: row for row in before.ledger}
    for row in after.ledger:
        if row.owner in earlier:
            was = _owner_growth(before, earlier[row.owner])
            yield _row("growth", row.owner, "bytes", was, _owner_growth(after, row))


def _measured(growth: Growth) -> bool:
    return growth.to_request > growth.from_request


def _owner_growth(report: Report, row: LedgerRow) -> Estimate:
    """An owner's growth, with the interval that its growth from checkpoint to checkpoint gives."""
    points = [point for point in report.memory if point.settled]
    owners = MALLOC_SHARED if row.owner in MALLOC_SHARED else (row.owner,)
    rates = [
        sum(b.owners.get(o, 0) - a.owners.get(o, 0) for o in owners) / (b.requests - a.requests)
        for a, b in pairwise(points)
        if b.requests > a.requests
    ]
    value = row.bytes_per_request
    if len(rates) < 3:  # noqa: PLR2004 - the least that has a spread worth the name
        return Estimate(value=value)
    error = float(np.std(rates, ddof=1)) / np.sqrt(len(rates))
    reach = float(stdtrit(len(rates) - 1, SURE) * error)
    return Estimate(value=value, low=value - reach, high=value + reach)


def _leaks(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == "leak"]


def _leak_rows(before: Report, after: Report) -> Iterator[Row]:
    """Each leak beside the same one of the other run, or alone."""
    earlier, later = (known_findings(r.findings, r.provenance.folder) for r in (before, after))
    throughputs = [throughput(report.performance) for report in (before, after)]
    faster = throughputs[1] / throughputs[0] if all(throughputs) else 1.0
    for pair in pair_leaks(earlier, later, faster=faster):
        unit: Unit = "bytes" if (*pair.before, *pair.after)[0].resource in IN_BYTES else "count"
        name = ", ".join(pair.keys)
        was, now = (
            sum(leak.per_request for leak in side) if side else None
            for side in (pair.before, pair.after)
        )
        if was is None or now is None:
            yield _alone("leaks", name, unit, before=was, after=now)
        else:
            told = _told(pair.change(faster), worse=1)
            yield Row(group="leaks", name=name, unit=unit, before=was, after=now, **told)


def _place_rows(before: Report, after: Report) -> Iterator[Row]:
    """What leaks allocate by site, and what holders gain; only where both runs could look."""
    yield from _places("sites", "bytes", _sites(before), _sites(after))
    yield from _places("holders", "count", _holders(before), _holders(after))


def _sites(report: Report) -> dict[str, float]:
    """What each site allocates; leaks of two resources, memory and garbage, may share sites."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for leak in _leaks(report):
        for site in leak.sites:
            key = site_key(site, report.provenance.folder)
            found[key][leak.resource] += site.bytes_per_request
    return {key: max(by_resource.values()) for key, by_resource in found.items()}


def _holders(report: Report) -> dict[str, float]:
    holders = [holder for finding in _leaks(report) for holder in finding.holders]
    return {holder_key(holder): holder.entries_per_request for holder in holders}


def _places(
    group: Group, unit: Unit, earlier: Mapping[str, float], later: Mapping[str, float]
) -> Iterator[Row]:
    for key in dict.fromkeys([*earlier, *later]):
        was, now = earlier.get(key), later.get(key)
        if was is not None and now is not None:
            exact = (Estimate(value=value, low=value, high=value) for value in (was, now))
            yield _row(group, key, unit, *exact, figure=group)
        else:
            yield _alone(group, key, unit, before=was, after=now)


def _service_rows(earlier: Service, later: Service, *, comparable: bool) -> Iterator[Row]:
    for name, quality in QUALITIES.items():
        was, now = earlier.by_name.get(name), later.by_name.get(name)
        if was is None or now is None:
            continue
        row = Row(
            group="service",
            name=name,
            unit=UNITS.get(name, "ms"),
            before=was.value,
            after=now.value,
            **_told(measure_change(was, now), worse=quality.worse),
        )
        if name in MACHINE_BOUND and not comparable:
            row = row.model_copy(update={"mark": "not comparable"})
        yield row


def _function_rows(before: Report, after: Report) -> Iterator[Row]:
    """Each function whose CPU time per request changed beyond noise."""
    if before.hot_paths is None or after.hot_paths is None:
        return
    was = reported(before.hot_paths, before.provenance.folder)
    now = reported(after.hot_paths, after.provenance.folder)
    for hot in hot_changes(was, now).changes:
        first, second = (us / 1000 for us in (hot.before_us_per_request, hot.after_us_per_request))
        calls = "" if hot.part == "own" else " with calls"
        yield Row(
            group="functions",
            name=f"{hot.file}:{hot.function}{calls}",
            unit="ms",
            before=first,
            after=second,
            change=second - first,
            low=first * hot.low,
            high=first * hot.high,
            mark="worse" if hot.change > 0 else "better",
        )


def _alone(
    group: Group,
    name: str,
    unit: Unit,
    *,
    before: float | None = None,
    after: float | None = None,
) -> Row:
    """What only one of the two runs has."""
    mark: Mark = "new" if before is None else "gone"
    return Row(group=group, name=name, unit=unit, before=before, after=after, mark=mark)


def _row(
    group: Group, name: str, unit: Unit, was: Estimate, now: Estimate, *, figure: str = "growth"
) -> Row:
    told = _told(change(was, now, figure), worse=1)
    return Row(group=group, name=name, unit=unit, before=was.value, after=now.value, **told)


class _Told(TypedDict):
    change: float
    low: float | None
    high: float | None
    mark: Mark


def _told(difference: Change, *, worse: int) -> _Told:
    direction = difference.beyond_noise * worse
    marks: dict[int, Mark] = {1: "worse", -1: "better", 0: "within noise"}
    return {
        "change": difference.value,
        "low": difference.low,
        "high": difference.high,
        "mark": marks[direction],
    }
