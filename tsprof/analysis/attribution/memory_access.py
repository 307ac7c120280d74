"""Accesses of memory that a program must not make, as a memory checker saw them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tsprof.analysis.attribution.sites import shown_frame
from tsprof.report import format as fmt
from tsprof.report.model import Finding, Frame, Site
from tsprof.report.wording import place

INVALID = frozenset({"InvalidRead", "InvalidWrite", "InvalidFree", "InvalidJump"})
"""What corrupts memory or reads what is not the program's; memcheck's words."""
SHOWN = 20
"""Findings in a report; a freed object is used in many places."""


@dataclass(frozen=True, kw_only=True)
class InvalidAccess:
    """One kind of access in one place."""

    kind: str
    """Memcheck's word: ``InvalidWrite``, ``UninitCondition``."""
    text: str
    """What it says of it: ``Invalid write of size 4``."""
    block: str = ""
    """Where the address is: ``0 bytes after a block of size 10 alloc'd``."""
    times: int = 1
    stack: tuple[Frame, ...]
    """Innermost first."""


def invalid_findings(accesses: Sequence[InvalidAccess]) -> tuple[Finding, ...]:
    """Return a finding for each invalid access, those that came most often first."""
    invalid = [access for access in accesses if access.kind in INVALID and access.stack]
    invalid.sort(key=lambda access: -access.times)
    return tuple(map(_finding, invalid[:SHOWN]))


def _finding(access: InvalidAccess) -> Finding:
    shown = access.stack[shown_frame(access.stack)]
    site = Site(
        function=shown.function,
        file=shown.file,
        line=shown.line,
        bytes_per_request=0.0,
        share=1.0,
        origin=shown.origin,
        package=shown.package,
        stack=access.stack,
    )
    text = access.text[:1].lower() + access.text[1:]
    return Finding(
        resource="memory_access",
        kind="invalid",
        title=f"{text} in {shown.function} ({place(shown)})",
        sites=(site,),
        details=(
            *((f"the address is {access.block}",) if access.block else ()),
            f"seen {fmt.count(access.times, 'time')} by valgrind's memcheck",
        ),
    )


def other_errors(accesses: Sequence[InvalidAccess]) -> str:
    """Say in one line what else memcheck saw; empty for nothing."""
    other = [access for access in accesses if access.kind not in INVALID]
    if not other:
        return ""
    first = max(other, key=lambda access: access.times)
    where = ""
    if first.stack:
        shown = first.stack[shown_frame(first.stack)]
        where = f", most often in {shown.function} ({place(shown)})"
    return (
        f"memcheck saw {fmt.count(len(other), 'other error')}, such as: {first.text}{where}; "
        "they do not decide the verdict"
    )
