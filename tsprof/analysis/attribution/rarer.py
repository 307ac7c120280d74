"""Containers that gain entries ever more rarely: their keys come from a set that is soon known.

A metric with thousands of label values, a registry of customers: new ones come at a rate that falls
slowly, as most requests are those of a few. Over the segments of a check that looks straight; the
number of entries that there are by now tells how many came before.
"""

from collections.abc import Sequence
from dataclasses import replace

from tsprof.analysis.attribution.holders import HeldGrowth

RARER = 0.9
"""Entries per request of late, as a part of those over the whole run, below which they surely come
more rarely. Of 41 simulated key sets that were taken for a leak while they filled (18,000 to
300,000 keys, weighted as rank to the power of -0.7 to -1.3), 27 were below it, and 8 of the others
had 300,000 keys and 20,000 requests; a leak gains as many per request as ever."""
ERRORS = 2.0
"""Standard errors of the number that came in the window by which it must be below."""
LEAST_GAINED = 100
OWN = 1.25
"""Entries may take up to so much of what memory gained since the first checkpoint. Those that take
more were there before, and tell nothing: a registry that imports have filled."""


def with_rarer(
    held: Sequence[HeldGrowth], *, requests: int, requests_overall: int, gained: float
) -> list[HeldGrowth]:
    """Mark the containers that gain entries ever more rarely.

    Args:
        held: the containers that grow.
        requests: of the window.
        requests_overall: since the start, those of the window included.
        gained: bytes of live memory that came since the first checkpoint.
    """
    return [
        replace(one, holder=one.holder.model_copy(update={"entries_per_request_overall": overall}))
        if (overall := _overall(one, requests, requests_overall, gained))
        else one
        for one in held
    ]


def _overall(one: HeldGrowth, requests: int, requests_overall: int, gained: float) -> float | None:
    holder = one.holder
    came = holder.entries_per_request * requests
    if came < LEAST_GAINED or not holder.entries or holder.bytes > OWN * gained:
        return None
    overall = holder.entries / max(requests_overall, 1)
    most = (came + ERRORS * came**0.5) / max(requests, 1)
    return overall if most < RARER * overall else None
