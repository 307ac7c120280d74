"""Counters of simulated services: what grows innocently, and what leaks.

Every family is a function of a random generator and a :class:`Plan`; it returns the checkpoints
and the truth behind them. Memory is in bytes, rounded to the allocator's 16.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tsprof.analysis.growth.assess import Series

Floats = NDArray[np.float64]
MEBIBYTE = 2.0**20


@dataclass(frozen=True)
class Plan:
    """The run that is simulated.

    Attributes:
        segments: increments after the first checkpoint.
        requests: mean requests per segment.
        noise: standard deviation of a reading, bytes.
        rate: what a leak grows by, or a cache at first, in bytes per request.
    """

    segments: int
    requests: int
    noise: float
    rate: float


@dataclass(frozen=True)
class Sample:
    """A simulated run.

    Attributes:
        series: the checkpoints.
        leak: cumulative bytes leaked for good at each checkpoint; zeros where nothing leaks.
        warm: segments after which innocent growth is below a quarter of the leak.
        resolution: quantum of the counter.
    """

    series: Series
    leak: Floats
    warm: int
    resolution: float = 16.0


@dataclass(frozen=True)
class Load:
    """Cumulative requests, seconds and other counters at the checkpoints."""

    requests: Floats
    seconds: Floats
    clocks: Mapping[str, Floats] = field(default_factory=dict)


def even_load(rng: np.random.Generator, plan: Plan) -> Load:
    """Segments of a counted number of requests, at a throughput that wavers by 5 %."""
    requests = np.arange(plan.segments + 1, dtype=np.float64) * plan.requests
    seconds = np.cumsum(np.r_[0.0, rng.normal(1.2, 0.06, plan.segments).clip(0.8)])
    return Load(requests, seconds)


def uneven_load(rng: np.random.Generator, plan: Plan) -> Load:
    """Segments whose number of requests and throughput vary widely."""
    steps = np.r_[0, rng.integers(plan.requests // 3, 2 * plan.requests, plan.segments)]
    requests = np.cumsum(steps).astype(np.float64)
    seconds = np.cumsum(np.r_[0.0, rng.uniform(0.8, 2.0, plan.segments)])
    return Load(requests, seconds)


def warm_up(rng: np.random.Generator, plan: Plan, load: Load) -> Floats:
    """Imports, buffers, first caches: decays within 0.3 to 4 segments."""
    tau = rng.uniform(0.3, 4.0) * plan.requests
    size = np.exp(rng.uniform(np.log(2e4), np.log(2e7)))
    grown: Floats = size * (1 - np.exp(-load.requests / tau))
    return grown


def grains(rng: np.random.Generator, path: Floats, size: float) -> Floats:
    """The same growth in whole entries of `size` bytes, which arrive at random."""
    steps = np.diff(path).clip(0.0) / size
    grown: Floats = np.r_[0.0, np.cumsum(rng.poisson(steps))] * size
    return grown


def read(
    rng: np.random.Generator,
    plan: Plan,
    load: Load,
    path: Floats,
    leak: Floats | None = None,
    *,
    correlation: float = 0.0,
) -> Sample:
    """Read the counter at each checkpoint, with noise, rounded to 16 bytes."""
    noise = rng.normal(0.0, 1.0, len(path))
    for index in range(1, len(path)):
        noise[index] = correlation * noise[index - 1] + noise[index] * np.sqrt(1 - correlation**2)
    leaked = np.zeros(len(path)) if leak is None else leak
    total = 60 * MEBIBYTE + path + leaked + plan.noise * noise
    series = Series(
        requests=tuple(int(value) for value in load.requests),
        seconds=tuple(load.seconds.tolist()),
        values=tuple((np.round(total / 16) * 16).tolist()),
        clocks={name: tuple(clock.tolist()) for name, clock in load.clocks.items()},
    )
    return Sample(series, leaked, _warm(path, leaked))


def _warm(path: Floats, leaked: Floats) -> int:
    busy = np.diff(path) > 0.25 * leaked[-1] / len(leaked)
    return int(np.flatnonzero(busy)[-1]) + 1 if leaked[-1] and busy.any() else 0


def _amplitude(plan: Plan, tau: float) -> float:
    """Final size of a cache that at first grows by the plan's rate."""
    return plan.rate * tau


def _span(plan: Plan) -> float:
    return float(plan.segments * plan.requests)


def _entry(rng: np.random.Generator, plan: Plan) -> float:
    """Size of a cache entry: at first 3 to 100 % of the requests miss; 100 B or more."""
    share = np.exp(rng.uniform(np.log(0.03), 0.0))
    return float(max(plan.rate / share, min(100.0, plan.rate / 0.03)))


def _cached(rng: np.random.Generator, plan: Plan, fill: Callable[[Floats], Floats]) -> Sample:
    load = even_load(rng, plan)
    path = fill(load.requests)
    path = grains(rng, path - path[0], _entry(rng, plan))
    return read(rng, plan, load, path + warm_up(rng, plan, load))


# --- innocent -----------------------------------------------------------------------------------


def flat(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    return read(rng, plan, load, warm_up(rng, plan, load))


def flat_uneven(rng: np.random.Generator, plan: Plan) -> Sample:
    load = uneven_load(rng, plan)
    return read(rng, plan, load, warm_up(rng, plan, load))


def flat_correlated(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    path = warm_up(rng, plan, load)
    return read(rng, plan, load, path, correlation=rng.uniform(0.3, 0.8))


def thread_caches(rng: np.random.Generator, plan: Plan) -> Sample:
    """glibc's tcache and fastbins: 3 bytes per request that decay over 20 segments."""
    load = even_load(rng, plan)
    k = rng.uniform(3, 8) * plan.requests
    path = rng.uniform(1.5, 4.0) * k * np.log1p(load.requests / k)
    return read(rng, plan, load, path + warm_up(rng, plan, load))


def saturating(rng: np.random.Generator, plan: Plan) -> Sample:
    tau = rng.uniform(0.05, 1.0) * _span(plan)
    return _cached(rng, plan, lambda x: _amplitude(plan, tau) * (1 - np.exp(-x / tau)))


def logarithmic(rng: np.random.Generator, plan: Plan) -> Sample:
    k = rng.uniform(0.02, 0.5) * _span(plan)
    return _cached(rng, plan, lambda x: _amplitude(plan, k) * np.log1p(x / k))


def hyperbolic(rng: np.random.Generator, plan: Plan) -> Sample:
    k = rng.uniform(0.05, 1.0) * _span(plan)
    return _cached(rng, plan, lambda x: _amplitude(plan, k) * x / (x + k))


def logistic(rng: np.random.Generator, plan: Plan) -> Sample:
    middle = rng.uniform(0.1, 0.5) * _span(plan)
    scale = rng.uniform(0.2, 0.4) * middle
    return _cached(
        rng, plan, lambda x: _amplitude(plan, 4 * scale) / (1 + np.exp((middle - x) / scale))
    )


def steps(rng: np.random.Generator, plan: Plan) -> Sample:
    """Lazy imports, thread pools: one to three jumps, each once."""
    load = even_load(rng, plan)
    path = warm_up(rng, plan, load)
    for _ in range(rng.integers(1, 4)):
        size = np.exp(rng.uniform(np.log(5e4), np.log(5e7)))
        path = path + size * (load.requests > rng.uniform(0, 1) * _span(plan))
    return read(rng, plan, load, path)


def _held(rng: np.random.Generator, plan: Plan) -> Floats:
    period, phase = rng.integers(4, 12), rng.integers(0, 12)
    held = (np.arange(plan.segments + 1) + phase) % period < rng.integers(1, 1 + period // 3)
    return 50.0 * MEBIBYTE * held.astype(np.float64)


def spikes(rng: np.random.Generator, plan: Plan) -> Sample:
    """A periodic job that holds 50 MB at some checkpoints."""
    load = even_load(rng, plan)
    return read(rng, plan, load, warm_up(rng, plan, load) + _held(rng, plan))


def filled_early(rng: np.random.Generator, plan: Plan) -> Sample:
    """A bounded cache that is full within the first fifth."""
    bound = rng.uniform(0.02, 0.2) * _span(plan)
    return _cached(rng, plan, lambda x: plan.rate * np.minimum(x, bound))


# --- innocent, not used to choose any constant ----------------------------------------------------


def zipf(rng: np.random.Generator, plan: Plan) -> Sample:
    """Distinct keys of a closed set with Zipf popularity, 60 to 99 % of it seen at the end."""
    weights = np.arange(1, 4001) ** -rng.uniform(0.7, 1.1)
    weights /= weights.sum()
    share, low, high = rng.uniform(0.6, 0.99), 1.0, 1e9
    for _ in range(60):
        draws = np.sqrt(low * high)
        seen = np.mean(1 - np.exp(-weights * draws))
        low, high = (draws, high) if seen < share else (low, draws)
    first = (1 - np.exp(-weights * draws / plan.segments)).sum()
    size = plan.rate * plan.requests / first
    load = even_load(rng, plan)
    x = load.requests / _span(plan) * draws
    path = grains(rng, (1 - np.exp(-np.outer(x, weights))).sum(axis=1), 1.0) * size
    return read(rng, plan, load, path + warm_up(rng, plan, load))


def two_speed(rng: np.random.Generator, plan: Plan) -> Sample:
    fast, slow = rng.uniform(0.02, 0.1) * _span(plan), rng.uniform(0.3, 1.0) * _span(plan)
    share = rng.uniform(0.2, 0.8)
    return _cached(
        rng,
        plan,
        lambda x: (
            plan.rate
            * (
                share * fast * (1 - np.exp(-x / fast)) * 5
                + (1 - share) * slow * (1 - np.exp(-x / slow))
            )
        ),
    )


def stretched(rng: np.random.Generator, plan: Plan) -> Sample:
    """A stretched exponential: 1 - exp(-(x/tau)^0.6)."""
    tau = rng.uniform(0.1, 0.8) * _span(plan)
    return _cached(rng, plan, lambda x: _amplitude(plan, tau) * (1 - np.exp(-((x / tau) ** 0.6))))


def gompertz(rng: np.random.Generator, plan: Plan) -> Sample:
    scale = rng.uniform(0.06, 0.25) * _span(plan)
    return _cached(
        rng, plan, lambda x: _amplitude(plan, 2.7 * scale) * np.exp(-3.5 * np.exp(-x / scale))
    )


def square_root(rng: np.random.Generator, plan: Plan) -> Sample:
    """Heaps' law with exponent 0.5: ever slower, without a bound."""
    k = rng.uniform(0.02, 0.1) * _span(plan)
    return _cached(rng, plan, lambda x: _amplitude(plan, k) * (np.sqrt(1 + x / k) - 1))


def staggered(rng: np.random.Generator, plan: Plan) -> Sample:
    """25 bounded caches of different sizes, full at different times."""
    bounds = np.exp(rng.uniform(np.log(0.02), np.log(1.0), 25)) * _span(plan)
    shares = rng.dirichlet(np.ones(25))
    return _cached(
        rng, plan, lambda x: plan.rate * (np.minimum.outer(x, bounds) * shares).sum(axis=1)
    )


def refilled(rng: np.random.Generator, plan: Plan) -> Sample:
    """A cache that is flushed once and fills again."""
    tau, flush = rng.uniform(0.05, 0.2) * _span(plan), rng.uniform(0.2, 0.6) * _span(plan)
    load = even_load(rng, plan)
    since = np.where(load.requests < flush, load.requests, load.requests - flush)
    return read(
        rng,
        plan,
        load,
        warm_up(rng, plan, load) + _amplitude(plan, tau) * (1 - np.exp(-since / tau)),
    )


def sawtooth(rng: np.random.Generator, plan: Plan) -> Sample:
    """A buffer that is flushed when it is full."""
    load = even_load(rng, plan)
    period = rng.uniform(1.5, 6) * plan.requests
    path = plan.rate * ((load.requests + rng.uniform(0, period)) % period)
    return read(rng, plan, load, path + warm_up(rng, plan, load))


def wandering(rng: np.random.Generator, plan: Plan) -> Sample:
    """Work in progress that comes and goes: strongly correlated noise of twice the size."""
    load = even_load(rng, plan)
    path = warm_up(rng, plan, load)
    return read(rng, plan, load, path + plan.noise * _ar(rng, plan, 0.9))


def _ar(rng: np.random.Generator, plan: Plan, correlation: float) -> Floats:
    noise = rng.normal(0.0, 1.0, plan.segments + 1)
    for index in range(1, len(noise)):
        noise[index] = correlation * noise[index - 1] + noise[index] * np.sqrt(1 - correlation**2)
    return noise


def chunky(rng: np.random.Generator, plan: Plan) -> Sample:
    """A cache of few, large entries: 10 to 40 in all, tau 0.1 to 0.5 of the run."""
    tau, entries = rng.uniform(0.1, 0.5) * _span(plan), rng.integers(10, 40)
    load = even_load(rng, plan)
    path = grains(rng, entries * (1 - np.exp(-load.requests / tau)), 1.0) * 60e3
    return read(rng, plan, load, path + warm_up(rng, plan, load))


# --- leaks ----------------------------------------------------------------------------------------


def constant(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    return read(rng, plan, load, warm_up(rng, plan, load), plan.rate * load.requests)


def one_in_ten(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    hits = np.r_[0, np.cumsum(rng.binomial(plan.requests, 0.1, plan.segments))]
    return read(rng, plan, load, warm_up(rng, plan, load), 10 * plan.rate * hits)


def rare(rng: np.random.Generator, plan: Plan) -> Sample:
    """60 kB on about 1.5 requests of each segment."""
    load = even_load(rng, plan)
    hits = np.r_[0, np.cumsum(rng.poisson(1.5, plan.segments))]
    return read(rng, plan, load, warm_up(rng, plan, load), 60e3 * hits)


def on_errors(rng: np.random.Generator, plan: Plan) -> Sample:
    """Each error leaks; errors come at a share that changes from segment to segment."""
    load = even_load(rng, plan)
    share = rng.uniform(0.005, 0.1, plan.segments)
    errors = np.r_[0, np.cumsum(rng.binomial(plan.requests, share))].astype(float)
    load = Load(load.requests, load.seconds, {"errors": errors})
    return read(rng, plan, load, warm_up(rng, plan, load), 20 * plan.rate * errors)


def on_endpoint(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    hits = np.r_[0, np.cumsum(rng.binomial(plan.requests, 0.05, plan.segments))].astype(float)
    load = Load(load.requests, load.seconds, {"GET /a": load.requests - hits, "GET /b": hits})
    return read(rng, plan, load, warm_up(rng, plan, load), 20 * plan.rate * hits)


def timer(rng: np.random.Generator, plan: Plan) -> Sample:
    """A leak per second under an uneven load."""
    load = uneven_load(rng, plan)
    leak = plan.rate * _span(plan) * load.seconds / load.seconds[-1]
    return read(rng, plan, load, warm_up(rng, plan, load), leak)


def into_dict(rng: np.random.Generator, plan: Plan) -> Sample:
    """One entry per request into a dict: payload, and a table that doubles at 2/3 full."""
    load = even_load(rng, plan)
    per_entry = min(1.0, plan.rate / 60)
    entries = load.requests * per_entry
    table = 2.0 ** np.ceil(np.log2(np.maximum(entries * 1.5, 8)))
    leak = max(32.0, plan.rate - 60) * entries + table * 20
    return read(rng, plan, load, warm_up(rng, plan, load), leak - leak[0])


def into_list(rng: np.random.Generator, plan: Plan) -> Sample:
    """One entry per request into a list that over-allocates by an eighth."""
    load = even_load(rng, plan)
    capacity = 1.125 ** np.ceil(np.log(np.maximum(load.requests, 8)) / np.log(1.125))
    leak = (plan.rate - 9) * load.requests + 8 * capacity
    return read(rng, plan, load, warm_up(rng, plan, load), leak - leak[0])


def with_filling(rng: np.random.Generator, plan: Plan) -> Sample:
    """A leak under a cache that fills at up to three times its rate."""
    load = even_load(rng, plan)
    tau = rng.uniform(0.05, 0.2) * _span(plan)
    cache = plan.rate * rng.uniform(0.5, 3) * tau * (1 - np.exp(-load.requests / tau))
    path = grains(rng, cache, _entry(rng, plan)) + warm_up(rng, plan, load)
    return read(rng, plan, load, path, plan.rate * load.requests)


def with_steps(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    path = warm_up(rng, plan, load)
    for _ in range(rng.integers(1, 3)):
        size = np.exp(rng.uniform(np.log(5e4), np.log(5e6)))
        path = path + size * (load.requests > rng.uniform(0, 1) * _span(plan))
    return read(rng, plan, load, path, plan.rate * load.requests)


def with_spikes(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    path = warm_up(rng, plan, load) + _held(rng, plan)
    return read(rng, plan, load, path, plan.rate * load.requests)


def late(rng: np.random.Generator, plan: Plan) -> Sample:
    """Nothing for the first 5 to 20 %, then a leak."""
    load = even_load(rng, plan)
    onset = rng.uniform(0.05, 0.2) * _span(plan)
    leak = plan.rate * np.maximum(load.requests - onset, 0)
    return read(rng, plan, load, warm_up(rng, plan, load), leak)


def of_worker(rng: np.random.Generator, plan: Plan) -> Sample:
    """One of four workers: its share of the requests is random, only the sum is known."""
    load = even_load(rng, plan)
    served = np.r_[0, np.cumsum(rng.binomial(plan.requests, 0.25, plan.segments))]
    return read(rng, plan, load, warm_up(rng, plan, load), 4 * plan.rate * served)


# --- leaks, not used to choose any constant -------------------------------------------------------


def accelerating(rng: np.random.Generator, plan: Plan) -> Sample:
    """The rate doubles over the run: each entry holds a longer history."""
    load = even_load(rng, plan)
    x = load.requests / _span(plan)
    return read(
        rng, plan, load, warm_up(rng, plan, load), plan.rate * _span(plan) * (x + x * x / 2)
    )


def with_zipf(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    k = rng.uniform(0.01, 0.05) * _span(plan)
    path = warm_up(rng, plan, load) + plan.rate * k * np.log1p(load.requests / k)
    return read(rng, plan, load, path, plan.rate * load.requests)


def with_sawtooth(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    period = rng.uniform(1.5, 4) * plan.requests
    path = plan.rate * ((load.requests + rng.uniform(0, period)) % period)
    return read(rng, plan, load, path + warm_up(rng, plan, load), plan.rate * load.requests)


def batch_job(rng: np.random.Generator, plan: Plan) -> Sample:
    """A job that runs every second or third segment and leaks then."""
    load = even_load(rng, plan)
    every = rng.integers(2, 4)
    runs = (np.arange(plan.segments + 1) + rng.integers(0, 3)) // every
    leak = plan.rate * plan.requests * every * (runs - runs[0])
    return read(rng, plan, load, warm_up(rng, plan, load), leak)


def uneven(rng: np.random.Generator, plan: Plan) -> Sample:
    load = uneven_load(rng, plan)
    return read(rng, plan, load, warm_up(rng, plan, load), plan.rate * load.requests)


def into_table(rng: np.random.Generator, plan: Plan) -> Sample:
    """One entry per request into a table that doubles, which is up to nine tenths of the leak."""
    load = even_load(rng, plan)
    calibration = rng.integers(plan.requests // 5, 4 * plan.requests)
    load = replace(load, requests=load.requests + calibration)
    share = rng.uniform(0.1, 0.9)
    capacity = 2.0 ** np.ceil(np.log2(load.requests / 0.875))
    leak = plan.rate * ((1 - share) * load.requests + share * 0.75 * capacity)
    return read(rng, plan, load, warm_up(rng, plan, load), leak - leak[0])


# --- counts (descriptors, threads, tasks) ---


def _count(load: Load, counts: Floats, leak: Floats) -> Sample:
    series = Series(
        requests=tuple(int(value) for value in load.requests),
        seconds=tuple(load.seconds.tolist()),
        values=tuple((20 + np.floor(counts + leak)).tolist()),
        clocks={},
    )
    return Sample(series, leak, 0, resolution=1.0)


def descriptors_flat(rng: np.random.Generator, plan: Plan) -> Sample:
    load = even_load(rng, plan)
    used = rng.binomial(1, 0.2, plan.segments + 1).astype(np.float64)
    return _count(load, used, np.zeros(plan.segments + 1))


def pool(rng: np.random.Generator, plan: Plan) -> Sample:
    """A pool of 4 to 40 connections or threads that fills on demand."""
    load = even_load(rng, plan)
    size, tau = rng.integers(4, 41), rng.uniform(0.5, 5) * plan.requests
    born = np.sort(rng.exponential(tau, size))
    counts = np.searchsorted(born, load.requests).astype(float)
    return _count(load, counts, np.zeros(plan.segments + 1))


def descriptors_leak(rng: np.random.Generator, plan: Plan) -> Sample:
    """One descriptor for every two segments on average, at random."""
    load = even_load(rng, plan)
    leak = np.r_[0, np.cumsum(rng.poisson(rng.uniform(0.5, 3), plan.segments))].astype(float)
    return _count(load, np.zeros(plan.segments + 1), leak)


def descriptors_regular(rng: np.random.Generator, plan: Plan) -> Sample:
    """One descriptor for every 1.3 to 4 segments, as regular as a clock."""
    load = even_load(rng, plan)
    leak = np.floor(load.requests / (plan.requests * rng.uniform(1.3, 4)) + rng.uniform(0, 1))
    return _count(load, np.zeros(plan.segments + 1), leak - leak[0])


Family = Callable[[np.random.Generator, Plan], Sample]
CLEAN: tuple[Family, ...] = (
    flat,
    flat_uneven,
    flat_correlated,
    thread_caches,
    saturating,
    logarithmic,
    hyperbolic,
    steps,
    spikes,
    filled_early,
    descriptors_flat,
    pool,
)
CLEAN_UNSEEN: tuple[Family, ...] = (zipf, two_speed, stretched, refilled, sawtooth, wandering)
# Growth that is straight for longer than a leak is watched, or in too few grains to bend visibly.
CLEAN_STRAIGHT: tuple[Family, ...] = (logistic, gompertz, square_root, staggered, chunky)
LEAKY: tuple[Family, ...] = (
    constant,
    one_in_ten,
    on_errors,
    on_endpoint,
    timer,
    into_dict,
    into_list,
    with_filling,
    with_steps,
    with_spikes,
    late,
    of_worker,
)
LEAKY_RARE: tuple[Family, ...] = (rare, descriptors_leak, descriptors_regular)
LEAKY_UNSEEN: tuple[Family, ...] = (
    accelerating,
    with_zipf,
    with_sawtooth,
    batch_job,
    uneven,
    into_table,
)
