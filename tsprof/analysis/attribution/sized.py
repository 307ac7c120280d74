"""Caches written in C that still fill: bounded holders whose entries nobody can look into."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tsprof.analysis.attribution.holders import HeldGrowth
from tsprof.report.model import Holder


def caches_in_c(
    replies: Sequence[Mapping[str, Any]], *, requests: int, growth: float, least: float
) -> tuple[HeldGrowth, ...]:
    """Return the collections that gain entries below their bound, the fastest first.

    What their entries take is not seen. They are taken to hold what is left of the growth, each in
    proportion to the entries that it gains.

    Args:
        replies: of ``sized.take``, one per process, after the counted load.
        requests: to the whole target in between.
        growth: bytes per request that no other container holds.
        least: entries per request from which one may be what grows.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for reply in replies:
        for one in reply["collections"]:
            if (one["previous"] or one["length"]) < one["length"] < one["bound"]:
                groups[one["path"], one["type"]].append(one)
    rates = {
        key: sum(one["length"] - one["previous"] for one in members) / max(requests, 1)
        for key, members in groups.items()
    }
    fast = {key: rate for key, rate in rates.items() if rate >= least}
    whole = sum(fast.values())
    return tuple(
        _held(groups[key], rate, max(growth, 0.0) / whole)
        for key, rate in sorted(fast.items(), key=lambda entry: -entry[1])
    )


def _held(members: Sequence[Mapping[str, Any]], rate: float, each: float) -> HeldGrowth:
    first = max(members, key=lambda one: one["length"])
    entries = sum(one["length"] for one in members)
    holder = Holder(
        path=first["path"],
        type=first["type"],
        entries_per_request=rate,
        entries=entries,
        bytes=round(entries * each),
        bound=first["bound"],
    )
    return HeldGrowth(
        holder=holder,
        bytes_per_request=rate * each,
        file=first["file"],
        plateau_bytes=first["bound"] * len(members) * each,
    )
