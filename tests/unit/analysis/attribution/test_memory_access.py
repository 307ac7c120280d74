"""Findings on accesses of memory that is not the program's."""

from tsprof.analysis.attribution.memory_access import (
    SHOWN,
    InvalidAccess,
    invalid_findings,
    other_errors,
)
from tsprof.report.model import Frame

STACK = (
    Frame(function="strcpy", file="/usr/lib/libc.so.6", line=0, origin="interpreter"),
    Frame(function="work", file="/srv/server.c", line=33),
)
WRITE = InvalidAccess(
    kind="InvalidWrite",
    text="Invalid write of size 1",
    block="0 bytes after a block of size 10 alloc'd",
    times=8,
    stack=STACK,
)
UNSET = InvalidAccess(kind="UninitCondition", text="Conditional jump depends", stack=STACK)


def test_the_place_in_the_application_is_named() -> None:
    (finding,) = invalid_findings([UNSET, WRITE])
    assert (finding.resource, finding.kind) == ("memory_access", "invalid")
    assert finding.title == "invalid write of size 1 in work (/srv/server.c:33)"
    assert finding.details == (
        "the address is 0 bytes after a block of size 10 alloc'd",
        "seen 8 times by valgrind's memcheck",
    )
    assert (finding.sites[0].line, finding.sites[0].stack) == (33, STACK)


def test_the_most_frequent_come_first() -> None:
    many = [WRITE.__class__(**{**vars(WRITE), "times": times}) for times in range(2 * SHOWN)]
    found = invalid_findings(many)
    assert len(found) == SHOWN
    assert f"seen {2 * SHOWN - 1} times" in found[0].details[1]


def test_other_errors_are_told_in_a_line() -> None:
    assert other_errors([WRITE]) == ""
    assert other_errors([WRITE, UNSET]) == (
        "memcheck saw 1 other error, such as: Conditional jump depends, most often in work "
        "(/srv/server.c:33); they do not decide the verdict"
    )
    assert invalid_findings([UNSET]) == ()
