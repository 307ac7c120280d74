"""Caches of native programs that have a bound, told by the library that they are from.

No agent can walk the heap of a native program. But who allocates is on the call stacks: where a
library that makes nothing but bounded caches adds an entry as often as a line of the program adds
what stays, that goes into the cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tsprof.analysis.attribution.captures import CaptureDigest
from tsprof.analysis.attribution.growths import growth_by
from tsprof.analysis.attribution.sites import Origin, shown_frame
from tsprof.analysis.run.confirmation import Attribution
from tsprof.report.model import Frame, Holder

BOUNDED = frozenset(
    {
        "clru",
        "foyer-memory",
        "lru",
        "lru-cache",
        "lru_time_cache",
        "mini-moka",
        "moka",
        "quick_cache",
        "schnellru",
        "stretto",
        "ttl_cache",
    }
)
"""Crates whose caches take entries out by themselves, as they are usually made."""
KEEPS_PACE = 0.05
"""Relative error up to which two lines add blocks equally often, or one twice as often."""
LEAST_OWN = 0.04
"""Part of the growth that the entries themselves must be, without what they hold: a window's sum
and the ledger's agree to 1 or 2 %."""
FULL = 0.5
"""Part of the entries themselves by which a window may exceed the ledger. A cache that is full
frees one for each that it takes in, and so exceeds it by all of them."""
MOST = 0.8
"""Part of the growth that must go into caches for it to be no leak."""


@dataclass(frozen=True)
class _Place:
    """A line that adds what stays."""

    package: str
    """Of the library of caches whose entry that is; empty for any other."""
    function: str
    file: str
    line: int


def with_bounded_caches(
    attribution: Attribution,
    digests: Sequence[CaptureDigest],
    growth: float,
    origin_of: Callable[[str], Origin],
    lost: float = 0.0,
) -> Attribution:
    """Say how much of a growth goes into bounded caches that still fill, and into which.

    Args:
        attribution: of a native program.
        digests: of the same window.
        growth: bytes per request in the ledger.
        origin_of: tells whose code a source file is.
        lost: bytes per request that nothing refers to any more, so that no cache can have them.
    """
    growths = growth_by(digests, origin_of, _place)
    entries = {place: one for place, one in growths.items() if place.package and one.blocks}
    own = sum(one.size for one in entries.values())
    whole = sum(one.size for one in growths.values())
    if not entries or own < LEAST_OWN * growth or whole - growth > FULL * own:
        return attribution
    cached = sum(
        one.size
        for place, one in growths.items()
        if place.package or any(_keeps_pace(one.blocks, each.blocks) for each in entries.values())
    )
    if min(cached, whole - lost) < MOST * max(whole, growth):
        return attribution
    place = max(entries, key=lambda place: entries[place].size)
    holder = Holder(
        path=f"a cache of the crate {place.package}",
        type=place.package,
        entries_per_request=entries[place].blocks,
    )
    doubt = f"it is a leak if that cache of {place.package} was made without a bound"
    return replace(
        attribution,
        holders=(holder, *attribution.holders),
        bounded_share=cached / whole,
        notes=(*attribution.notes, doubt),
    )


def _place(frames: Sequence[Frame]) -> _Place:
    for frame in frames:
        if frame.package.rpartition(" ")[0] in BOUNDED:
            return _Place(frame.package, frame.function, frame.file, frame.line)
    shown = frames[shown_frame(frames)]
    return _Place("", shown.function, shown.file, shown.line)


def _keeps_pace(blocks: float, entries: float) -> bool:
    return any(abs(blocks / entries - times) <= KEEPS_PACE * times for times in (1, 2))
