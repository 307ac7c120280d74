"""Is the culprit named? Leaks whose line and holder are known, in services of many kinds.

    python benchmarks/attribution.py
    python benchmarks/attribution.py --only sessions,history
    python benchmarks/attribution.py --without-naive

Prints one row per service: whether the line to mend is the first that the finding names, whether
what holds the memory is named, the part of the growth that the lines explain, and the seconds to
the verdict. Beside it stands the naive recipe on the same service with as many requests: ``memray
run``, then what was never freed by size; its site is the innermost function of the application.
Services without a leak must name no line. Ends with status 1 when anything is wrong.
"""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attribution_parts.cases import CASES, ROOT, SERVICES, Case, Cause
from attribution_parts.naive import Ranking, rank_unfreed
from tabulate import tabulate

USERS = 10
EXPLAINED = 0.9
"""Part of the growth that the lines must explain."""
Json = dict[str, Any]


class CannotRunError(Exception):
    """This machine lacks what a case needs; the message says what."""


@dataclass(frozen=True)
class Outcome:
    """What tsprof says of a service."""

    verdict: str
    findings: list[Json]
    first: bool
    held: bool
    explained: float
    seconds: float
    requests: int

    def is_right(self, case: Case) -> bool:
        """Tell whether it is what the case knows."""
        if not case.causes:
            return not self.findings
        whole = self.explained >= EXPLAINED and len(self.findings) == len(case.causes)
        return self.first and self.held and whole


def main() -> int:
    """Run the cases; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="comma list: cases to run, or their beginnings")
    parser.add_argument("--without-naive", action="store_true", help="do not run memray")
    parser.add_argument("--reports", type=Path, help="folder to leave the JSON reports in")
    options = parser.parse_args()
    chosen = tuple(options.only.split(","))
    rows, wrong = [], 0
    for case in CASES:
        if options.only and not case.name.startswith(chosen):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            try:
                environment = dict(case.environment) | compiled(case, Path(scratch))
            except CannotRunError as reason:
                print(f"skipped {case.name}: {reason}", file=sys.stderr)
                continue
            report, seconds = check(case, environment, Path(scratch))
            if options.reports:
                options.reports.mkdir(parents=True, exist_ok=True)
                name = case.name.replace(":", "-")
                (options.reports / f"{name}.json").write_text(json.dumps(report, indent=1))
            outcome = judge(case, report, seconds)
            naive = None
            if case.causes and not options.without_naive:
                naive = rank_unfreed(case, max(outcome.requests, 1000), USERS, environment)
        rows.append(row(case, outcome, naive))
        if not outcome.is_right(case):
            wrong += 1
            told = [finding["title"] for finding in outcome.findings]
            print(f"WRONG {case.name}: {outcome.verdict}: {told}", file=sys.stderr)
        print(tabulate([rows[-1]], headers="keys"), file=sys.stderr)
    print(tabulate(rows, headers="keys"))
    print(f"\n{wrong} wrong of {len(rows)}")
    return 1 if wrong else 0


def compiled(case: Case, scratch: Path) -> dict[str, str]:
    """Compile the C module that a case needs; return the environment that finds it.

    Raises:
        CannotRunError: There is no compiler, or it fails.
    """
    if not case.compiles:
        return {}
    include = sysconfig.get_path("include")
    library = scratch / f"{case.compiles}{sysconfig.get_config_var('EXT_SUFFIX')}"
    source = SERVICES / f"{case.compiles}.c"
    command: list[str | Path]
    command = ["cc", "-shared", "-fPIC", "-g", "-O1", f"-I{include}", source, "-o", library]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotRunError("there is no C compiler (cc)") from None
    except subprocess.CalledProcessError as error:
        raise CannotRunError(f"cc failed: {error.stderr[:300]}") from error
    return {"PYTHONPATH": str(scratch)}


def check(case: Case, environment: dict[str, str], scratch: Path) -> tuple[Json, float]:
    """Let tsprof check a service; return its report and the seconds that it took."""
    began = time.monotonic()
    finished = subprocess.run(
        [
            sys.executable, "-m", "tsprof", "check", "--quiet", "--json", "-",
            "--users", str(USERS), "--locustfile", str(case.load), "--", *case.command,
        ],
        env=os.environ | environment | {"TSPROF_HOME": str(scratch / "runs")},
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if not finished.stdout:
        raise SystemExit(f"{case.name}: no report: {finished.stderr}")
    return json.loads(finished.stdout), time.monotonic() - began


def judge(case: Case, report: Json, seconds: float) -> Outcome:
    """Compare what tsprof says with what the case knows."""
    found = [
        finding
        for finding in report["findings"]
        if finding["kind"] == "leak" and finding["resource"] == case.resource
    ]
    named = [finding_of(cause, found) for cause in case.causes]
    sites = [site for finding in found for site in finding["sites"]]
    growth = sum(finding["per_request"] for finding in found)
    return Outcome(
        verdict=report["verdict"],
        findings=found,
        first=all(named),
        held=all(
            finding is not None and is_held(cause, finding)
            for cause, finding in zip(case.causes, named, strict=True)
        ),
        explained=sum(s["bytes_per_request"] for s in sites) / growth if growth > 0 else 0.0,
        seconds=seconds,
        requests=report["requests"],
    )


def finding_of(cause: Cause, findings: list[Json]) -> Json | None:
    """Return the finding whose first site is the cause's; of several that with its holder."""
    matching = [finding for finding in findings if is_first(cause, finding)]
    held = [finding for finding in matching if is_held(cause, finding)]
    return next(iter(held or matching), None)


def is_first(cause: Cause, finding: Json) -> bool:
    """Tell whether the first site of a finding is the cause's."""
    for site in finding["sites"][:1]:
        function = site["function"].rpartition(".")[2]
        return function in cause.functions and Path(site["file"]).name == cause.file
    return False


def is_held(cause: Cause, finding: Json) -> bool:
    """Tell whether a finding names what holds the memory, or nothing where nothing does."""
    if not cause.holder:
        return not finding["holders"]
    return any(cause.holder in holder["path"] for holder in finding["holders"][:1])


def row(case: Case, outcome: Outcome, naive: Ranking | None) -> dict[str, object]:
    """Return one row of the table."""
    known = bool(case.causes)
    return {
        "service": case.name,
        "verdict": outcome.verdict,
        "right": answer(yes=outcome.is_right(case)),
        "findings": f"{len(outcome.findings)} of {len(case.causes)}",
        "site first": answer(yes=outcome.first) if known else "",
        "holder": answer(yes=outcome.held) if known else "",
        "explained": f"{outcome.explained:.0%}" if known else "",
        "seconds": f"{outcome.seconds:.0f}",
        "naive: site first": answer(yes=ranks(case, naive) == {1}) if naive else "",
        "naive: rank": ", ".join(str(rank or "-") for rank in sorted_ranks(case, naive)),
        "naive: seconds": f"{naive.seconds:.0f}" if naive else "",
    }


def answer(*, yes: bool) -> str:
    """Return a truth value as the table writes it."""
    return "yes" if yes else "NO"


def sorted_ranks(case: Case, naive: Ranking | None) -> list[int | None]:
    """Return the place of each cause in the naive ranking; None where it is not in it."""
    if naive is None:
        return []
    return [naive.rank(cause.functions, cause.file) for cause in case.causes]


def ranks(case: Case, naive: Ranking) -> set[int | None]:
    """Return the places beyond those that other causes of the same service take, each from 1."""
    places = sorted(rank or 10**6 for rank in sorted_ranks(case, naive))
    return {place - before for before, place in enumerate(places)}


if __name__ == "__main__":
    sys.exit(main())
