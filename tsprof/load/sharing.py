"""How load processes share a load, and how what they report becomes one report: arithmetic only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tsprof.histogram import Histogram
from tsprof.load.messages import (
    EndpointCounts,
    EndpointTotals,
    FailureSample,
    Pace,
    Quiet,
    Tick,
)
from tsprof.load.recorder import MAX_SAMPLES, OTHER_MESSAGES
from tsprof.records import Arrivals, Generator, LoadCost


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a whole number by weights.

    Args:
        total: What is divided.
        weights: One for each part; not all zero.

    Returns:
        Parts that add up to the total, each less than one away from its exact part (the method of
        the largest remainder; of equal ones the first).
    """
    sum_of_weights = sum(weights)
    parts = [total * weight // sum_of_weights for weight in weights]
    remainders = [total * weight % sum_of_weights for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def paces(rate: float, weights: Sequence[int]) -> list[Pace]:
    """Divide a rate by weights; processes of equal weight send in turn.

    Args:
        rate: Requests per second of all together.
        weights: One for each process, above zero.
    """
    total = sum(weights)
    return [Pace(rate * weight / total, index / rate) for index, weight in enumerate(weights)]


def merged_tick(ticks: Sequence[Tick], latest: Iterable[Tick]) -> Tick:
    """Return one tick for those that several load processes sent for the same time.

    Args:
        ticks: What was counted; at least one tick.
        latest: The last tick of each process that takes part: how it stands.
    """
    standing = list(latest)
    counts: dict[tuple[str, str], EndpointCounts] = {}
    for tick in ticks:
        for one in tick.endpoints:
            known = counts.get((one.method, one.name), replace(one, requests=0, failures=0))
            counts[one.method, one.name] = replace(
                known,
                requests=known.requests + one.requests,
                failures=known.failures + one.failures,
            )
    return Tick(
        second=max(tick.second for tick in ticks),
        seconds=max(tick.seconds for tick in ticks),
        requests=sum(tick.requests for tick in ticks),
        failures=sum(tick.failures for tick in ticks),
        exceptions=sum(tick.exceptions for tick in ticks),
        latency=_merged(tick.latency for tick in ticks),
        endpoints=tuple(counts.values()),
        users=sum(tick.users for tick in standing),
        in_flight=sum(tick.in_flight for tick in standing),
        oldest_seconds=max((tick.oldest_seconds for tick in standing), default=0.0),
        open=any(tick.open for tick in standing),
        cpu_seconds=sum(tick.cpu_seconds for tick in standing),
        failure_kinds=dict(sum((Counter(tick.failure_kinds) for tick in ticks), Counter())),
    )


def merged_quiet(quiets: Mapping[str, Quiet]) -> Quiet:
    """Return the totals of a segment that several load processes shared.

    Args:
        quiets: Those of each process, by its name; at least one.
    """
    totals: dict[tuple[str, str], EndpointTotals] = {}
    for quiet in quiets.values():
        for one in quiet.endpoints:
            empty = replace(one, requests=0, failures=0, latency=Histogram())
            known = totals.get((one.method, one.name), empty)
            known.latency.merge(one.latency)
            totals[one.method, one.name] = replace(
                known,
                requests=known.requests + one.requests,
                failures=known.failures + one.failures,
            )
    every = quiets.values()
    sent = [quiet.latency_sent for quiet in every if quiet.latency_sent is not None]
    return Quiet(
        admitted=sum(quiet.admitted for quiet in every),
        completed=sum(quiet.completed for quiet in every),
        failures=sum(quiet.failures for quiet in every),
        exceptions=sum(quiet.exceptions for quiet in every),
        seconds=max(quiet.seconds for quiet in every),
        latency=_merged(quiet.latency for quiet in every),
        endpoints=tuple(totals.values()),
        processes=tuple(
            replace(cost, name=name) for name, quiet in quiets.items() for cost in quiet.processes
        ),
        users=sum(quiet.users for quiet in every),
        arrivals=_merged_arrivals([q.arrivals for q in every if q.arrivals]),
        latency_sent=_merged(sent) if sent else None,
        generator=_merged_generators([quiet.generator for quiet in every]),
        uncertain=any(quiet.uncertain for quiet in every),
    )


def quiet_of_the_lost(ticks: Sequence[Tick]) -> Quiet:
    """Return what is known of the segment of a load process that was lost in it.

    Args:
        ticks: What it had reported, perhaps nothing. Latencies by endpoint are not in it.
    """
    requests = sum(tick.requests for tick in ticks)
    endpoints = merged_tick(ticks, ()).endpoints if ticks else ()
    return Quiet(
        admitted=requests,
        completed=requests,
        failures=sum(tick.failures for tick in ticks),
        exceptions=sum(tick.exceptions for tick in ticks),
        seconds=sum(tick.seconds for tick in ticks),
        latency=_merged(tick.latency for tick in ticks),
        endpoints=tuple(
            EndpointTotals(one.method, one.name, one.requests, one.failures, Histogram())
            for one in endpoints
        ),
        processes=(
            LoadCost(
                name="", requests=requests, cpu_seconds=ticks[-1].cpu_seconds if ticks else 0.0
            ),
        ),
        users=0,
        arrivals=None,
        latency_sent=None,
        generator=Generator(cpu_share=0.0, waited_share=0.0, lag=Histogram()),
        uncertain=True,
    )


def merged_failures(
    reports: Iterable[Iterable[FailureSample]],
) -> tuple[FailureSample, ...]:
    """Return one list of failure messages for those of several processes, as long as one's."""
    counts: Counter[str] = Counter()
    for report in reports:
        for sample in report:
            known = sample.message in counts or len(counts) < MAX_SAMPLES
            counts[sample.message if known else OTHER_MESSAGES] += sample.count
    return tuple(FailureSample(message, count) for message, count in counts.items())


def _merged_arrivals(arrivals: Sequence[Arrivals]) -> Arrivals | None:
    """Return the sums; of the most in flight that is the most that it can have been."""
    if not arrivals:
        return None
    return Arrivals(
        sent=sum(each.sent for each in arrivals),
        unsent=sum(each.unsent for each in arrivals),
        late=sum(each.late for each in arrivals),
        late_without_user=sum(each.late_without_user for each in arrivals),
        most_in_flight=sum(each.most_in_flight for each in arrivals),
    )


def _merged_generators(generators: Sequence[Generator]) -> Generator:
    """Return the shares of the busiest process: those of two would be no process's."""
    busiest = max(generators, key=lambda each: each.cpu_share + each.waited_share)
    return replace(busiest, lag=_merged(each.lag for each in generators))


def _merged(histograms: Iterable[Histogram]) -> Histogram:
    total = Histogram()
    for histogram in histograms:
        total.merge(histogram)
    return total
