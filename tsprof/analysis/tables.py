"""The tables of growing containers: memory of the line that inserts, which a window sees in jumps.

A table is reallocated as a whole, every now and then. What it gains on average is known from its
size and its entries; how much of that there was in the ledger's time, from what is lacking there.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from tsprof.analysis.causes import is_in, site_at
from tsprof.analysis.holders import HeldGrowth
from tsprof.analysis.sites import LeakingSite


def with_tables(
    sites: Sequence[LeakingSite], held: Sequence[HeldGrowth], *, bytes_per_request: float
) -> list[LeakingSite]:
    """Give the lines that fill containers what the payload lacks of the growth, up to their tables.

    Args:
        sites: As the window saw them.
        held: The growing containers.
        bytes_per_request: Growth in the ledger.

    Returns:
        The sites, the largest first, with their tables' growth in the ledger's time.
    """
    found = list(sites)
    noted: defaultdict[int, float] = defaultdict(float)
    for one in held:
        if one.writers and one.table_bytes_per_request > 0:
            noted[_place_of(one, found)] += one.table_bytes_per_request
    for at, table in noted.items():  # in place of what the window saw
        found[at] = _sized(found[at], table)
    payload = sum(leak.site.bytes_per_request - leak.table_bytes_per_request for leak in found)
    tables = sum(leak.table_bytes_per_request for leak in found)
    part = min(max(bytes_per_request - payload, 0.0) / tables, 1.0) if tables else 1.0
    found = [_sized(leak, part * leak.table_bytes_per_request) for leak in found]
    return sorted(found, key=lambda leak: -leak.site.bytes_per_request)


def _place_of(one: HeldGrowth, sites: list[LeakingSite]) -> int:
    """Return the index of the site that fills a container; it is added where it is missing."""
    for at, leak in enumerate(sites):
        if any(is_in(leak.site, place) for place in one.writers):
            return at
    sites.append(LeakingSite(site=site_at(one.writers[0], 0.0), python_blocks_per_request=0.0))
    return len(sites) - 1


def _sized(leak: LeakingSite, table: float) -> LeakingSite:
    """Return a site with another estimate of its table."""
    before = leak.site.bytes_per_request
    after = before - leak.table_bytes_per_request + table
    factor = after / before if before else 1.0
    lines = tuple(
        line.model_copy(update={"bytes_per_request": line.bytes_per_request * factor})
        for line in leak.lines
    )
    site = leak.site.model_copy(update={"bytes_per_request": after})
    return replace(leak, site=site, lines=lines, table_bytes_per_request=table)
