"""Causes: which sites belong to which holder, where the code says so clearly.

A site belongs to the holder into which a function on its stack inserts, or to that whose inserting
function is called from there; the innermost such function decides, and within it the line. Sites
and holders that are connected in this way are one cause: the keys, the values and the table of one
dict, say. So are holders that differ by a line alone, such as those of one suspended function.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tsprof.analysis.attribution.holders import HeldGrowth, Place
from tsprof.analysis.comparison.keys import holder_key
from tsprof.report.model import Frame, Holder, Site

MATERIAL = 0.1
"""Part of the growth from which a cause is worth a finding of its own."""
APART = 3.0
"""Factor by which the bytes of a cause's sites and the estimate of what its holders keep may
differ. The estimate does not see what C code keeps, and counts what entries share but once."""

SMALL = 0.02
"""Part of a site below which a line of it tells nothing."""
FITTING = 0.5
"""Part of a site that what a holder lacks must come to for the site to be given to it."""
NOWHERE = (True, math.inf)
"""Beyond every distance between two lines."""

SiteKey = tuple[str, str]
"""Function and file."""


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

    @property
    def lacking(self) -> float:
        """What the holders keep by their estimate, and the sites do not explain."""
        return sum(one.bytes_per_request for one in self.held) - self.size


def separate(
    sites: Sequence[Site],
    held: Sequence[HeldGrowth],
    *,
    lines: Mapping[SiteKey, Sequence[Site]],
    native: Collection[SiteKey],
) -> tuple[Cause, ...]:
    """Return the causes, the largest first; nothing where they cannot be told apart.

    Args:
        sites: Those that make up the growth.
        held: What holds it.
        lines: The parts of the sites by line.
        native: The sites whose memory no Python container holds.
    """
    # The estimate for an object that is no container counts what it shares with others.
    containers = [one for one in held if one.holder.entries]
    names = dict.fromkeys(holder_key(one.holder) for one in containers)
    alike = [[one for one in containers if holder_key(one.holder) == key] for key in names]
    groups = [_Group([], same) for same in alike]
    unclear = []
    for site in sites:
        for part in _parts_of(site, containers, lines.get(key_of(site), ())):
            keepers = holders_of(part, containers)
            if keepers:
                mine = [group for group in groups if any(one in keepers for one in group.held)]
                groups = [group for group in groups if group not in mine]
                groups.append(
                    _Group(
                        [*(one for group in mine for one in group.sites), part],
                        [one for group in mine for one in group.held],
                    )
                )
            elif key_of(site) in native:
                groups.append(_Group([part], []))
            else:
                unclear.append(part)
    return _causes(groups, _without_fitting(unclear, groups))


def _without_fitting(sites: Sequence[Site], groups: Sequence[_Group]) -> list[Site]:
    """Give sites on no way to a holder to the one that lacks the most; return those left over.

    CPython keeps freed dicts, lists, tuples and floats for reuse: a block that a leak took over
    seems to come from wherever it was first used.
    """
    left = []
    for site in sites:
        neediest = max(groups, key=lambda group: group.lacking, default=None)
        if neediest is not None and neediest.lacking >= FITTING * site.bytes_per_request:
            neediest.sites.append(site)
        else:
            left.append(site)
    return left


def key_of(site: Site) -> SiteKey:
    """Return what tells a site from others of the same window."""
    return site.function, site.file


def _parts_of(site: Site, held: Sequence[HeldGrowth], lines: Sequence[Site]) -> Sequence[Site]:
    """Return a site's lines where they fill different containers, else the site."""
    lines = [line for line in lines if line.bytes_per_request >= SMALL * site.bytes_per_request]
    keepers = [holders_of(line, held) for line in lines]
    if len(lines) < 2 or all(one == keepers[0] for one in keepers):  # noqa: PLR2004
        return [site]
    whole = sum(line.bytes_per_request for line in lines)
    shares = [site.share * line.bytes_per_request / whole for line in lines]
    return [
        line.model_copy(update={"share": share}) for line, share in zip(lines, shares, strict=True)
    ]


def _causes(groups: list[_Group], unclear: list[Site]) -> tuple[Cause, ...]:
    """Make causes of the groups that matter; what is left belongs to the largest."""
    whole = sum(one.size for one in groups) + sum(site.bytes_per_request for site in unclear)
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
    return tuple(_cause(one, total) for one in large)


def _cause(group: _Group, total: float) -> Cause:
    plateaus = [one.plateau_bytes for one in group.held if one.plateau_bytes is not None]
    return Cause(
        sites=tuple(group.sites),
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
    """Return which holders a site's memory goes to; several that are filled by one line.

    What a function makes on one line it inserts on this or on a later one, if on any.
    """
    for frame in site.stack:
        distances = {at: _distance(frame, one) for at, one in enumerate(held)}
        nearest = min(distances.values(), default=NOWHERE)
        if nearest < NOWHERE:
            return [held[at] for at, distance in distances.items() if distance == nearest]
    return []


def _distance(frame: Frame, held: HeldGrowth) -> tuple[bool, float]:
    """Return how far the next insertion is from a frame's line, those before it being further."""
    lines = [
        place.line - frame.line for place in (*held.writers, *held.callers) if is_in(frame, place)
    ]
    return min(((line < 0, abs(line)) for line in lines), default=NOWHERE)


def inserts(site: Site, held: Sequence[HeldGrowth]) -> bool:
    """Tell whether a site is on a holder's way for certain: within a function that inserts.

    What a caller of such a function allocates may go elsewhere, into a cache beside it, say.
    """
    for frame in site.stack:
        if any(is_in(frame, place) for one in held for place in one.writers):
            return True
        if any(is_in(frame, place) for one in held for place in one.callers):
            return False
    return False


def is_in(frame: Frame | Site, place: Place) -> bool:
    """Tell whether a frame is in the function of a place; profilers may leave out its class."""
    names = {frame.function.rpartition(".")[2], place.function.rpartition(".")[2]}
    return frame.file == place.file and len(names) == 1


def filling(held: HeldGrowth, sites: Sequence[Site]) -> Place:
    """Return which of the lines that may fill a container does: most was allocated on its way.

    A module's own functions come first where nothing tells: linecache's, of what attrs 21.2 puts
    into its cache.
    """

    def size(place: Place) -> float:
        below = (site for site in sites if any(is_in(frame, place) for frame in site.stack))
        return sum(site.bytes_per_request for site in below)

    return max(held.writers, key=size)


def site_at(place: Place, size: float) -> Site:
    """Return the site of a line that fills a container, for so many bytes per request."""
    function = place.function.rpartition(".")[2]
    return Site(
        function=function,
        file=place.file,
        line=place.line,
        bytes_per_request=size,
        share=0.0,
        stack=(Frame(function=function, file=place.file, line=place.line),),
    )


def entry_in_words(held: HeldGrowth) -> str:
    """Say what comes with each entry; empty where nothing is known."""
    parts = [f"{number:.3g} {kind}" for kind, number in held.brings.items()]
    parts += dict.fromkeys(part.path for part in held.parts)
    return f"with each entry of {held.holder.path} come {', '.join(parts)}" if parts else ""
