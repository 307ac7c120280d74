"""Reconcile the sites with the ledger: which of them make up its growth, and how much of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from tsprof.analysis.attribution.sites import LeakingSite
from tsprof.report.model import Site

EXCESS = 1.25
"""Sites that sum up to more than this multiple of the ledger's growth include some whose old
blocks are freed at the same rate: a cache that takes longer than the window to turn over."""
MATCH = 0.1
"""Relative error, of bytes and blocks each, up to which a subset of the sites is the growth."""
BLOCK_EXCESS = 1.3
"""Multiple of the ledger's gain in blocks that a single site of the growth may keep."""
BLOCK_NOISE = 0.02
"""Blocks per request beyond that, for what a window of some thousand requests gains once."""
CANDIDATES = 12
"""Sites of which every subset is tried (4,096 of them: 20 ms)."""
MATERIAL = 0.1
"""Part of the growth from which a site matters when two subsets fit alike."""
LISTED = 0.01
"""Part of the growth from which a site is listed."""
NAMED = 3
"""Functions to name at most of those that were left out."""
EXPLAINED = 0.8
"""Part of the growth from which nothing needs to be said about the rest."""


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The sites that make up the ledger's growth."""

    sites: tuple[Site, ...]
    """With their shares, the largest first."""
    explained: float
    """Part of the ledger's growth that they sum up to, 0 to 1."""
    agrees: bool = True
    """Whether the sites' numbers are the ledger's; if not, some of them are no leak."""
    notes: tuple[str, ...] = ()


def reconcile(
    sites: Sequence[LeakingSite],
    *,
    bytes_per_request: float,
    blocks_per_request: float | None = None,
    kept: Collection[LeakingSite] = (),
) -> Reconciliation:
    """Give each site its share of the growth that the ledger measured.

    Args:
        sites: The leaking sites, the largest first.
        bytes_per_request: Growth of live memory in the ledger, Python's and native together.
        blocks_per_request: Growth of the blocks that Python's allocator handed out; None where it
            is not known.
        kept: Those of the sites from where a growing container is filled.
    """
    if bytes_per_request <= 0 or not sites:
        return Reconciliation(sites=(), explained=0.0, notes=_why_nothing(bytes_per_request, sites))
    chosen, agrees, notes = _matching(
        _possible(sites, blocks_per_request), kept, bytes_per_request, blocks_per_request
    )
    found = sum(leak.site.bytes_per_request for leak in chosen)
    whole = max(found, bytes_per_request)
    shared = tuple(
        leak.site.model_copy(update={"share": leak.site.bytes_per_request / whole})
        for leak in chosen
        if leak.site.bytes_per_request >= LISTED * whole
    )
    explained = min(found / bytes_per_request, 1.0)
    if explained < EXPLAINED:
        notes += _why_not_all(chosen, bytes_per_request, blocks_per_request, found)
    return Reconciliation(
        sites=shared,
        explained=explained if agrees else 0.0,
        agrees=agrees,
        notes=notes,
    )


def _possible(sites: Sequence[LeakingSite], blocks: float | None) -> Sequence[LeakingSite]:
    """Leave out the Python blocks of the sites that alone keep more than the ledger gained.

    What else they keep is native, and the ledger's blocks do not tell of it: pandas 1.3.5 kept
    1,712 native bytes per request in a site of seven blocks, where the ledger gained four.
    """
    if blocks is None:
        return sites
    most = BLOCK_EXCESS * max(blocks, 0.0) + BLOCK_NOISE
    possible = [
        leak if leak.python_blocks_per_request <= most else _native_part(leak) for leak in sites
    ]
    possible.sort(key=lambda leak: -leak.site.bytes_per_request)
    return [leak for leak in possible if leak.site.bytes_per_request > 0]


def _native_part(leak: LeakingSite) -> LeakingSite:
    python = leak.python_bytes_per_request + leak.table_bytes_per_request
    native = {
        "bytes_per_request": max(leak.site.bytes_per_request - python, 0.0),
        "blocks_per_request": leak.site.blocks_per_request - leak.python_blocks_per_request,
    }
    site = leak.site.model_copy(update=native)
    return LeakingSite(site=site, python_blocks_per_request=0.0)


def _matching(
    sites: Sequence[LeakingSite],
    kept: Collection[LeakingSite],
    size: float,
    blocks: float | None,
) -> tuple[Sequence[LeakingSite], bool, tuple[str, ...]]:
    """Return the sites whose sum is the growth, where all together sum up to more.

    Those that are kept for certain may be that; if not, every subset of the largest is tried.
    Beyond the first ``CANDIDATES`` no site matters, or no subset of these would fit.
    """
    found = sum(leak.site.bytes_per_request for leak in sites)
    if found <= EXCESS * size:
        return sites, True, ()
    certain = [leak for leak in sites if leak in kept]
    if EXPLAINED * size <= sum(leak.site.bytes_per_request for leak in certain) <= EXCESS * size:
        return certain, True, (_left_out(sites, certain),)
    candidates = sites[:CANDIDATES]
    sizes = np.array([leak.site.bytes_per_request for leak in candidates])
    masks = np.arange(1, 2 ** len(candidates))[:, None] >> np.arange(len(candidates)) & 1
    errors = np.abs(masks @ sizes - size) / size
    if blocks is not None:
        counts = masks @ np.array([leak.python_blocks_per_request for leak in candidates])
        errors += np.abs(counts - blocks) / np.maximum(np.maximum(counts, blocks), 1e-9)
    best = masks[errors.argmin()]
    rivals = masks[errors <= errors.min() + MATCH]
    material = sizes >= MATERIAL * size
    ambiguous = np.any(rivals[:, material] != best[material])
    in_all = rivals.all(axis=0)
    are_most = EXPLAINED * size <= sizes[in_all].sum()
    if (ambiguous and not are_most) or errors.min() > MATCH * (1 if blocks is None else 2):
        doubt = (
            f"the sites sum up to {found:.4g} B per request, the ledger to {size:.4g}: some of "
            "them replace old entries rather than grow; a longer window would tell which"
        )
        return sites, False, (doubt,)
    are_leaks = in_all if ambiguous else best  # whichever set it is, these are among it
    chosen = [leak for leak, taken in zip(candidates, are_leaks, strict=True) if taken]
    return chosen, True, (_left_out(candidates, chosen),)


def _left_out(sites: Sequence[LeakingSite], chosen: Sequence[LeakingSite]) -> str:
    names = [*dict.fromkeys(leak.site.function for leak in sites if leak not in chosen)]
    named = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"left out, because they replace old entries at a constant number: {named}{more}"


def _why_nothing(size: float, sites: Sequence[LeakingSite]) -> tuple[str, ...]:
    if size <= 0:
        return ()
    if not sites:
        return ("no allocation of the window's early part was still alive at its end",)
    return ()


def _why_not_all(
    chosen: Sequence[LeakingSite], size: float, blocks: float | None, found: float
) -> tuple[str, ...]:
    rest = f"{size - found:.4g} of {size:.4g} B per request have no site"
    reasons = []
    number = sum(leak.python_blocks_per_request for leak in chosen)
    if blocks is not None and number >= EXPLAINED * blocks:
        reasons.append("Python's blocks are accounted for: the rest is native memory")
    if any(leak.table_bytes_per_request for leak in chosen):
        reasons.append("a container's table grows in jumps, of which the window saw one at most")
    if not reasons:
        reasons.append("it may come in events rarer than the window is long")
    return (f"{rest}; {'; '.join(reasons)}",)
