"""Mappings by site: address space, of which only what was touched is resident.

The ledger tells what is resident. gevent's greenlets of Python 3.11 map 16 kB each for their
frames, of which 4 kB are touched: the sites summed up to four times the ledger's growth.
"""

from collections.abc import Sequence
from dataclasses import replace

from tsprof.analysis.attribution.sites import LeakingSite


def as_resident(sites: Sequence[LeakingSite], *, mapped_bytes: float | None) -> list[LeakingSite]:
    """Count mappings by what of them is resident, in proportion to their size.

    Args:
        sites: As the window saw them.
        mapped_bytes: Growth per request in the ledger that mappings and the blocks of the sites
            make up together; None where mappings are no part of the growth that is looked into.

    Returns:
        The sites of which anything is left, the largest first.
    """
    mapped = sum(leak.mapped_bytes_per_request for leak in sites)
    blocks = sum(leak.site.bytes_per_request for leak in sites) - mapped
    wanted = max(mapped_bytes - blocks, 0.0) if mapped_bytes is not None else 0.0
    part = min(wanted / mapped, 1.0) if mapped else 1.0
    counted = [_with_part(leak, part) for leak in sites]
    left = [leak for leak in counted if leak.site.bytes_per_request > 0]
    return sorted(left, key=lambda leak: -leak.site.bytes_per_request)


def _with_part(leak: LeakingSite, part: float) -> LeakingSite:
    """Return a site with a part of its mappings."""
    size = leak.site.bytes_per_request
    if not leak.mapped_bytes_per_request or size <= 0:
        return leak
    left = max(size - (1 - part) * leak.mapped_bytes_per_request, 0.0)
    lines = tuple(
        line.model_copy(update={"bytes_per_request": line.bytes_per_request * left / size})
        for line in leak.lines
    )
    return replace(
        leak,
        site=leak.site.model_copy(update={"bytes_per_request": left}),
        mapped_bytes_per_request=part * leak.mapped_bytes_per_request,
        lines=lines,
    )
