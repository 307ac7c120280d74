"""Findings that somebody has acknowledged: until when, and whether that is all of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tsprof.analysis.comparison.keys import Places, finding_key, places, site_key
from tsprof.report.model import Finding

LEFT_OUT = 0.1
"""Share of a finding's bytes that may come from sites that nobody acknowledged: what a kept object
drags along is allocated in many places."""


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """One entry: what, who, why and until when. Just one of the first three is set."""

    finding: str | None = None
    """The key of a finding."""
    site: str | None = None
    """The key of a site; ``*`` stands for any text."""
    holder: str | None = None
    """The key of a holder; ``*`` stands for any text."""
    owner: str
    reason: str
    expires: date
    """The last day on which it holds."""

    @property
    def subject(self) -> str:
        """What it names, in words."""
        kind = next(k for k in ("finding", "site", "holder") if getattr(self, k) is not None)
        return f"{kind} {getattr(self, kind)}"

    def names_site(self, finding: Finding, key: str) -> bool:
        """Tell whether it names a site of a finding."""
        if self.site is not None:
            return _fits(self.site, key)
        return self.finding == f"{finding.resource}:{finding.kind}:{key}"

    def names_holder(self, finding: Finding, key: str) -> bool:
        """Tell whether it names a holder of a finding."""
        if self.holder is not None:
            return _fits(self.holder, key)
        return self.finding == f"{finding.resource}:{finding.kind}:{key}"

    def names(self, finding: Finding, where: Places, folder: str) -> bool:
        """Tell whether it names a finding or a place of it."""
        if not (where.sites or where.holders):
            return self.finding == finding_key(finding, folder)
        return any(self.names_site(finding, key) for key in where.sites) or any(
            self.names_holder(finding, key) for key in where.holders
        )


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """What the acknowledgements say of one finding."""

    excuse: str = ""
    """By whom, why and until when; empty where the finding counts."""
    objection: str = ""
    """Why an acknowledgement that names it does not do; empty where none names it."""


def acknowledged(
    finding: Finding, entries: Sequence[Acknowledgement], today: date, folder: str
) -> Acknowledged:
    """Find out whether a finding is acknowledged.

    Entries that hold must name all that grows: every holder, or the sites of nine tenths of the
    bytes. Otherwise a new leak would hide behind an old one.

    Args:
        finding: with its sites and holders.
        entries: acknowledgements.
        today: the day of the run.
        folder: the target's working directory.
    """
    where = places(finding.sites, finding.holders, folder)
    naming = [entry for entry in entries if entry.names(finding, where, folder)]
    if not naming:
        return Acknowledged()
    valid = [entry for entry in naming if today <= entry.expires]
    if not valid:
        last = max(naming, key=lambda entry: entry.expires)
        return Acknowledged(
            objection=f"its acknowledgement by {last.owner} expired on {last.expires}"
        )
    left = _not_named(finding, valid, where, folder)
    if left:
        return Acknowledged(
            objection=f"{valid[0].owner} acknowledged {valid[0].subject}, but not {left}"
        )
    return Acknowledged(excuse="; ".join(dict.fromkeys(map(_in_words, valid))))


def unused(
    findings: Sequence[Finding], entries: Sequence[Acknowledgement], folder: str
) -> list[Acknowledgement]:
    """Return the entries that name none of the findings."""
    located = [(f, places(f.sites, f.holders, folder)) for f in findings]
    return [
        entry
        for entry in entries
        if not any(entry.names(finding, where, folder) for finding, where in located)
    ]


def _in_words(entry: Acknowledgement) -> str:
    return f"acknowledged by {entry.owner} until {entry.expires}: {entry.reason}"


def _not_named(
    finding: Finding, entries: Sequence[Acknowledgement], where: Places, folder: str
) -> str:
    """Return the first place that no entry names, if what they name is not all that grows."""
    holders = [k for k in where.holders if not any(e.names_holder(finding, k) for e in entries)]
    if where.holders and not holders:
        return ""
    named = {key for key in where.sites if any(e.names_site(finding, key) for e in entries)}
    total = sum(site.bytes_per_request for site in finding.sites)
    others = [site for site in finding.sites if site_key(site, folder) not in named]
    if where.sites and sum(s.bytes_per_request for s in others) <= LEFT_OUT * total:
        return ""
    if holders:
        return f"what is held by {holders[0]}"
    return f"what is allocated in {site_key(others[0], folder)}" if others else ""


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None
