"""Hints: what a target's own gauges suggest to try where a criterion was missed."""

import re
from collections.abc import Iterable, Iterator, Sequence

from tsprof.report import format as fmt
from tsprof.report.model import Criterion, Gauge

_HITS = re.compile(r"hit_?rate|hit_?ratio")
_EVICTIONS = re.compile(r"evict")
_CAPACITY = re.compile(r"(cache.*(capacity|max_?size))|((capacity|max_?size).*cache)")
_QUEUE = re.compile(r"queue|backlog|pending")
_BATCH = re.compile(r"batch.*size")
_LATENCY = ("p50_ms", "p95_ms", "p99_ms", "p50_drift", "p99_drift")


def hints(criteria: Iterable[Criterion], gauges: Sequence[Gauge]) -> tuple[str, ...]:
    """Return what to try, as advice.

    Args:
        criteria: of the run.
        gauges: what the target said of itself.

    Returns:
        A sentence for a hit rate that is too low while the cache evicts, for a queue that grew,
        and for slow answers of a target that works in batches.
    """
    missed = [criterion.name for criterion in criteria if criterion.met is False]
    found = list(_growing_queues(gauges))
    if any(_HITS.search(name) for name in missed):
        found += _evictions(gauges)
    if any(name in _LATENCY for name in missed):
        found += [
            f"the target works in batches ({gauge.name} is {fmt.number(gauge.last)}): another size "
            "changes how long a request waits for its batch"
            for gauge in gauges
            if _BATCH.search(gauge.name.lower()) and gauge.last is not None
        ]
    return tuple(found)


def _growing_queues(gauges: Iterable[Gauge]) -> Iterator[str]:
    for gauge in gauges:
        name = gauge.name.lower()
        grew = gauge.kind == "level" and gauge.low is not None and gauge.low > 0
        if grew and _QUEUE.search(name) and not name.startswith(("rate(", "mean(")):
            yield (
                f"{gauge.name} grew over the run: more arrives than is worked off; lower the load, "
                "or add workers"
            )


def _evictions(gauges: Iterable[Gauge]) -> list[str]:
    known = list(gauges)
    evicting = [g for g in known if _EVICTIONS.search(g.name.lower()) and (g.overall or 0) > 0]
    if not evicting:
        return []
    capacity = next((g for g in known if _CAPACITY.search(g.name.lower())), None)
    size = f" ({capacity.name} is {fmt.number(capacity.last)})" if capacity else ""
    return [f"the cache evicts ({evicting[0].name}): a larger one{size} would hit more often"]
