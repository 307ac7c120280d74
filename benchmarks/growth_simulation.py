"""How often is growth judged wrongly, and how soon rightly? Families of simulated counters.

    python benchmarks/growth_simulation.py            # about 90 seconds
    python benchmarks/growth_simulation.py --quick    # about 15 seconds
    python benchmarks/growth_simulation.py --runs 200 --only constant,saturating

Each run is looked at after every segment and ends with the first verdict that two looks in a row
agree on, or with a later one where a leak ends in a jump. The last line of each group is the mean
over its families; ends with status 1 when the targets of MATH.md are missed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit" / "analysis")]

import simulate  # noqa: E402 - found by the line above

from tsprof.analysis.growth.assess import Assessment, Series, Shape, assess  # noqa: E402 - same
from tsprof.supervisor.measure import MOST_SURE_LOOKS, SURE_LOOKS  # noqa: E402 - same

LEAKS = (Shape.LEAK, Shape.LEAK_AND_FILLING)
QUIET = (Shape.NONE, Shape.STEP, Shape.FILLED)
GROUPS = {
    "clean": simulate.CLEAN,
    "clean, not tuned on": simulate.CLEAN_UNSEEN,
    "clean, straight for a time": simulate.CLEAN_STRAIGHT,
    "leaks": simulate.LEAKY,
    "leaks in rare events": simulate.LEAKY_RARE,
    "leaks, not tuned on": simulate.LEAKY_UNSEEN,
}


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Attributes:
        verdict: "leak", "quiet" or "" where 40 segments did not decide.
        segments: segments that were needed.
        after: the same, less those of the warm-up.
        error: relative error of the rate; nan where nothing leaked.
        seen: whether a leak of the `detectable` size would have kept a quiet verdict away.
    """

    verdict: str
    segments: int
    after: int
    error: float
    seen: float


def cut(series: Series, checkpoints: int) -> Series:
    """Return the first checkpoints of a series."""
    return Series(
        series.requests[:checkpoints],
        series.seconds[:checkpoints],
        series.values[:checkpoints],
        {name: clock[:checkpoints] for name, clock in series.clocks.items()},
    )


def decide(sample: simulate.Sample) -> tuple[str, int, Assessment]:
    """Look after each segment until two looks agree."""
    before, agreed = "", 0
    last = len(sample.series.values)
    for checkpoints in range(7, last + 1):
        found = assess(cut(sample.series, checkpoints), resolution=sample.resolution)
        verdict = "leak" if found.shape in LEAKS else "quiet" if found.shape in QUIET else ""
        agreed = agreed + 1 if verdict and verdict == before else 1
        jumped = verdict == "leak" and found.ends_in_jump
        if verdict and agreed >= (MOST_SURE_LOOKS if jumped else SURE_LOOKS):
            return verdict, checkpoints - 1, found
        before = verdict
    return "", last - 1, found


def run(family: simulate.Family, rng: np.random.Generator, segments: int) -> Outcome:
    """Simulate a run with random traffic, noise and size, and judge it."""
    plan = simulate.Plan(
        segments=segments,
        requests=int(rng.choice([1500, 5000, 20000])),
        noise=float(rng.choice([0.0, 300.0, 5000.0])),
        rate=float(rng.choice([20.0, 100.0, 600.0, 2000.0])),
    )
    sample = family(rng, plan)
    verdict, used, found = decide(sample)
    error = seen = np.nan
    x = sample.series.requests
    if sample.leak[-1] and verdict == "leak":
        span = x[found.last] - x[found.first]
        true = (sample.leak[found.last] - sample.leak[found.first]) / span
        error = abs(found.rate.value / true - 1) if true else np.inf
    if verdict == "quiet" and found.detectable is not None:
        part = cut(sample.series, used + 1)
        added = found.detectable * np.asarray(part.requests)
        leaky = replace(part, values=tuple((np.asarray(part.values) + added).tolist()))
        seen = float(assess(leaky, resolution=sample.resolution).shape not in QUIET)
    return Outcome(verdict, used, max(used - sample.warm, 1), error, seen)


def row(name: str, outcomes: Sequence[Outcome], *, leaky: bool) -> list[object]:
    """Summarise the runs of one family."""
    of = {verdict: [o for o in outcomes if o.verdict == verdict] for verdict in ("leak", "quiet")}
    share = {verdict: len(found) / len(outcomes) for verdict, found in of.items()}
    right = of["leak" if leaky else "quiet"]
    errors = [o.error for o in of["leak"] if np.isfinite(o.error)]
    return [
        name,
        len(outcomes),
        share["leak"],
        share["quiet"],
        1 - share["leak"] - share["quiet"],
        sum(o.after <= 25 for o in right) / len(outcomes),
        np.median([o.segments for o in right]) if right else None,
        np.median([o.after for o in right]) if right else None,
        np.median(errors) if errors else None,
        np.quantile(errors, 0.9) if errors else None,
        np.mean([o.seen for o in of["quiet"]]) if of["quiet"] and not leaky else None,
    ]


HEADERS = [
    "family",
    "runs",
    "LEAK",
    "quiet",
    "open",
    "right in 25",
    "segments",
    "after warm-up",
    "rate error",
    "p90",
    "seen",
]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10, help="runs per family")
    parser.add_argument("--quick", action="store_true", help="two runs per family")
    parser.add_argument("--only", default="", help="families, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--segments", type=int, default=40)
    options = parser.parse_args()
    runs = 2 if options.quick else options.runs
    only = {name for name in options.only.split(",") if name}
    started = time.process_time()
    rows: list[list[object]] = []
    wrong = 0
    for group, families in GROUPS.items():
        leaky = group.startswith("leaks")
        every: list[Outcome] = []
        for number, family in enumerate(families):
            name = family.__name__
            if only and name not in only:
                continue
            rng = np.random.default_rng([options.seed, number, len(group)])
            outcomes = [run(family, rng, options.segments) for _ in range(runs)]
            rows.append(row(name, outcomes, leaky=leaky))
            every += outcomes
        if every:
            rows.append(row(f"= {group}", every, leaky=leaky))
            false = sum(o.verdict == ("quiet" if leaky else "leak") for o in every) / len(every)
            wrong += not group.endswith("time") and false > 0.02
    print(tabulate(rows, headers=HEADERS, floatfmt=".3f"))
    print(f"{time.process_time() - started:.0f} s of CPU")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
