"""Is the verdict right? Every planted fault and clean look-alike of the demo, again and again.

    python benchmarks/verdicts.py --runs 20
    python benchmarks/verdicts.py --only list,lru --runs 3
    python benchmarks/verdicts.py --twin rust
    python benchmarks/verdicts.py --interpreter venv-3.14/bin/python

Prints one row per case: the verdicts, the largest error of the growth against what the fault knows
that it planted over the same requests, whether the ledger named the right owner, and the seconds
from the command's start. Ends with status 1 when a verdict was wrong.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

from tabulate import tabulate
from verdict_parts.twins import FAIL, ROOT, RUST, Case, Twin, build_rust, python_twin

VERDICTS = {0: "pass", 1: "fail", 3: "inconclusive"}
Json = dict[str, Any]


@dataclass
class Tally:
    """What the runs of one case came to."""

    verdicts: list[str] = field(default_factory=list)
    wrong: int = 0
    errors: list[float] = field(default_factory=list)
    owners: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    detectable: list[float] = field(default_factory=list)
    culprit: str = ""


def main() -> int:
    """Run the cases; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1, help="runs per case (default 1)")
    parser.add_argument("--only", default="", help="comma list: names of faults to run")
    parser.add_argument("--twin", choices=("python", "rust"), default="python")
    parser.add_argument(
        "--interpreter", default=sys.executable, help="runs the Python twin (default: this one)"
    )
    options = parser.parse_args()
    twin = RUST if options.twin == "rust" else python_twin(options.interpreter)
    if twin is RUST:
        build_rust()
    chosen = set(options.only.split(",")) if options.only else None
    cases = [c for c in twin.cases if chosen is None or c.name.split(":")[0] in chosen]
    tallies = {case: Tally() for case in cases}
    for number in range(options.runs):  # a round of all cases, so that drift hits all alike
        for case in cases:
            run(twin, case, tallies[case])
            print(f"{number + 1}/{options.runs} {row(case, tallies[case])}", file=sys.stderr)
    print(tabulate([row(c, t) for c, t in tallies.items()], headers="keys", floatfmt=".3g"))
    wrong = sum(tally.wrong for tally in tallies.values())
    print(f"\n{wrong} wrong of {options.runs * len(cases)}")
    return 1 if wrong else 0


def run(twin: Twin, case: Case, tally: Tally) -> None:
    """Check the demo once."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        finished = subprocess.run(
            [
                sys.executable, "-m", "tsprof", "check", "--quiet", "--json", "-",
                "--locustfile", str(ROOT / "locustfile.py"), "--", *twin.command,
            ],
            env=os.environ | {"TRUTHSYNC_FAULTS": case.faults, "TSPROF_HOME": home},
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
    tally.seconds.append(time.monotonic() - began)
    verdict = VERDICTS.get(finished.returncode, f"exit {finished.returncode}")
    tally.verdicts.append(verdict)
    if not finished.stdout:
        tally.wrong += 1
        print(f"WRONG {case.name}: no report: {finished.stderr}", file=sys.stderr)
        return
    report = json.loads(finished.stdout)
    detectable = report["growth"]["detectable_bytes_per_request"]
    if detectable is not None:
        tally.detectable.append(detectable)
    leaks = [f for f in report["findings"] if f["kind"] == "leak"]
    right = verdict in case.right
    if case.right == FAIL:
        found = [f for f in leaks if f["resource"] == case.resource]
        right = right and bool(found)
        if found:
            judge_growth(twin, case, report, found[0], tally)
    if not right:
        tally.wrong += 1
        print(f"WRONG {case.name}: {verdict}: {report['reasons']}", file=sys.stderr)


def judge_growth(twin: Twin, case: Case, report: Json, finding: Json, tally: Tally) -> None:
    """Compare a finding with what was planted over the same requests."""
    growth = report["growth"]
    first, last = growth["from_request"], growth["to_request"]
    if case.resource == "garbage":  # its finding is not of the same requests
        truth = twin.bytes_per_request(case, 0, 1_000_000)
    elif case.resource == "memory" and last > first:
        truth = twin.bytes_per_request(case, first, last)
    else:
        truth = case.rate
    tally.errors.append(measured(case, finding) / truth - 1)
    if case.resource == "memory":
        largest = max(report["ledger"], key=lambda entry: entry["bytes_per_request"])
        tally.owners.append(largest["owner"] == case.owner)
    sites = finding.get("sites") or []
    tally.culprit = f"{sites[0]['function']}:{sites[0]['line']}" if sites else ""


def measured(case: Case, finding: Json) -> float:
    """Return the growth that is the fault's, in its unit per request.

    With the collector off, cycles that the server's own code makes pile up too, and belong to the
    finding: what the fault planted is what its own line allocated.
    """
    if case.resource == "garbage" and finding["sites"]:
        return float(finding["sites"][0]["bytes_per_request"])
    return float(finding["per_request"])


def row(case: Case, tally: Tally) -> dict[str, object]:
    """Return one row of the table."""
    counts = {v: tally.verdicts.count(v) for v in dict.fromkeys(tally.verdicts)}
    worst = max(tally.errors, key=abs, default=None)
    return {
        "case": case.name,
        "verdicts": ", ".join(f"{n} {v}" for v, n in counts.items()),
        "wrong": tally.wrong,
        "worst error": "" if worst is None else f"{worst:+.1%}",
        "owner right": f"{sum(tally.owners)}/{len(tally.owners)}" if tally.owners else "",
        "site": tally.culprit,
        "seconds (most)": max(tally.seconds, default=0.0),
        "detectable (most)": max(tally.detectable, default=None),
    }


if __name__ == "__main__":
    sys.exit(main())
