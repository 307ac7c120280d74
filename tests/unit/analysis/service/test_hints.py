"""What a target's own gauges suggest to try."""

from tsprof.analysis.service.hints import hints
from tsprof.report.model import Criterion, Gauge, GaugeKind


def gauge(name: str, last: float, kind: GaugeKind = "level", low: float | None = None) -> Gauge:
    return Gauge(name=name, source="/metrics", kind=kind, overall=last, last=last, low=low)


def missed(name: str) -> Criterion:
    return Criterion(name=name, limit=1, value=0, met=False)


EVICTIONS = gauge("rate(shop_cache_evictions_total)", 0.3, "rate")
CAPACITY = gauge("shop_cache_capacity", 1000)


def test_a_low_hit_rate_of_a_cache_that_evicts() -> None:
    (hint,) = hints([missed("shop_cache_hit_rate")], [EVICTIONS, CAPACITY])
    assert "shop_cache_capacity is 1,000" in hint
    assert hints([missed("p99_ms")], [EVICTIONS, CAPACITY]) == ()
    assert hints([missed("shop_cache_hit_rate")], [CAPACITY]) == ()


def test_a_queue_that_grew() -> None:
    (hint,) = hints([], [gauge("work_queue_length", 90, low=0.5)])
    assert "work_queue_length grew" in hint
    assert hints([], [gauge("work_queue_length", 90, low=-0.1), gauge("queue", 3)]) == ()


def test_slow_answers_in_batches() -> None:
    (hint,) = hints([missed("p99_ms")], [gauge("batch.size", 100)])
    assert "batch.size is 100" in hint
    assert hints([], [gauge("batch.size", 100)]) == ()
