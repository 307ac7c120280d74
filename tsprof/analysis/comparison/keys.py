"""Names by which findings, sites and holders are the same from run to run and place to place.

Lines move with every edit and addresses with every start; functions, files and the ways that lead
to a container stay.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tsprof.report.model import Finding, Holder, Site

_LINE = re.compile(r" \(line \d+\)|, suspended at line \d+")
_LIBRARIES = ("/site-packages/", "/dist-packages/")
_STANDARD_LIBRARY = re.compile(r".*/lib/python3\.\d+t?/")
_KEPT_PARTS = 2
"""Of the path of a file that is nowhere known; the rest differs from checkout to checkout."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a finding is: the keys of its sites and of its holders."""

    sites: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()

    def overlap(self, other: "Places") -> bool | None:
        """Tell whether two findings have a place in common; None where one has none to compare."""
        answers = [
            bool(set(ours) & set(theirs))
            for ours, theirs in ((self.holders, other.holders), (self.sites, other.sites))
            if ours and theirs
        ]
        return any(answers) if answers else None

    def without(self, other: "Places") -> str:
        """Return the first place that another finding does not have; empty where there is none."""
        pairs = ((self.holders, other.holders), (self.sites, other.sites))
        left = (key for ours, theirs in pairs if theirs for key in ours if key not in theirs)
        return next(left, "")


def site_key(site: Site, folder: str) -> str:
    """Return what names a site, such as ``shop/cart.py:Cart.add``.

    Args:
        site: of a finding.
        folder: the target's working directory.
    """
    return f"{stable_file(site.file, folder)}:{site.function}"


def holder_key(holder: Holder) -> str:
    """Return what names a holder: its path without lines."""
    return _LINE.sub("", holder.path)


def places(sites: Sequence[Site], holders: Sequence[Holder], folder: str) -> Places:
    """Return the keys of sites and holders, each once, in their order."""
    return Places(
        sites=tuple(dict.fromkeys(site_key(site, folder) for site in sites)),
        holders=tuple(dict.fromkeys(map(holder_key, holders))),
    )


def finding_key(finding: Finding, folder: str) -> str:
    """Return what names a finding: its resource, its kind, and what holds it or else its site.

    The holder comes first: it is the cause, and which of several sites allocates the most may
    change from run to run. A finding that has a key keeps it.
    """
    if finding.key:
        return finding.key
    where = places(finding.sites, finding.holders, folder)
    place = next(iter((*where.holders, *where.sites)), "")
    return f"{finding.resource}:{finding.kind}" + (f":{place}" if place else "")


def stable_file(file: str, folder: str) -> str:
    """Return what names a file wherever the program and its interpreter are installed.

    Args:
        file: its path.
        folder: the target's working directory; empty where that is not known.
    """
    for marker in _LIBRARIES:
        if marker in file:
            return file.rpartition(marker)[2]
    path = PurePath(file)
    if folder and path.is_relative_to(folder):
        return str(path.relative_to(folder))
    shorter = _STANDARD_LIBRARY.sub("", file)
    return shorter if shorter != file else "/".join(path.parts[-_KEPT_PARTS:])
