"""Functions that take more CPU time per request than in the baseline."""

from tsprof.analysis.comparison.baseline import Baseline
from tsprof.analysis.comparison.regressions import Regressions
from tsprof.analysis.hotspots.difference import hot_changes
from tsprof.analysis.hotspots.sides import reported
from tsprof.analysis.service.conditions import Service, other_conditions
from tsprof.report import format as fmt
from tsprof.report.model import Criterion, Finding, HotChange, HotPaths

NAME = "hot_path_growth"
"""Of the criterion."""


def hot_growth(
    limit: float, service: Service, paths: HotPaths | None, folder: str, baseline: Baseline | None
) -> Regressions:
    """Hold the functions to the baseline.

    Args:
        limit: relative growth that is allowed: 0.2 is a fifth.
        service: how the target served now.
        paths: where its CPU time went now.
        folder: the target's working directory.
        baseline: how it served then.

    Returns:
        The criterion, and a finding for each function that misses it; without a baseline, as in the
        run that is to be saved as one, a note.
    """
    if baseline is None:
        return Regressions(notes=(f"{NAME} is not judged without a baseline (--baseline)",))
    reason = _obstacle(service, paths, baseline)
    if reason or paths is None or baseline.hot_paths is None:
        untold = Criterion(name=NAME, limit=limit, value=None, met=None, reason=reason)
        return Regressions(criteria=(untold,))
    then, now = reported(baseline.hot_paths, baseline.folder), reported(paths, folder)
    difference = hot_changes(then, now)
    grown = sorted(difference.changes, key=lambda change: -change.change)
    most = max((change.change for change in grown), default=0.0)
    too_much = [change for change in grown if change.change >= limit]
    return Regressions(
        criteria=(
            Criterion(
                name=NAME, limit=limit, value=max(0.0, most), met=not too_much, is_change=True
            ),
        ),
        findings=tuple(map(_finding, too_much)),
        notes=(f"{NAME}: {_sight(difference.detectable)}",),
    )


def _sight(detectable: float | None) -> str:
    if detectable is None:
        return "there was nothing to compare"
    return (
        f"growth of {fmt.percentage(detectable)} in a function with a tenth of the CPU time would "
        "have shown, in nine of ten runs"
    )


def _obstacle(service: Service, paths: HotPaths | None, baseline: Baseline) -> str:
    if baseline.hot_paths is None:
        return "the baseline has no hot paths; save it anew"
    if paths is None or not paths.samples:
        return "no call stacks were sampled"
    return other_conditions(baseline.conditions, service.conditions)


def _finding(change: HotChange) -> Finding:
    was, now = change.before_us_per_request, change.after_us_per_request
    place = f"{change.file}:{change.line}" if change.line else change.file
    calls = "" if change.part == "own" else " with what it calls"
    return Finding(
        resource="cpu",
        kind="regression",
        key=f"cpu:regression:{change.file}:{change.function}",
        title=f"{change.function}{fmt.in_parentheses(place)}{calls} takes {fmt.number(now)} us of "
        f"CPU time per request, not {fmt.number(was)} us as in the baseline: "
        f"{fmt.percentage(change.change)} more "
        f"({fmt.percentage(change.low)} to {fmt.percentage(change.high)})",
    )
