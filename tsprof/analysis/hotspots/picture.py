"""The verdict of a run that is to show where the time goes, and that judges nothing else."""

from collections.abc import Sequence

from tsprof.analysis.hotspots.profiles import SUMS
from tsprof.analysis.verdict.decide import Decision
from tsprof.records import Event, Segment
from tsprof.report import format as fmt
from tsprof.report.model import HotFunction, HotPaths, Verdict

FEWEST_SAMPLES = 50
"""Below, the interval of a share is some 25 points wide: no picture to go by."""
_ENDS = ("target_ended", "target_hung", "out_of_memory")


def decide_picture(
    seen: HotPaths | None,
    segments: Sequence[Segment],
    events: Sequence[Event],
    *,
    complete: bool,
    so_far: str = "",
) -> Decision:
    """Return the verdict: pass where there is a picture to go by.

    Args:
        seen: what was sampled.
        segments: of the run.
        events: likewise.
        complete: whether the run came to its end.
        so_far: how far a run is that is under way; empty for one that is not.
    """
    interrupted = any(event.kind == "interrupted" for event in events)
    for event in events:
        if event.kind in _ENDS:
            return Decision(verdict=Verdict.FAIL, reasons=(event.text,), interrupted=interrupted)
    served = any(segment.requests > segment.failures for segment in segments)
    enough = served and seen is not None and seen.samples >= FEWEST_SAMPLES
    if seen is not None and enough and (complete or interrupted):
        told = (_sentence(f, seen) for f in seen.functions if f.function not in SUMS)
        first = next(told, "")
        return Decision(
            verdict=Verdict.PASS,
            reasons=tuple(filter(None, (first, *seen.remarks))),
            interrupted=interrupted,
        )
    reason, advice = (
        (so_far, "wait for its end")
        if so_far
        else _obstacle(seen, events, served=served, complete=complete)
    )
    return Decision(
        verdict=Verdict.INCONCLUSIVE,
        reasons=(reason,),
        advice=(advice,) if advice else (),
        interrupted=interrupted,
    )


def _sentence(function: HotFunction, seen: HotPaths) -> str:
    place = f"{function.file}:{function.line}" if function.line else function.file
    where = f"{function.function}{fmt.in_parentheses(place)}"
    if seen.unit == "instructions":  # counted, so that there is no interval
        return f"{fmt.percentage(function.own)} of the instructions are in {where}"
    return (
        f"{fmt.percentage(function.own)} of the CPU time "
        f"({fmt.percentage(function.low)} to {fmt.percentage(function.high)}) "
        f"is in {where}"
    )


def _obstacle(
    seen: HotPaths | None, events: Sequence[Event], *, served: bool, complete: bool
) -> tuple[str, str]:
    """Return why there is no picture, and what to do."""
    lost = next((event.text for event in events if event.kind == "load_lost"), "")
    if lost or not complete:
        return lost or "the run was cut off before it could tell", ""
    if not served:
        return "no request was answered as it should be", "see the failed requests below"
    if seen is None:
        notes = [event.text for event in events if event.kind in ("note", "profiler_failed")]
        return next(iter(notes[-1:]), "no process of the target could be sampled"), ""
    few = f"{fmt.count(seen.samples, 'sample')} in {fmt.duration(seen.seconds)} of load"
    return (
        f"{few}: the target hardly used the CPU",
        "put it under more load (--users), or sample what waits (--idle)",
    )
