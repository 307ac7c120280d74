"""The tables of growing containers: memory of the line that inserts, which a window sees in jumps.

A table is reallocated as a whole, every now and then. What it gains on average is known from its
size and its entries; how much of that there was in the ledger's time, from what is lacking there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tsprof.analysis.attribution.causes import filling, holders_of, inserts, is_in, site_at
from tsprof.analysis.attribution.holders import HeldGrowth, Place
from tsprof.analysis.attribution.sites import LeakingSite


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
    tables: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    """By index of the site, bytes by line."""
    for one in held:
        if one.writers and one.table_bytes_per_request > 0:
            at, place = _place_of(one, found)
            tables[at][place.line] += one.table_bytes_per_request
    for at, leak in enumerate(sites):  # what the window saw is worth less
        if at not in tables:
            tables[at][leak.site.line] = leak.table_bytes_per_request
    counted = list(range(len(found)))
    for surely in (holders_of, inserts):  # the rest may be of caches that replace their entries
        if _payload([found[at] for at in counted]) > bytes_per_request:
            counted = [at for at in counted if surely(found[at].site, held)]
    payload = _payload([found[at] for at in counted])
    whole = sum(sum(tables[at].values()) for at in counted)
    part = min(max(bytes_per_request - payload, 0.0) / whole, 1.0) if whole else 0.0
    sized = [_with_table(leak, tables[at], part) for at, leak in enumerate(found)]
    return sorted(sized, key=lambda leak: -leak.site.bytes_per_request)


def _payload(sites: Sequence[LeakingSite]) -> float:
    return sum(leak.site.bytes_per_request - leak.table_bytes_per_request for leak in sites)


def _place_of(one: HeldGrowth, sites: list[LeakingSite]) -> tuple[int, Place]:
    """Return the index of the site that fills a container, and where; it is added if missing."""
    for at, leak in enumerate(sites):
        for place in one.writers:
            if is_in(leak.site, place):
                return at, place
    place = filling(one, [leak.site for leak in sites])
    sites.append(LeakingSite(site=site_at(place, 0.0), python_blocks_per_request=0.0))
    return len(sites) - 1, place


def _with_table(leak: LeakingSite, tables: Mapping[int, float], part: float) -> LeakingSite:
    """Return a site with so much of its tables, by line, in place of what the window saw."""
    table = part * sum(tables.values())
    payload = leak.site.bytes_per_request - leak.table_bytes_per_request
    lines = {line.line: line for line in leak.lines}
    for number, size in tables.items():
        place = Place(function=leak.site.function, file=leak.site.file, line=number)
        line = lines.get(number, site_at(place, 0.0))
        grown = line.bytes_per_request + part * size
        lines[number] = line.model_copy(update={"bytes_per_request": grown})
    site = leak.site.model_copy(update={"bytes_per_request": payload + table})
    return replace(leak, site=site, lines=tuple(lines.values()), table_bytes_per_request=table)
