"""The hot paths of a run, from the windows in which it was sampled."""

from collections.abc import Sequence
from itertools import groupby

from tsprof.analysis.hotspots.difference import hot_changes, knows_common
from tsprof.analysis.hotspots.functions import (
    LEAST_WINDOWS,
    LISTED,
    FunctionTime,
    dispersion,
    function_times,
)
from tsprof.analysis.hotspots.profiles import by_function, merged
from tsprof.analysis.hotspots.remarks import remarks
from tsprof.analysis.hotspots.sides import Sampled, sampled
from tsprof.analysis.hotspots.torn import mended
from tsprof.records import SampledWindow
from tsprof.report import format as fmt
from tsprof.report.model import HotChange, HotFunction, HotPaths
from tsprof.stacks import StackProfile

MANY_ERRORS = 0.05
"""Part of the samples that could not be read from which on a reader should know."""
MUCH_WAITING = 0.15
"""Part of the sampled time in which the sampled thread had no processor, likewise."""
_MICROSECONDS = 1e6
_NOT_AGED = "what became hotter or cooler during the run is not told"


def hot_paths(windows: Sequence[SampledWindow], busy: str = "") -> HotPaths | None:
    """Return where the CPU time of a run went; None where no window was opened.

    Args:
        windows: of the run.
        busy: why its speed tells nothing of the target, as where the machine did other work; empty
            where it does. The halves are not compared then.
    """
    if not windows:
        return None
    aged = _aged(windows)
    profile, torn = mended(_together(windows))
    sampled_time = profile.unit == "samples" and profile.requests
    cpu = profile.cpu_seconds / profile.requests if sampled_time else None
    spread = dispersion(by_segment(windows))
    rows = function_times(profile, spread)
    return HotPaths(
        samples=round(profile.total),
        unit=profile.unit,
        seconds=profile.seconds,
        requests=profile.requests,
        processes=len({window.pid for window in windows}),
        cpu_us_per_request=None if cpu is None else cpu * _MICROSECONDS,
        dispersion=spread,
        functions=tuple(_listed(row, cpu) for row in rows[:LISTED]),
        remarks=remarks(profile),
        aged=() if busy else aged,
        notes=(
            *_notes(windows, profile, torn),
            *([f"{_NOT_AGED}: {busy}"] if busy and aged else []),
        ),
    )


def whole(windows: Sequence[SampledWindow]) -> StackProfile:
    """Return the windows of a run, or of one process, together, by function."""
    return mended(_together(windows))[0]


def _together(windows: Sequence[SampledWindow]) -> StackProfile:
    segments = {window.segment: window.profile for window in windows}
    return by_function(
        merged(
            (window.profile for window in windows),
            requests=sum(profile.requests for profile in segments.values()),
            seconds=sum(profile.seconds for profile in segments.values()),
        )
    )


def by_segment(windows: Sequence[SampledWindow]) -> list[StackProfile]:
    """Return the windows of each segment together, in their order."""
    ordered = sorted(windows, key=lambda window: window.segment)
    return [_together(list(group)) for _, group in groupby(ordered, key=lambda w: w.segment)]


def by_process(windows: Sequence[SampledWindow]) -> dict[int, StackProfile]:
    """Return what was sampled of each process, by its id."""
    pids = dict.fromkeys(window.pid for window in windows)
    return {pid: whole([w for w in windows if w.pid == pid]) for pid in pids}


def side(windows: Sequence[SampledWindow], folder: str = "") -> Sampled:
    """Return the windows of a run as one side of a comparison.

    Args:
        windows: of the run.
        folder: the target's working directory.
    """
    return sampled(whole(windows), dispersion(by_segment(windows)), folder)


def halves(
    windows: Sequence[SampledWindow],
) -> tuple[list[SampledWindow], list[SampledWindow]]:
    """Return the windows of the first and of the second half of the sampled segments.

    Both are empty where they are too few to tell by how much shares vary.
    """
    segments = sorted({window.segment for window in windows})
    half = len(segments) // 2
    if half < LEAST_WINDOWS:
        return [], []
    early = [window for window in windows if window.segment < segments[half]]
    return early, [window for window in windows if window.segment >= segments[half]]


def _aged(windows: Sequence[SampledWindow]) -> tuple[HotChange, ...]:
    """Compare the halves, where it is known by how much all functions changed.

    A thread that waits for a processor may hold the GIL meanwhile, and seems to run: where other
    work came up halfway, all functions of a steady service took up to 80 % longer.
    """
    early, late = map(side, halves(windows))
    return hot_changes(early, late).changes if knows_common(early, late) else ()


def _listed(row: FunctionTime, cpu: float | None) -> HotFunction:
    frame = row.frame
    return HotFunction(
        function=frame.function,
        file=frame.file,
        line=frame.line,
        origin=frame.origin,
        package=frame.package,
        own=row.own,
        low=row.low,
        high=row.high,
        total=row.total,
        own_us_per_request=None if cpu is None else row.own * cpu * _MICROSECONDS,
        total_us_per_request=None if cpu is None else row.total * cpu * _MICROSECONDS,
    )


def _notes(windows: Sequence[SampledWindow], profile: StackProfile, torn: float) -> list[str]:
    held = [window for window in windows if window.rate]
    sampled_seconds = sum(window.profile.total / window.rate for window in held)
    waited = sampled_seconds - sum(window.profile.cpu_seconds for window in held)
    errors = sum(window.errors for window in windows)
    behind = max(window.behind for window in windows)
    notes = []
    if errors > MANY_ERRORS * (errors + profile.total):
        lost = fmt.percentage(errors / (errors + profile.total))
        notes.append(
            f"{fmt.number(errors)} samples could not be read, {lost} of all, and are missing: the "
            "stacks changed meanwhile"
        )
    if torn > MANY_ERRORS * profile.total:
        notes.append(
            f"{fmt.percentage(torn / profile.total)} of the stacks changed while they were read "
            "and lost their callers: they are put below those that they usually have"
        )
    if waited > MUCH_WAITING * sampled_seconds:
        notes.append(
            f"{fmt.percentage(waited / sampled_seconds)} of the sampled time the holder of the GIL "
            "waited for a processor: the machine is busy, and what runs without the GIL is "
            "underrated"
        )
    if behind:
        notes.append(
            f"the profiler fell behind by up to {fmt.duration(behind)}: the machine was too busy, "
            "and shares may be off"
        )
    return notes
