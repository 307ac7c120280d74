"""A run as Prometheus metrics: load, target, ledger."""

from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from tsprof.analysis.run.assessments import look
from tsprof.analysis.run.ledger import total_owners
from tsprof.histogram import Histogram, middle
from tsprof.records import ProcessSample
from tsprof.store.follow import RunSoFar

STEPS = 4
"""Buckets per power of two: ``histogram_quantile`` draws a straight line within a bucket, whose
ends are 19 % apart."""
LOWEST, HIGHEST = -14, 6
"""Powers of two in seconds: 61 microseconds and 64 seconds."""


def metrics(run: RunSoFar) -> Iterator[Metric]:
    """Yield the metrics of a run, in seconds, bytes and requests."""
    requests = CounterMetricFamily(
        "tsprof_requests", "Requests completed, by outcome.", labels=["outcome"]
    )
    requests.add_metric(["answered"], run.requests - run.failures)
    requests.add_metric(["failed"], run.failures)
    yield requests
    yield _latency(run.latency)
    in_flight = run.recent[-1].in_flight if run.recent else 0
    yield GaugeMetricFamily("tsprof_requests_in_flight", "Requests under way.", in_flight)
    yield CounterMetricFamily("tsprof_checkpoints", "Checkpoints taken.", len(run.checkpoints))
    yield from _processes(run.samples)
    if run.checkpoints:
        last = run.checkpoints[-1]
        yield GaugeMetricFamily(
            "tsprof_checkpoint_requests", "Requests before the last checkpoint.", last.requests
        )
        owned = GaugeMetricFamily(
            "tsprof_target_owned_bytes",
            "The target's resident memory at the last checkpoint, by owner.",
            labels=["owner"],
        )
        for owner, size in total_owners(last).items():
            owned.add_metric([owner], size)
        yield owned
    yield from _growth(run)


def _growth(run: RunSoFar) -> Iterator[Metric]:
    now = look(run.checkpoints, run.slowest_fill)
    memory = now.memory or now.outside
    if memory is None:
        return
    growth = GaugeMetricFamily(
        "tsprof_growth_bytes_per_request",
        "Growth of live memory so far, with the ends of its 95 % interval.",
        labels=["bound"],
    )
    rate = memory.rate
    for bound, value in (("estimate", rate.value), ("low", rate.low), ("high", rate.high)):
        growth.add_metric([bound], value)
    yield growth


def _processes(samples: list[ProcessSample]) -> Iterator[Metric]:
    cpu = CounterMetricFamily(
        "tsprof_cpu_seconds", "CPU time of the processes alive, by role.", labels=["role"]
    )
    memory = GaugeMetricFamily("tsprof_resident_bytes", "Resident memory.", labels=["role"])
    for role in sorted({sample.role for sample in samples}):
        alike = [sample for sample in samples if sample.role == role]
        cpu.add_metric([role], sum(sample.cpu_seconds for sample in alike))
        memory.add_metric([role], sum(sample.rss for sample in alike))
    yield cpu
    yield memory
    target = [sample for sample in samples if sample.role == "target"]
    yield GaugeMetricFamily("tsprof_target_processes", "The target's processes.", len(target))
    threads = sum(sample.threads for sample in target)
    yield GaugeMetricFamily("tsprof_target_threads", "The target's threads.", threads)
    files = sum(sample.descriptors for sample in target)
    yield GaugeMetricFamily("tsprof_target_descriptors", "The target's descriptors.", files)


def _latency(latency: Histogram) -> Metric:
    """Return the latencies in buckets that are wider than the histogram's own."""
    counted = sorted((middle(number) / 1000, count) for number, count in latency.counts.items())
    buckets, below, next_one = [], 0, 0
    for step in range(STEPS * LOWEST, STEPS * HIGHEST + 1):
        bound = 2.0 ** (step / STEPS)
        while next_one < len(counted) and counted[next_one][0] <= bound:
            below += counted[next_one][1]
            next_one += 1
        buckets.append((f"{bound:.6g}", float(below)))
    buckets.append(("+Inf", float(latency.count)))
    family = HistogramMetricFamily(
        "tsprof_request_latency_seconds", "Latency of the requests completed."
    )
    family.add_metric([], buckets, sum(value * count for value, count in counted))
    return family
