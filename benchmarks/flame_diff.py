"""Are shares right, are planted changes found, and are unchanged services left alone?

    python benchmarks/flame_diff.py
    python benchmarks/flame_diff.py --runs 21 --changed 10 --times 1.25
    python benchmarks/flame_diff.py --runs 3 --changed 3 --home runs    # adds to what is there

Runs `tsprof flame` on a service whose CPU time is known (`planted_heat.py`): `--runs` times as it
is, each compared with the one before, and in turn with these `--changed` times with its hot
function slower, each compared with one of the others. Printed are by how much the share of the hot
function is off (its time is 40 % of what the application does, and somewhat less of all CPU time,
which the kernel tells), how many of the pairs of unchanged runs show any change, and in how many of
the others the planted one is found, and anything else. `--demo` adds pairs of the demo service.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from planted_heat import HOT, REQUEST_SECONDS
from tabulate import tabulate

from tsprof.analysis.hotspots.difference import hot_changes
from tsprof.analysis.hotspots.hot_paths import side
from tsprof.analysis.hotspots.sides import Sampled
from tsprof.report.model import HotDifference
from tsprof.store.database import RunDatabase
from tsprof.store.runs import DATABASE

ROOT = Path(__file__).parents[1]
PLANTED = (sys.executable, str(Path(__file__).with_name("planted_heat.py")), "{port}")
DEMO = (
    sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "targets/truthsync_py"),
    "truthsync.app:app", "--port", "{port}", "--log-level", "error",
)  # fmt: skip
ALLOWED = {"hot", "serve.<locals>.handle"}
"""What a slower hot function changes: itself, and whatever calls it."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=11, help="of the unchanged service")
    parser.add_argument("--changed", type=int, default=5, help="runs with the planted change")
    parser.add_argument("--times", type=float, default=1.25, help="as long takes the hot function")
    parser.add_argument("--demo", type=int, default=0, help="runs of the demo service")
    parser.add_argument("--seconds", default="120", help="the longest time of a run")
    parser.add_argument("--home", type=Path, help="keeps the runs, and may have some")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        kinds = {
            "plain": (options.runs, (*PLANTED, "1"), ("--url", "/")),
            f"{options.times:g}": (
                options.changed, (*PLANTED, f"{options.times:g}"), ("--url", "/"),
            ),
            "demo": (options.demo, DEMO, ("--locustfile", str(ROOT / "locustfile.py"))),
        }  # fmt: skip
        for number in range(max(wanted for wanted, _, _ in kinds.values())):
            for name, (wanted, command, load) in kinds.items():
                if number < wanted:
                    run(home / name, options.seconds, command, load)
        plain, slower, demo = ([*map(seen, runs(home / name))] for name in kinds)
    for each in plain:
        share, planted = hot(each) / each.samples, HOT * REQUEST_SECONDS / each.cpu_per_request
        off = 100 * (share - planted)
        print(f"hot function: {share:.1%}, planted {planted:.1%}, {off:+.1f} points")
    pairs = {
        "unchanged": list(pairwise(plain)),
        f"hot function {options.times:g} times": list(zip(plain, slower, strict=False)),
        "demo service, unchanged": list(pairwise(demo)),
    }
    rows = []
    for name, compared in pairs.items():
        found = [hot_changes(before, after) for before, after in compared]
        rows.append(
            {
                "pairs": name,
                "number": len(found),
                "hot found": sum("hot" in changed(each) for each in found),
                "others found": sum(bool(changed(each) - ALLOWED) for each in found),
                "any": sum(bool(changed(each)) for each in found),
                "all together": " ".join(f"{100 * each.common:+.0f}" for each in found),
                "would see": " ".join(f"{100 * (each.detectable or 0):.0f}" for each in found),
            }
        )
    print(tabulate(rows, headers="keys"))


def run(home: Path, seconds: str, command: tuple[str, ...], load: tuple[str, ...]) -> None:
    """Run `tsprof flame`."""
    subprocess.run(
        [sys.executable, "-m", "tsprof", "flame", *load, "--users", "4", "--max-time", seconds,
         "--quiet", "--", *command],
        env={**os.environ, "TSPROF_HOME": str(home)}, check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    print(f"{home.name}: {len(runs(home))}", file=sys.stderr)


def runs(home: Path) -> list[Path]:
    """Return the folders of all runs, the first one first."""
    return sorted((home / "runs").glob("*"))


def seen(folder: Path) -> Sampled:
    """Return what a run saw."""
    database = RunDatabase(folder / DATABASE, read_only=True)
    try:
        return side(database.windows())
    finally:
        database.close()


def hot(run: Sampled) -> float:
    """Return the samples in the hot function."""
    return sum(weight for (function, _), weight in run.own.items() if function == "hot")


def changed(difference: HotDifference) -> set[str]:
    """Return the functions that changed."""
    return {change.function for change in difference.changes}


if __name__ == "__main__":
    main()
