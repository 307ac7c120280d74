"""Soaks of a service whose latency follows its load, for tests and benchmarks of drift."""

from collections.abc import Mapping

import numpy as np

from tsprof.histogram import Histogram
from tsprof.records import Arrivals, Segment

LOADS: Mapping[str, tuple[float, float]] = {
    "steady": (0.0, 0.0),
    "day": (0.0, 1.0),
    "day from noon": (0.25, 1.25),
    "two days": (0.0, 2.0),
    "morning": (-0.25, 0.25),
}
"""Part of the daily cycle, which rises from 0, that a soak lasts, by its name."""
PER_SECOND = 100.0
SWING = 3.0
"""Highest over lowest rate of a day."""
CAPACITY = 300.0
SERVICE_MS = 5.0
USERS = 100
ECHO = 0.4
"""Correlation of noise from segment to segment."""


def soak(
    load: str,
    *,
    drift: float = 0.0,
    segments: int = 60,
    noise: float = 0.02,
    seed: int = 0,
    rate: bool = False,
    minutes: float = 240.0,
) -> list[Segment]:
    """Make a soak.

    Args:
        load: one of ``LOADS``.
        drift: relative rise of latency from its start to its end.
        segments: of equal length.
        noise: of the logarithm of latency, from segment to segment.
        seed: of the noise.
        rate: whether requests came by a schedule, and not by the users' wait times.
        minutes: its length.
    """
    random = np.random.default_rng(seed)
    time = np.arange(segments) / (segments - 1)
    begin, end = LOADS[load]
    day = np.sin(2 * np.pi * (begin + (end - begin) * time)) if end > begin else 0 * time
    rates = PER_SECOND * SWING ** (day / 2) * np.exp(random.normal(0, 0.01, segments))
    wander = np.zeros(segments)
    for index, fresh in enumerate(random.normal(0, noise, segments)):
        before = wander[index - 1] if index else fresh
        wander[index] = ECHO * before + fresh * np.sqrt(1 - ECHO**2)
    latency = SERVICE_MS / (1 - rates / CAPACITY) * (1 + drift * time) * np.exp(wander)
    seconds = 60 * minutes / segments
    return [
        _segment(number, seconds, per_second, ms, rate=rate)
        for number, (per_second, ms) in enumerate(zip(rates, latency, strict=True))
    ]


def _segment(
    number: int, seconds: float, per_second: float, latency_ms: float, *, rate: bool
) -> Segment:
    requests = round(per_second * seconds)
    spread = Histogram()
    for quantile in np.linspace(0.005, 0.995, 100):  # exponential, as of a queue
        spread.record(latency_ms * -np.log1p(-quantile))
    arrivals = Arrivals(sent=requests, unsent=0, late=0, late_without_user=0, most_in_flight=1)
    return Segment(
        number=number,
        seconds=seconds,
        requests=requests,
        failures=0,
        intended=None,
        latency={b: round(count * requests / 100) for b, count in spread.counts.items()},
        latency_max_ms=spread.max_ms,
        users=USERS,
        arrivals=arrivals if rate else None,
    )
