"""Latency, throughput and CPU time with intervals that hold what they should."""

import random
from typing import Any

import pytest
from fabricate import growing, taken

from tsprof.analysis.run.usage import Usage, sum_samples
from tsprof.analysis.service.performance import measure_performance
from tsprof.analysis.service.segments import undisturbed
from tsprof.histogram import Histogram
from tsprof.records import ProcessSample, Segment
from tsprof.report.model import Measure

NOTHING = Usage()


def served(
    seed: int, count: int = 12, mean_ms: float = 5.0, wander: float = 0.02, failing: float = 0.0
) -> list[Segment]:
    """Segments whose latency wanders from one to the next; the first calibrates, and is slow."""
    generator = random.Random(seed)
    segments = []
    for number in range(count):
        mean = (50.0 if number == 0 else mean_ms) * (1 + generator.gauss(0, wander))
        latency = Histogram()
        for _ in range(500):
            latency.record(generator.gammavariate(8, mean / 8))
        segments.append(
            Segment(
                number=number,
                seconds=500 * mean / 10_000,
                requests=500,
                failures=sum(generator.random() < failing for _ in range(500)),
                intended=500,
                latency=latency.counts,
            )
        )
    return segments


def measured(segments: list[Segment], **others: Any) -> dict[str, Measure]:
    found = measure_performance(
        segments,
        others.get("checkpoints", []),
        others.get("seconds", []),
        others.get("usage", NOTHING),
    )
    return {measure.name: measure for measure in found}


def holds(measure: Measure, value: float) -> bool:
    assert measure.low is not None
    assert measure.high is not None
    return measure.low <= value <= measure.high


def test_the_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = {"p50_ms": 0, "requests_per_second": 0}
    for seed in range(60):
        found = measured(served(seed))
        held["p50_ms"] += holds(found["p50_ms"], 4.794)  # median of this gamma distribution
        held["requests_per_second"] += holds(found["requests_per_second"], 2000)
    assert min(held.values()) >= 52


def test_more_segments_narrow_an_interval() -> None:
    few, many = (measured(served(1, count=count))["p50_ms"] for count in (8, 120))
    assert few.high is not None
    assert many.high is not None
    assert many.high - many.value < 0.6 * (few.high - few.value)


def test_the_calibrating_segment_does_not_count() -> None:
    assert measured(served(3))["p99_ms"].value < 15


def test_too_few_segments_have_figures_without_intervals() -> None:
    found = measured(served(1, count=4))
    assert found["p50_ms"].value == pytest.approx(4.8, rel=0.1)
    assert found["p50_ms"].low is None
    assert measured(served(1, count=1)) == {}
    assert measured([]) == {}


def test_no_failure_among_many_requests_is_not_certainly_none() -> None:
    rate = measured(served(1))["error_rate"]
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(3.69 / 5500, rel=0.01)  # Clopper and Pearson


def test_failures_have_an_interval() -> None:
    rate = measured(served(1, failing=0.1))["error_rate"]
    assert holds(rate, 0.1)
    assert rate.high is not None
    assert rate.high < 0.15


def test_segments_under_a_profiler_are_left_out() -> None:
    segments = served(1, count=6)
    assert undisturbed(segments, None) == segments
    assert [s.number for s in undisturbed(segments, 3)] == [0, 1, 2, 3]


def cpu_samples(
    target_ms: float, load_ms: float, count: int = 30, offset: float = 0.3
) -> tuple[Usage, list[dict[str, Any]]]:
    """CPU time by second of requests that are reported a little later than it is read."""
    generator = random.Random(3)
    requests = [generator.randrange(400, 600) for _ in range(count + 1)]
    used, samples, rows = 0.0, [], []
    for second in range(count):
        part = (1 - offset) * requests[second] + offset * requests[second + 1]
        used += part
        for pid, role, each in ((1, "target", target_ms), (2, "load", load_ms)):
            samples.append(
                ProcessSample(
                    second=second,
                    pid=pid,
                    role=role,  # type: ignore[arg-type]  # the test's literals
                    rss=0,
                    cpu_seconds=used * each / 1000,
                    threads=1,
                    descriptors=1,
                    waited_seconds=used * 0.01 / 1000,
                )
            )
        rows.append({"second": second, "requests": requests[second]})
    return sum_samples(samples), rows


def test_cpu_time_per_request_of_target_and_load() -> None:
    usage, rows = cpu_samples(0.5, 0.2)
    found = measured(
        served(1), checkpoints=taken(growing(pause=0.0), count=20), seconds=rows,
        usage=usage,
    )  # fmt: skip
    for name, truth in (("cpu_ms", 0.5), ("load_cpu_ms", 0.2), ("load_wait_ms", 0.01)):
        assert holds(found[name], truth)
        high = found[name].high
        assert high is not None
        assert high < 1.1 * truth


def test_what_checkpoints_cost_is_not_the_targets() -> None:
    usage, rows = cpu_samples(0.5, 0.2)
    checkpoints = taken(growing(pause=0.02), count=20)
    found = measured(served(1), checkpoints=checkpoints, seconds=rows, usage=usage)
    assert found["cpu_ms"].value < 0.48


def test_a_run_of_a_few_seconds_tells_no_cpu_time() -> None:
    usage, rows = cpu_samples(0.5, 0.2, count=5)
    found = measured(served(1), checkpoints=taken(growing(), count=4), seconds=rows, usage=usage)
    assert "cpu_ms" not in found
