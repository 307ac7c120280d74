"""How often is a drift of latency called wrongly, and with which slope? Simulated soaks.

    python benchmarks/drift_simulation.py             # about a minute
    python benchmarks/drift_simulation.py --runs 50

A service whose latency follows its load, as a queue's does, soaks for four hours under a load that
is steady, or rises and falls by a factor of 3 as over a day; with and without a drift of 5 %. The
criterion is `p50_drift < 4%`. Ends with status 1 when more than 5 % of the stable soaks are called
degraded, or the mean slope is off by more than 1 %.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from statistics import fmean, stdev

from tabulate import tabulate

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit" / "analysis")]

from soaks import LOADS, soak  # noqa: E402 - found by the line above

from tsprof.analysis.service.stability import judge_stability, load_qualities  # noqa: E402 - same

LIMIT = 0.04
DRIFT = 0.05
MOST_FALSE = 0.05
NEAR = 0.01


def simulate(load: str, drift: float, segments: int, runs: int) -> tuple[Counter[str], list[float]]:
    """Return how soaks were called, and the drifts that were told."""
    calls: Counter[str] = Counter()
    told = []
    for seed in range(runs):
        made = soak(load, drift=drift, segments=segments, seed=seed)
        (latency,) = judge_stability(made, load_qualities(made, {"p50_drift": LIMIT})).criteria
        calls[{True: "stable", False: "degraded", None: "open"}[latency.met]] += 1
        if latency.value is not None:
            told.append(latency.value)
    return calls, told


def main() -> int:
    """Print a table of calls and slopes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    rows, wrong = [], 0
    for segments in (60, 240):
        for load in LOADS:
            for drift in (0.0, DRIFT):
                calls, told = simulate(load, drift, segments, runs)
                mean, spread = (fmean(told), stdev(told)) if len(told) > 1 else (None, None)
                called = map(calls.get, ("degraded", "stable", "open"))
                slopes = ("" if x is None else f"{x:.1%}" for x in (mean, spread))
                rows.append((segments, load, f"{drift:.0%}", *called, *slopes))
                wrong += drift == 0 and calls["degraded"] > MOST_FALSE * runs
                wrong += mean is not None and abs(mean - drift) > NEAR
    headers = ("segments", "load", "drift", "degraded", "stable", "open", "told", "spread")
    print(tabulate(rows, headers))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
