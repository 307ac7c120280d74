"""The tables of growing containers: memory of the line that inserts, which a window sees in jumps.

A table is reallocated as a whole, every now and then. What it gains in between is known from its
size and its entries.
"""

from collections.abc import Sequence
from dataclasses import replace

from tsprof.analysis.causes import is_in, site_at
from tsprof.analysis.holders import HeldGrowth
from tsprof.analysis.sites import LeakingSite


def with_tables(
    sites: Sequence[LeakingSite], held: Sequence[HeldGrowth], *, bytes_per_request: float
) -> list[LeakingSite]:
    """Give the lines that fill containers what the sites lack of the growth, if tables are that.

    Args:
        sites: As the window saw them.
        held: The growing containers.
        bytes_per_request: Growth in the ledger.

    Returns:
        The sites, the largest first; they sum up to no more than the growth by this.
    """
    found = list(sites)
    lacking = bytes_per_request - sum(leak.site.bytes_per_request for leak in sites)
    tables = [one for one in held if one.writers and one.table_bytes_per_request > 0]
    whole = sum(one.table_bytes_per_request for one in tables)
    for one in tables if lacking > 0 else ():
        size = one.table_bytes_per_request * min(lacking / whole, 1.0)
        for at, leak in enumerate(found):
            if any(is_in(leak.site, place) for place in one.writers):
                found[at] = _larger(leak, size)
                break
        else:
            site = site_at(one.writers[0], size)
            found.append(LeakingSite(site=site, python_blocks_per_request=0.0, estimated=True))
    return sorted(found, key=lambda leak: -leak.site.bytes_per_request)


def _larger(leak: LeakingSite, size: float) -> LeakingSite:
    before = leak.site.bytes_per_request
    site = leak.site.model_copy(update={"bytes_per_request": before + size})
    factor = (before + size) / before if before else 1.0
    lines = tuple(
        line.model_copy(update={"bytes_per_request": line.bytes_per_request * factor})
        for line in leak.lines
    )
    return replace(leak, site=site, lines=lines, estimated=True)
