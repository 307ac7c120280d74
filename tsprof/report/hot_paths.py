"""Hot paths in words and as rows of tables: the same in every renderer."""

from collections.abc import Sequence
from pathlib import PurePath

from tsprof.report import format as fmt
from tsprof.report.model import HotChange, HotFunction, HotPaths, Report

TITLE = "Hot paths: where the CPU time goes"
AGED_TITLE = "Hotter or cooler than in the first half of the run"
FUNCTION_COLUMNS = ("own time", "95 % interval", "with calls", "own per request", "function")
CHANGE_COLUMNS = ("change", "95 % interval", "before", "after", "part", "function")
NUMBERS = frozenset(range(4))
"""The columns, of either table, that are numbers."""
SHOWN = 10
"""Functions that are shown; JSON has more."""
_PARTS = {"own": "own", "total": "with calls"}
_PLACES = 3
"""Parts of a path that are shown: enough to know a file by."""


def function_rows(functions: Sequence[HotFunction]) -> list[list[str]]:
    """Return the cells of the first functions."""
    return [
        [
            _percent(function.own),
            f"{_percent(function.low)} to {_percent(function.high)}",
            _percent(function.total),
            _microseconds(function.own_us_per_request),
            _where(function) + fmt.in_parentheses(function.package),
        ]
        for function in functions[:SHOWN]
        if function.own > 0
    ]


def change_rows(changes: Sequence[HotChange]) -> list[list[str]]:
    """Return the cells of each change.

    Callers of one another that changed by the same, as all between a server's main function and its
    handlers do, share a row: one change, told once.
    """
    rows: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for number, change in enumerate(changes, 1):
        cells = (
            *_by_how_much(change),
            _microseconds(change.before_us_per_request),
            _microseconds(change.after_us_per_request),
            _PARTS[change.part],
        )
        shares = change.part == "total"
        rows.setdefault((0 if shares else number, cells), []).append(_where(change))
    return [[*cells, _shared(names)] for (_, cells), names in rows.items()]


def _by_how_much(change: HotChange) -> tuple[str, str]:
    """Return the change with its interval; nothing is a multiple of no time at all."""
    if not change.before_us_per_request:
        return "new", ""
    if not change.after_us_per_request:
        return "gone", ""
    return _signed(change.change), f"{_signed(change.low)} to {_signed(change.high)}"


def _shared(names: Sequence[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def basis(paths: HotPaths) -> str:
    """Return what the shares rest on, in a sentence."""
    cpu = paths.cpu_us_per_request
    per_request = f", {_microseconds(cpu)} of CPU time per request" if cpu is not None else ""
    if paths.unit == "instructions" and paths.requests:
        per_request = f", {paths.samples / paths.requests:,.0f} instructions per request"
    return (
        f"{fmt.count(paths.samples, paths.unit.removesuffix('s'))} of "
        f"{fmt.count(paths.processes, 'process', 'processes')} in {fmt.duration(paths.seconds)} "
        f"under load ({fmt.count(paths.requests, 'request')}){per_request}"
    )


def drawing(report: Report) -> str:
    """Return the command that draws a run's call stacks; empty for a run that is not stored."""
    return f"tsprof flame {report.provenance.run}" if report.provenance.run else ""


def drawn(report: Report) -> str:
    """Return the end of a sentence with it; empty also where they have been drawn already."""
    command = drawing(report)
    return f"; {command} draws them" if command and report.scenario != "flame" else ""


def drawing_of_change(report: Report) -> str:
    """Return the command that draws what became hotter or cooler while it ran, likewise."""
    run = report.provenance.run
    return f"tsprof flame --diff {run} {run}" if run else ""


def drawing_of_memory(report: Report) -> str:
    """Return the command that draws memory that a window or massif saw; empty where none did."""
    run = report.provenance.run
    sites = [site for finding in report.findings for site in finding.sites]
    seen = bool(report.heaps) or any(site.stack for site in sites)
    return f"tsprof flame --memory {run}" if run and seen else ""


def _where(of: HotFunction | HotChange) -> str:
    if not of.file:
        return of.function
    path = PurePath(of.file)
    shown = "/".join(path.parts[-_PLACES:]) if len(path.parts) > _PLACES else of.file
    return f"{of.function} {shown}:{of.line}" if of.line else f"{of.function} {shown}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _signed(change: float) -> str:
    return f"{100 * change:+.0f} %"


def _microseconds(value: float | None) -> str:
    if value is None:
        return fmt.UNKNOWN
    return f"{fmt.number(value)} us"
