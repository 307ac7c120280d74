"""Causes: which sites belong to which holder, where the code says so clearly.

A site belongs to the holder into which a function on its stack inserts, or to that whose inserting
function is called from there; the innermost such function decides. Sites and holders that are
connected in this way are one cause: the keys, the values and the table of one dict, say.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tsprof.analysis.holders import HeldGrowth, Place
from tsprof.report.model import Frame, Holder, Site

MATERIAL = 0.1
"""Part of the growth from which a cause is worth a finding of its own."""
APART = 3.0
"""Factor by which the bytes of a cause's sites and the estimate of what its holders keep may
differ. The estimate does not see what C code keeps, and counts what entries share but once."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One mistake: the lines that allocate, and what holds what they allocate."""

    sites: tuple[Site, ...]
    """Their shares are those of the whole growth."""
    holders: tuple[Holder, ...]
    share: float
    """Part of the growth; the causes' shares sum up to 1."""
    details: tuple[str, ...] = ()
    """What comes with each entry, in words."""
    bounded: bool = False
    """Whether its holders will stop growing by themselves."""
    plateau: float | None = None
    """Bytes at which they will."""


@dataclass
class _Group:
    """Sites and holders that are connected."""

    sites: list[Site]
    held: list[HeldGrowth]

    @property
    def size(self) -> float:
        return sum(site.bytes_per_request for site in self.sites)


def separate(
    sites: Sequence[Site], held: Sequence[HeldGrowth], *, native: Collection[Site]
) -> tuple[Cause, ...]:
    """Return the causes, the largest first; nothing where they cannot be told apart.

    Args:
        sites: Those that make up the growth.
        held: What holds it.
        native: The sites whose memory no Python container holds.
    """
    # The estimate for an object that is no container counts what it shares with others.
    groups = [_Group([], [one]) for one in held if one.holder.entries]
    unclear = []
    for site in sites:
        keepers = holders_of(site, [one for group in groups for one in group.held])
        if keepers:
            mine = [group for group in groups if any(one in keepers for one in group.held)]
            groups = [group for group in groups if group not in mine]
            groups.append(
                _Group(
                    [site, *(one for group in mine for one in group.sites)],
                    [one for group in mine for one in group.held],
                )
            )
        elif site in native:
            groups.append(_Group([site], []))
        else:
            unclear.append(site)
    return _causes(groups, unclear, sites)


def _causes(groups: list[_Group], unclear: list[Site], sites: Sequence[Site]) -> tuple[Cause, ...]:
    """Make causes of the groups that matter; what is left belongs to the largest."""
    whole = sum(site.bytes_per_request for site in sites)
    least = MATERIAL * whole
    large = sorted((one for one in groups if one.size >= least), key=lambda one: -one.size)
    small = [one for one in groups if one.size < least]
    doubtful = (
        sum(site.bytes_per_request for site in unclear) >= least
        or any(sum(held.bytes_per_request for held in one.held) >= least for one in small)
        or not all(map(_is_consistent, large))
    )
    if len(large) < 2 or doubtful:  # noqa: PLR2004 - one cause is no choice
        return ()
    large[0].sites += [*unclear, *(site for one in small for site in one.sites)]
    total = sum(one.size for one in large)
    return tuple(_cause(one, sites, total) for one in large)


def _cause(group: _Group, sites: Sequence[Site], total: float) -> Cause:
    plateaus = [one.plateau_bytes for one in group.held if one.plateau_bytes is not None]
    return Cause(
        sites=tuple(site for site in sites if site in group.sites),
        holders=tuple(one.holder for one in group.held),
        share=group.size / total,
        details=tuple(words for one in group.held if (words := entry_in_words(one))),
        bounded=bool(group.held) and all(one.is_bounded for one in group.held),
        plateau=sum(plateaus) if plateaus else None,
    )


def _is_consistent(group: _Group) -> bool:
    """Tell whether the holders keep about what the sites allocate."""
    kept = sum(one.bytes_per_request for one in group.held)
    return not group.held or group.size <= APART * kept <= APART**2 * group.size


def holders_of(site: Site, held: Sequence[HeldGrowth]) -> list[HeldGrowth]:
    """Return which holders a site's memory may go to."""
    for frame in site.stack:
        for exact in (True, False):  # a line decides between containers of one function
            found = [one for one in held if _is_filled_in(frame, one, exact=exact)]
            if found:
                return found
    return []


def _is_filled_in(frame: Frame, held: HeldGrowth, *, exact: bool) -> bool:
    return any(
        is_in(frame, place) and (not exact or frame.line == place.line)
        for place in (*held.writers, *held.callers)
    )


def is_in(frame: Frame | Site, place: Place) -> bool:
    """Tell whether a frame is in the function of a place; profilers may leave out its class."""
    names = {frame.function.rpartition(".")[2], place.function.rpartition(".")[2]}
    return frame.file == place.file and len(names) == 1


def entry_in_words(held: HeldGrowth) -> str:
    """Say what comes with each entry; empty where nothing is known."""
    parts = [f"{number:.3g} {kind}" for kind, number in held.brings.items()]
    parts += dict.fromkeys(part.path for part in held.parts)
    return f"with each entry of {held.holder.path} come {', '.join(parts)}" if parts else ""
