"""What the service tells Prometheus.

Labels have few values by design (an endpoint, a status class): a label with the claim in it
would make one time series per claim.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from truthsync.cache import LRUCache
from truthsync.verifier import Verdict

_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Seconds: a hit takes about 0.0001, a miss about 0.0004, the target for p99 is 0.01."""


class _CacheCollector(Collector):
    """Reads the cache's own counts when Prometheus asks."""

    def __init__(self, cache: LRUCache[Verdict]) -> None:
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        cache = self._cache
        yield GaugeMetricFamily(
            "truthsync_cache_hit_rate", "Hits per look-up since the start.", cache.hit_rate
        )
        yield GaugeMetricFamily("truthsync_cache_size", "Entries in the cache.", len(cache))
        yield GaugeMetricFamily("truthsync_cache_capacity", "Room in the cache.", cache.maxsize)
        yield CounterMetricFamily("truthsync_cache_hits", "Look-ups that found one.", cache.hits)
        yield CounterMetricFamily(
            "truthsync_cache_misses", "Look-ups that found none.", cache.misses
        )
        yield CounterMetricFamily(
            "truthsync_cache_evictions", "Entries pushed out.", cache.evictions
        )


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self, cache: LRUCache[Verdict]) -> None:
        """Take the cache to report on."""
        self._registry = CollectorRegistry()
        self._registry.register(_CacheCollector(cache))
        self.connections = Gauge(
            "truthsync_connections",
            "Connections with a request in progress.",
            registry=self._registry,
        )
        self._requests = Counter(
            "truthsync_requests", "Requests answered.", ["endpoint"], registry=self._registry
        )
        self._errors = Counter(
            "truthsync_errors", "Answers 4xx and 5xx.", ["kind"], registry=self._registry
        )
        for kind in ("4xx", "5xx"):  # a rate needs the zero before the first error
            self._errors.labels(kind)
        self._seconds = Histogram(
            "truthsync_processing_seconds",
            "Time from a request's arrival to its answer.",
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count one answer. ``endpoint`` is a route of the service, never the client's text."""
        self._requests.labels(endpoint).inc()
        self._seconds.observe(seconds)
        if status >= 400:  # noqa: PLR2004 - the first HTTP status that is an error
            self._errors.labels(f"{status // 100}xx").inc()

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
