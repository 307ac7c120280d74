"""How fast and how cheaply the target served, each figure with an interval.

Neither seconds nor requests are independent of their neighbours, segments nearly are: the error of
a figure is that of the same figure over segments drawn at random (Efron's bootstrap).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from tsprof.analysis.growth.noise import Floats
from tsprof.analysis.run.usage import Usage
from tsprof.histogram import PARTS, middle
from tsprof.records import Checkpoint, Segment
from tsprof.report.model import Measure

PERCENTILES = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
LEAST_SEGMENTS = 4
"""Segments from which an interval can be told."""
LEAST_SECONDS = 6
"""Likewise, for what is read every second."""
LEAST_VARIANCE = 0.1
"""Part of a variance that errors which cancel leave at least: their covariance is estimated."""
RESAMPLES = 1000
SURE = 0.975
"""Both tails together leave 5 %."""


def measure_performance(
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
    seconds: Sequence[Mapping[str, Any]],
    usage: Usage,
) -> tuple[Measure, ...]:
    """Return latency, throughput, errors and CPU time per request, with 95 % intervals.

    Args:
        segments: those that no profiler slowed down; the first, which calibrates, is left out.
        checkpoints: those around these segments.
        seconds: requests by second of the run.
        usage: used in the seconds of the run.

    Returns:
        What could be measured, milliseconds where the name ends in ``_ms``. ``load_cpu_ms`` and
        ``load_wait_ms`` are what the load process used of a processor per request, and waited for
        one: they tell a slower or busier machine from a slower target.
    """
    judged = [s for s in segments if s.number > 0 and s.requests > 0]
    if not judged:
        return ()
    draws = _draws(len(judged))
    requests = np.array([s.requests for s in judged], dtype=np.float64)
    lengths = np.array([s.seconds for s in judged])
    failures = np.array([s.failures for s in judged], dtype=np.float64)
    measures = _latencies(judged, draws)
    if lengths.sum() > 0:
        measures.append(_ratio("requests_per_second", requests, lengths, draws))
    measures.append(_error_rate(failures, requests, draws))
    return (*measures, *_cpu_per_request(checkpoints, seconds, usage))


def _draws(count: int) -> Floats:
    """How often each segment is drawn, by resample; the same whenever it is asked for."""
    generator = np.random.default_rng(0)
    return generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(np.float64)


def _measure(name: str, value: float, resampled: Floats, segments: int) -> Measure:
    if segments < LEAST_SEGMENTS:
        return Measure(name=name, value=value)
    # Resampling takes the few segments for all that there are; Student's factor makes up for it.
    error = float(np.std(resampled)) * np.sqrt(segments / (segments - 1))
    reach = float(stdtrit(segments - 1, SURE) * error)
    return Measure(name=name, value=value, low=max(value - reach, 0.0), high=value + reach)


def _ratio(name: str, above: Floats, below: Floats, draws: Floats) -> Measure:
    resampled = (draws @ above) / np.maximum(draws @ below, 1e-300)
    return _measure(name, float(above.sum() / below.sum()), resampled, len(above))


def _latencies(segments: Sequence[Segment], draws: Floats) -> list[Measure]:
    buckets = sorted({int(bucket) for s in segments for bucket in s.latency})
    if not buckets:
        return []
    column = {bucket: index for index, bucket in enumerate(buckets)}
    counts = np.zeros((len(segments), len(buckets)))
    for row, segment in enumerate(segments):
        for bucket, count in segment.latency.items():
            counts[row, column[int(bucket)]] = count
    middles = np.array([middle(bucket) for bucket in buckets])
    whole = counts.sum(axis=0, keepdims=True)
    measures = []
    for name, percent in PERCENTILES.items():
        value = float(_percentiles(whole, middles, percent)[0])
        measure = _measure(
            name, value, _percentiles(draws @ counts, middles, percent), len(segments)
        )
        measures.append(_no_finer_than_a_bucket(measure))
    return measures


def _percentiles(counts: Floats, middles: Floats, percent: float) -> Floats:
    reached = np.cumsum(counts, axis=1)
    ranks = np.ceil(reached[:, -1:] * percent / 100)
    first: NDArray[np.int_] = np.argmax(reached >= ranks, axis=1)
    return np.asarray(middles[first])


def _no_finer_than_a_bucket(measure: Measure) -> Measure:
    if measure.low is None or measure.high is None:
        return measure
    half = measure.value / (2 * PARTS)
    low, high = min(measure.low, measure.value - half), max(measure.high, measure.value + half)
    return measure.model_copy(update={"low": low, "high": high})


def _error_rate(failures: Floats, requests: Floats, draws: Floats) -> Measure:
    """Errors come in bursts, which resampling sees, or never came yet, which it does not."""
    measure = _ratio("error_rate", failures, requests, draws)
    failed, total = float(failures.sum()), float(requests.sum())
    low = betaincinv(failed, total - failed + 1, 1 - SURE) if failed else 0.0
    high = betaincinv(failed + 1, total - failed, SURE) if failed < total else 1.0
    return measure.model_copy(
        update={
            "low": min(float(low), measure.low if measure.low is not None else 1.0),
            "high": max(float(high), measure.high if measure.high is not None else 0.0),
        }
    )


def _cpu_per_request(
    checkpoints: Sequence[Checkpoint], seconds: Sequence[Mapping[str, Any]], usage: Usage
) -> Iterable[Measure]:
    """Return milliseconds of CPU time per request, of the target and of the load.

    What the checkpoints themselves took of the target's time is left out.
    """
    if not checkpoints:
        return
    first, last = int(checkpoints[0].seconds) + 1, int(checkpoints[-1].seconds)
    if last - first < LEAST_SECONDS:
        return

    def by_second(amounts: Iterable[tuple[int, float]]) -> Floats:
        sums = np.zeros(last - first)
        for second, amount in amounts:
            if first <= second < last:
                sums[second - first] += amount
        return sums

    requests = by_second((row["second"], row["requests"]) for row in seconds)
    pauses = by_second((int(c.seconds), sum(r.pause for r in c.processes)) for c in checkpoints)
    used = {
        "cpu_ms": np.maximum(by_second(usage.cpu.items()) - pauses, 0.0),
        "load_cpu_ms": by_second(usage.load_cpu.items()),
        "load_wait_ms": by_second(usage.load_waited.items()),
    }
    for name, amounts in used.items():
        if amounts.sum() > 0 and requests.sum() > 0:
            yield _mean_use(name, 1000 * amounts, requests)


def _mean_use(name: str, used: Floats, requests: Floats) -> Measure:
    """Return a ratio of two series that are not read at the same moment of each second.

    What is missing in one second turns up in the next: neighbours' errors cancel, which their
    covariance tells.
    """
    value = float(used.sum() / requests.sum())
    rest = used - value * requests
    own = float(rest @ rest)
    variance = max(own + 2 * float(rest[1:] @ rest[:-1]), LEAST_VARIANCE * own)
    reach = float(stdtrit(len(rest) - 1, SURE) * np.sqrt(variance) / requests.sum())
    return Measure(name=name, value=value, low=max(value - reach, 0.0), high=value + reach)
