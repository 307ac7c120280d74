"""Callers of a function that allocates what stays."""

from tsprof.analysis.attribution.callers import with_details_on_callers
from tsprof.analysis.attribution.captures import CallFrame, CaptureDigest, StackSurvivors
from tsprof.analysis.attribution.sites import Origin, leaking_sites
from tsprof.analysis.run.confirmation import Attribution

ALLOCATOR: CallFrame = ("alloc", "/root/.cargo/registry/src/index/bytes-1.0.0/src/lib.rs", 3)
HELPER: CallFrame = ("keep", "/srv/src/store.rs", 9)
MAIN: CallFrame = ("main", "/srv/src/main.rs", 99)


def origin_of(file: str) -> Origin:
    return Origin(kind="dependency" if "/registry/" in file else "application")


def survivors(blocks: int, *callers: CallFrame) -> StackSurvivors:
    return StackSurvivors(
        frames=(ALLOCATOR, HELPER, *callers, MAIN),
        kind="native",
        early_blocks=blocks,
        early_bytes=100 * blocks,
        late_blocks=2 * blocks,
        late_bytes=200 * blocks,
        mark_blocks=blocks,
        mark_bytes=100 * blocks,
    )


def words(*stacks: StackSurvivors) -> tuple[str, ...]:
    digests = [
        CaptureDigest(
            method="heaptrack", requests_early=1_000, requests_total=3_000, stacks=(stack,)
        )
        for stack in stacks
    ]
    sites = tuple(leak.site for leak in leaking_sites(digests, origin_of))
    assert [site.function for site in sites] == ["keep"]
    return with_details_on_callers(Attribution(sites=sites), digests, origin_of).details


def test_two_mistakes_through_one_helper_are_told_apart() -> None:
    logs: CallFrame = ("log", "/srv/src/log.rs", 5)
    audits: CallFrame = ("audit", "/srv/src/audit.rs", 7)
    (told,) = words(survivors(1_000, logs), survivors(500, audits), survivors(500, logs))
    assert told == (
        "keep allocates what stays for 2 callers: 150 B per request for log (/srv/src/log.rs:5), "
        "50 B per request for audit (/srv/src/audit.rs:7)"
    )


def test_one_caller_is_on_the_stack_anyway() -> None:
    log: CallFrame = ("log", "/srv/src/log.rs", 5)
    rarely: CallFrame = ("warm_up", "/srv/src/main.rs", 7)
    assert words(survivors(1_000, log), survivors(20, rarely)) == ()
    assert words(survivors(1_000, HELPER, log)) == ()
