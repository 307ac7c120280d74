"""Who calls the function that allocates what stays? A helper may serve several mistakes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.growths import growth_by
from tsprof.analysis.attribution.sites import Origin, shown_frame
from tsprof.analysis.run.confirmation import Attribution
from tsprof.report import format as fmt
from tsprof.report.model import Frame, Site

LEAST = 0.1
"""Part of a site's growth from which a caller is worth a word."""
MOST = 5


def with_details_on_callers(
    attribution: Attribution,
    digests: Sequence[CaptureDigest],
    origin_of: Callable[[str], Origin],
) -> Attribution:
    """Say which own functions call those that allocate what stays, where several do.

    Args:
        attribution: of a native program, where no holder tells one mistake from another.
        digests: of the same window.
        origin_of: tells whose code a source file is.
    """
    own = [site for site in attribution.sites if site.origin == "application"]
    told = ((site, _in_words(digests, site, origin_of)) for site in own)
    callers = (
        f"{site.function} allocates what stays for {len(found)} callers: {', '.join(found)}"
        for site, found in told
        if len(found) > 1
    )
    return replace(attribution, details=(*attribution.details, *callers))


def _in_words(
    digests: Sequence[CaptureDigest], site: Site, origin_of: Callable[[str], Origin]
) -> list[str]:
    growths = growth_by(digests, origin_of, partial(_caller, site))
    least = LEAST * sum(growth.size for growth in growths.values())
    return [
        f"{fmt.size(growth.size)} per request for {caller.function} ({caller.file}:{caller.line})"
        for caller, growth in list(growths.items())[:MOST]
        if growth.size >= least > 0
    ]


def _caller(site: Site, frames: Sequence[Frame]) -> Frame | None:
    """Return the innermost own frame outside the function that a site names."""
    shown = shown_frame(frames)
    place = (site.function, site.file)
    if (frames[shown].function, frames[shown].file) != place:
        return None
    outside = (
        frame
        for frame in frames[shown:]
        if frame.origin == "application" and (frame.function, frame.file) != place
    )
    return next(outside, None)
