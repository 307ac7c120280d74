"""Looks after every segment, as a run makes them: how often the first firm verdict is wrong.

benchmarks/growth_simulation.py does the same with more runs and prints the rates.
"""

import simulate
from numpy.random import default_rng

from tsprof.analysis.growth.assess import Series, Shape, assess

RUNS = 4
SEGMENTS = 30


def first_verdict(sample: simulate.Sample) -> str:
    whole = sample.series
    before = ""
    for count in range(8, SEGMENTS + 2):
        part = Series(
            whole.requests[:count],
            whole.seconds[:count],
            whole.values[:count],
            {name: clock[:count] for name, clock in whole.clocks.items()},
        )
        shape = assess(part, resolution=sample.resolution).shape
        leak = shape in (Shape.LEAK, Shape.LEAK_AND_FILLING)
        quiet = shape in (Shape.NONE, Shape.STEP, Shape.FILLED)
        verdict = "leak" if leak else "quiet" if quiet else ""
        if verdict and verdict == before:
            return verdict
        before = verdict
    return ""


def verdicts(families: tuple[simulate.Family, ...]) -> list[tuple[str, str]]:
    found = []
    for number, family in enumerate(families):
        rng = default_rng([2024, number])
        for _ in range(RUNS):
            plan = simulate.Plan(
                segments=SEGMENTS,
                requests=int(rng.choice([1500, 5000])),
                noise=float(rng.choice([0.0, 300.0, 5000.0])),
                rate=float(rng.choice([20.0, 100.0, 600.0])),
            )
            found.append((family.__name__, first_verdict(family(rng, plan))))
    return found


def test_clean_services_are_not_called_leaky() -> None:
    found = verdicts(simulate.CLEAN + simulate.CLEAN_UNSEEN)
    assert [name for name, verdict in found if verdict == "leak"] == []


def test_services_that_have_warmed_up_pass() -> None:
    found = verdicts((simulate.flat, simulate.flat_uneven, simulate.spikes, simulate.steps))
    assert sum(verdict == "quiet" for _, verdict in found) >= 0.9 * len(found)


def test_leaks_are_found_and_never_pass() -> None:
    found = verdicts(simulate.LEAKY)
    assert [name for name, verdict in found if verdict == "quiet"] == []
    assert sum(verdict == "leak" for _, verdict in found) >= 0.95 * len(found)
