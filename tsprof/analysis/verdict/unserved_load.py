"""Whether the target served the load: a run in which it did not tells nothing of leaks."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tsprof.analysis.verdict.grounds import Grounds
from tsprof.records import Segment

FAILED_LOAD = 0.5
"""Share of failed requests from which the load no longer tells anything about the target."""
SERVES_NO_MORE = 0.9
"""Share of failed requests from which nothing is served: of an endpoint over the run, or of the
target in each of the last segments after it served before."""
LEAST_ASKED = 10
"""Requests of an endpoint from which its failures count: names that hold an id are asked once."""
WORTH_TELLING = 0.01
"""Share of failed requests that a reader should know of, whatever the verdict is."""
MOST_NAMED = 3
_MEANT = (
    "check --url, which sends GET, or the Locust file; where a failure is meant, let the Locust "
    "file mark the response as a success"
)
_BY_STATUS = {
    "401": "it needs a login or a header, which a Locust file can send (the README has one)",
    "403": "it needs a login or a header, which a Locust file can send (the README has one)",
    "404": "is the path right?",
    "405": "the path does not take this method: --url sends GET, and POST needs a Locust file "
    "(the README has one)",
}
_STATUS = re.compile(r"(.*): HTTP (\d{3})\b")
"""How messages of failed requests begin that tell a status: the endpoint's name comes first."""
_STOPPED = (
    "a limit may have been reached, of open files, of connections, or of the requests that one "
    "client may send"
)


@dataclass(frozen=True)
class Count:
    """Requests of an endpoint in a segment, or over several."""

    requests: int = 0
    failures: int = 0

    @property
    def is_served(self) -> bool:
        """Tell whether more than next to none was answered well."""
        return self.failures < SERVES_NO_MORE * self.requests


def weigh_load(segments: Sequence[Segment], failures: Sequence[str], grounds: Grounds) -> None:
    """Doubt a run whose load, or whose requests to one endpoint, the target did not serve.

    Args:
        segments: with what became of the requests.
        failures: the messages of failed requests, such as ``GET /a: HTTP 404 (974 times)``.
        grounds: takes the doubts.
    """
    whole, endpoints = _total(_of_target(segments)), _by_endpoint(segments)
    if whole.requests == 0:
        grounds.doubt(
            "no request was completed, so nothing was tested",
            "check --url or the Locust file",
        )
    elif served := _served_at_first(_of_target(segments)):
        grounds.doubt(
            f"{_share(whole)} failed, after {served:,} had been answered well: the target stopped "
            "serving",
            _STOPPED,
        )
    elif doubts := _unserved_endpoints(endpoints, failures):
        for reason, advice in doubts:
            grounds.doubt(reason, advice)
    elif whole.failures >= FAILED_LOAD * whole.requests:
        grounds.doubt(
            f"{_share(whole)} failed, so the load did not exercise the target",
            _way_out(failures, endpoints),
        )


def failed_share(segments: Sequence[Segment]) -> str:
    """Say how many requests failed where a reader should know of it; else empty."""
    whole = _total(_of_target(segments))
    if whole.failures <= WORTH_TELLING * whole.requests:
        return ""
    return f"{_share(whole)} failed"


def _way_out(failures: Sequence[str], endpoints: Collection[str]) -> str:
    """Say what the statuses of the failed requests to some endpoints ask for."""
    told = [match for each in failures if (match := _STATUS.match(each))]
    statuses = dict.fromkeys(match[2] for match in told if match[1] in endpoints)
    known = [f"HTTP {status}: {_BY_STATUS[status]}" for status in statuses if status in _BY_STATUS]
    return "; ".join(known) or _MEANT


def _unserved_endpoints(
    endpoints: Mapping[str, Sequence[Count]], failures: Sequence[str]
) -> list[tuple[str, str]]:
    """Return what to doubt, and the advice, where some endpoints are not served and others are.

    Args:
        endpoints: what became of their requests, segment by segment.
        failures: the messages of failed requests.
    """
    never: dict[str, str] = {}
    stopped = []
    for name, counts in endpoints.items():
        whole = _total(counts)
        if whole.requests >= LEAST_ASKED and not whole.is_served:
            never[name] = f"{name} ({_percent(whole)} of its {whole.requests:,} requests failed)"
        elif served := _served_at_first(counts):
            stopped.append(f"{name} ({served:,} were answered well, then nearly all failed)")
    doubts = []
    if never and any(_total(counts).is_served for counts in endpoints.values()):
        reason = f"the target did not serve {_named([*never.values()])}, so that was not tested"
        doubts.append((reason, _way_out(failures, never)))
    if stopped:
        doubts.append((f"the target stopped serving {_named(stopped)}", _STOPPED))
    return doubts


def _of_target(segments: Sequence[Segment]) -> list[Count]:
    return [Count(segment.requests, segment.failures) for segment in segments]


def _by_endpoint(segments: Sequence[Segment]) -> Mapping[str, list[Count]]:
    """Return what became of each endpoint's requests, segment by segment."""
    counts: dict[str, list[Count]] = defaultdict(list)
    for segment in segments:
        for method, name, requests, failures, _ in segment.endpoints:
            counts[f"{method} {name}"].append(Count(requests, failures))
    return counts


def _total(counts: Sequence[Count]) -> Count:
    return Count(sum(each.requests for each in counts), sum(each.failures for each in counts))


def _served_at_first(counts: Sequence[Count]) -> int:
    """Return the requests that were answered well before all the rest failed; else 0."""
    failing = len(counts)
    while failing and not counts[failing - 1].is_served:
        failing -= 1
    if _total(counts[failing:]).requests < LEAST_ASKED:
        return 0
    before = _total(counts[:failing])
    return before.requests - before.failures


def _share(count: Count) -> str:
    return f"{_percent(count)} of the {count.requests:,} requests"


def _percent(count: Count) -> str:
    """Return the share that failed; all is only said where it is true."""
    share = count.failures / count.requests
    return f"{share:.2%}" if 0.995 <= share < 1 else f"{share:.0%}"  # noqa: PLR2004 - rounds to 1


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
