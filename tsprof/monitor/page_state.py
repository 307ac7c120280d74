"""What the live page of a run shows, as JSON: in the middle of the run, and at its end."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from tsprof.analysis.run.summary import CUT_SHORT
from tsprof.analysis.run.timeline import memory_points
from tsprof.monitor.dashboard import standing
from tsprof.monitor.watch import Judged
from tsprof.records import Event
from tsprof.report import charts, wording
from tsprof.report import format as fmt
from tsprof.report.headline import further_reasons, headline
from tsprof.report.model import Finding, Growth, Report
from tsprof.report.standing import Block, Standing
from tsprof.report.text import clean, printable
from tsprof.report.thinning import thinned
from tsprof.store.follow import RunSoFar

_LONGEST_TEXT = 500
_MOST_EVENTS = 20
_WORDS = {
    "target_ended": "DIED",
    "target_hung": "HUNG",
    "load_lost": "CUT SHORT",
    "store_failed": "CUT SHORT",
    "interrupted": "INTERRUPTED",
}
"""What the heading says once such an event has come."""
_QUIET_EVENTS = ("control_passed", "process_started")

_NO_GROWTH = Growth(bytes_per_request=math.nan)
"""Which a chart does not draw."""

State = dict[str, Any]


def state_of(name: str, run: RunSoFar, judged: Judged) -> State:
    """Return what the page shows of a run under way.

    Args:
        name: of the run.
        run: as it is now.
        judged: what is to be said of it.
    """
    stands = standing(run, judged)
    ended = next((event for event in run.events if event.kind in _WORDS), None)
    in_time = run.expected_seconds and run.elapsed <= run.expected_seconds
    of = f" of {fmt.duration(run.expected_seconds)}" if in_time else ""
    return {
        "run": name,
        "scenario": run.scenario,
        "over": False,
        "tone": "fail" if ended and ended.kind in CUT_SHORT else "running",
        "word": _WORDS[ended.kind] if ended else "RUNNING",
        "sentence": clean(ended.text if ended else run.phase, _LONGEST_TEXT),
        "consequence": "tsprof is making the report" if ended else _lean(stands),
        "culprit": "",
        "time": f"{fmt.duration(run.elapsed)}{of}",
        "progress": min(run.elapsed / run.expected_seconds, 1.0) if in_time else None,
        "figures": [*_of_the_load(run), *_of_growth(stands.growth, known=stands.growth_is_known)],
        "report": "",
        "reasons": [],
        "findings": [],
        "blocks": [_block(block) for block in stands.blocks],
        "untold": f"not known yet: {', '.join(stands.untold)}" if stands.untold else "",
        "ledger": wording.ledger_cells(stands.ledger) if stands.growth_is_known else [],
        "charts": _charts(run, judged, stands),
        "events": [_event(event) for event in _shown(run.events)],
    }


def with_report(state: State, report: Report, path: str) -> State:
    """Return what the page shows from the end of the run on.

    Args:
        state: as it was last.
        report: of the run.
        path: of the HTML report; empty where there is none.
    """
    report = printable(report, limit=_LONGEST_TEXT)
    answer = headline(report)
    return state | {
        "over": True,
        "tone": report.verdict.value,
        "word": answer.word,
        "sentence": answer.sentence,
        "consequence": answer.consequence,
        "culprit": answer.culprit,
        "time": f"over after {fmt.duration(report.seconds)}; exit code {report.exit_code}",
        "progress": None,
        "figures": [
            *state["figures"][:2],
            *_of_growth(report.growth, known=wording.growth_measured(report.growth)),
        ],
        "ledger": wording.ledger_cells(report.ledger),
        "untold": "",
        "report": path,
        "reasons": further_reasons(report),
        "findings": [_finding(finding) for finding in report.findings],
    }


def without_report(state: State, why: str) -> State:
    """Return what the page shows once a run has ended without a report, and why it did."""
    return state | {
        "over": True,
        "tone": "inconclusive",
        "word": "NO REPORT",
        "sentence": clean(why, _LONGEST_TEXT),
        "consequence": "",
        "progress": None,
    }


def _lean(stands: Standing) -> str:
    growth = wording.total_growth(stands.growth) if stands.growth_is_known else "not known yet"
    leaking = f" ({', '.join(stands.leaking)})" if stands.leaking else ""
    return f"growth {growth}; so far: {stands.lean}{leaking}"


Figure = tuple[str, str, str]
"""What it is, its value, and what is to be said beside it."""


def _of_the_load(run: RunSoFar) -> list[Figure]:
    share = fmt.percentage(run.failures / run.requests) if run.requests else "of none"
    return [
        ("Requests", fmt.number(run.requests), fmt.count(len(run.segments), "segment")),
        ("Failed requests", fmt.number(run.failures), share),
    ]


def _of_growth(growth: Growth, *, known: bool) -> list[Figure]:
    between = fmt.size_interval(growth.low, growth.high, beside=growth.bytes_per_request)
    smallest = growth.detectable_bytes_per_request
    return [
        (
            "Growth per request",
            fmt.size(growth.bytes_per_request) if known else fmt.UNKNOWN,
            (between or "no interval") if known else "too few checkpoints",
        ),
        (
            "Detectable leak",
            fmt.size(smallest),
            "per request, and larger" if smallest is not None else "cannot be told",
        ),
    ]


def _block(block: Block) -> Mapping[str, Any]:
    return {
        "title": block.title,
        "rows": [
            {
                "label": clean(row.label, _LONGEST_TEXT),
                "now": row.said(row.now),
                "whole": row.said(row.whole),
                "target": row.target,
                "outcome": row.outcome,
            }
            for row in block.rows
        ],
    }


def _charts(run: RunSoFar, judged: Judged, stands: Standing) -> list[dict[str, object]]:
    memory = thinned(memory_points(judged.look, run.checkpoints))
    timeline = run.timeline
    marks = [checkpoint.seconds for checkpoint in run.checkpoints]
    drawn = [
        *charts.charts_of_load(timeline.points, timeline.step, marks),
        *charts.charts_of_memory(memory, stands.growth if stands.growth_is_known else _NO_GROWTH),
    ]
    return [chart.as_json() for chart in drawn]


def _shown(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.kind not in _QUIET_EVENTS][-_MOST_EVENTS:]


def _event(event: Event) -> str:
    return f"{fmt.duration(round(event.seconds))}: {clean(event.text, _LONGEST_TEXT)}"


def _finding(finding: Finding) -> Mapping[str, Any]:
    lines = [
        wording.finding_growth(finding),
        finding.excuse,
        *map(wording.site_line, finding.sites),
        *(f"held by {h.path}: {wording.holder_state(h)}" for h in finding.holders),
        wording.finding_plateau(finding),
        *finding.details,
    ]
    return {
        "kind": finding.kind,
        "badge": f"{finding.resource} {finding.kind}",
        "title": finding.title,
        "lines": [line for line in lines if line],
    }
