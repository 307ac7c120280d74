"""File descriptors that ran out: a leak so fast that it ends the load before it can be judged."""

from collections.abc import Sequence

from tsprof.analysis.run.usage import Usage
from tsprof.records import Event, Segment
from tsprof.report.model import Finding

RAN_OUT = 0.98
"""Part of its limit from which a process that leaks has none left: a server that cannot accept
keeps trying, and a few are opened and closed all the time."""
AT_FIRST = 0.5
"""Part of its limit above which a process may just need as many."""
FAILING = 0.5
"""Part of the requests that must have failed where the target did not end or hang."""


def exhaustion(
    usage: Usage, segments: Sequence[Segment], events: Sequence[Event], users: int
) -> tuple[Finding, ...]:
    """Return the finding on a process that opened descriptors up to its limit and stopped serving.

    Args:
        usage: what the probes saw.
        segments: of the run.
        events: of the run.
        users: of the load, each of which may hold a connection in each process.
    """
    requests = sum(segment.requests for segment in segments)
    failures = sum(segment.failures for segment in segments)
    stopped = any(event.kind in ("target_hung", "target_ended") for event in events)
    if not stopped and failures < FAILING * max(requests, 1):
        return ()
    for pid, opened in usage.descriptors.items():
        grown = opened.last - opened.first
        if (
            opened.last >= RAN_OUT * opened.limit
            and opened.first <= AT_FIRST * opened.limit
            and grown > 2 * users
        ):
            return (
                Finding(
                    resource="fd",
                    kind="leak",
                    title=f"process {pid} ran out of file descriptors: it opened {grown:,} more "
                    f"under load, up to its limit of {opened.limit:,}",
                    per_request=grown / max(requests - failures, 1),
                ),
            )
    return ()
