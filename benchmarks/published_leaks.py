"""Is the verdict right on leaks that were published, beside the release that mended each?

    python benchmarks/published_leaks.py --list
    python benchmarks/published_leaks.py --only multidict_init,hiredis_map --runs 3

Each folder of `published_leaks/` is a case: `app.py`, a small service, and `case.toml`:

    source      URL of the issue or release that tells of the leak
    python      version of the interpreter, such as "3.12"
    packages    what both environments have: the framework, the server
    leaking     what the leaking environment has besides, such as ["multidict==6.3.1"]
    fixed       what the fixed one has besides
    command     how the service starts, found in the environment; {port} is replaced
    urls        what is requested
    resource    memory, fd, thread, task or garbage: what leaks
    culprit     a regular expression that the report's sites or holders should match

Prints one row per environment, and how often the culprit came first. Ends with status 1 when a
leak passed, a fixed version failed, or a check gave no verdict. Environments are made once, in
--venvs; reports and runs stay beside them.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

ROOT = Path(__file__).parents[1]
CASES = Path(__file__).parent / "published_leaks"
VERDICTS = {0: "pass", 1: "fail", 3: "inconclusive"}
WRONG = {"leaking": "pass", "fixed": "fail"}


@dataclass(frozen=True)
class Case:
    """A published leak; the module's docstring explains the fields."""

    name: str
    source: str
    python: str
    packages: list[str]
    leaking: list[str]
    fixed: list[str]
    command: list[str]
    urls: list[str]
    resource: str
    culprit: str


def main() -> int:
    """Run the cases; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="comma list: names of cases to run")
    parser.add_argument("--runs", type=int, default=1, help="runs per version; 0: only install")
    parser.add_argument("--list", action="store_true", help="print the cases and run nothing")
    default = Path(tempfile.gettempdir()) / "published_leaks"
    parser.add_argument("--venvs", type=Path, default=default, help=f"default {default}")
    options = parser.parse_args()
    cases = read_cases()
    if unknown := set(filter(None, options.only.split(","))) - {case.name for case in cases}:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.only:
        cases = [case for case in cases if case.name in options.only.split(",")]
    if options.list:
        print(tabulate([summary(case) for case in cases], headers="keys", disable_numparse=True))
        return 0
    rows = []
    for case in cases:
        for side in WRONG:
            environment(case, side, options.venvs)
            rows += [check(case, side, options.venvs) for _ in range(options.runs)]
    print(tabulate(rows, headers="keys", floatfmt=".3g", maxcolwidths=60))
    print(total(rows))
    return 1 if any(row["wrong"] for row in rows) else 0


def total(rows: list[dict[str, object]]) -> str:
    """Return how often the culprit of a leaking environment was named, and where."""
    places = Counter(row.get("culprit", "not named") for row in rows if row["side"] == "leaking")
    counts = ", ".join(f"{name} {number}" for name, number in places.most_common())
    return f"The culprit of {places.total()} leaking environments: {counts}"


def read_cases() -> list[Case]:
    """Read every case.toml."""
    files = sorted(CASES.glob("*/case.toml"))
    return [Case(name=file.parent.name, **tomllib.loads(file.read_text())) for file in files]


def summary(case: Case) -> dict[str, str]:
    """Return one row of --list."""
    return {
        "case": case.name,
        "python": case.python,
        "leaking": " ".join(case.leaking),
        "fixed": " ".join(case.fixed),
        "resource": case.resource,
        "source": case.source,
    }


def environment(case: Case, side: str, venvs: Path) -> None:
    """Make the virtual environment of one side of a case, when it is not up to date."""
    folder = venvs / f"{case.name}-{side}"
    wanted = "\n".join([*case.packages, *getattr(case, side)])
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing {case.name}, {side} ...", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([interpreter(case.python), "-m", "venv", folder], check=True)
        install: list[str | Path]
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "--prefer-binary", *wanted.split("\n")], check=True)
        stamp.write_text(wanted)


def interpreter(version: str) -> str:
    """Return a Python of that version: pyenv's, or one on the PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    path = str(found[-1]) if found else shutil.which(f"python{version}")
    if path is None:
        sys.exit(f"Python {version} is needed, by pyenv or on the PATH")
    return path


def check(case: Case, side: str, venvs: Path) -> dict[str, object]:
    """Check one side of a case once; return its row of the table."""
    report_file = venvs / f"{case.name}-{side}.json"
    report_file.unlink(missing_ok=True)
    urls = [argument for url in case.urls for argument in ("--url", url)]
    began = time.monotonic()
    finished = subprocess.run(
        [
            sys.executable, "-m", "tsprof", "check", "--quiet", "--json", report_file, *urls, "--",
            venvs / f"{case.name}-{side}" / "bin" / case.command[0], *case.command[1:],
        ],
        env=os.environ | {"TSPROF_HOME": str(venvs / "runs")},
        capture_output=True, text=True, check=False, cwd=CASES / case.name,
    )  # fmt: skip
    row: dict[str, object] = {
        "case": case.name,
        "side": side,
        "verdict": VERDICTS.get(finished.returncode, f"exit {finished.returncode}"),
        "wrong": "",
        "seconds": time.monotonic() - began,
    }
    if report_file.exists():
        row |= read_report(json.loads(report_file.read_text()), case)
    else:
        print(f"{case.name}, {side}: no report: {finished.stderr}", file=sys.stderr)
    if row["verdict"] == WRONG[side] or finished.returncode not in VERDICTS:
        row["wrong"] = "WRONG"
    print(", ".join(f"{key}: {value}" for key, value in row.items()), file=sys.stderr)
    return row


def read_report(report: dict[str, Any], case: Case) -> dict[str, object]:
    """Return what a report says of the leak: its growth, its owner, and the culprits named."""
    findings = [f for f in report["findings"] if f["resource"] == case.resource]
    leaks = [f for f in findings if f["kind"] == "leak"] or findings
    sites = [site for finding in leaks for site in finding["sites"]]
    holders = [holder["path"] for finding in leaks for holder in finding["holders"]]
    named = [f"{short(s['file'])}:{s['line']} {s['function']} {s['through']}" for s in sites]
    named += holders
    ledger = max(report["ledger"], key=lambda row: row["bytes_per_request"], default=None)
    rate = report["growth"]["bytes_per_request"] if case.resource == "memory" else 0.0
    return {
        "per request": leaks[0]["per_request"] if leaks else rate,
        "detectable": report["growth"]["detectable_bytes_per_request"],
        "findings": ", ".join(f"{f['resource']} {f['kind']}" for f in report["findings"]),
        "owner": ledger["owner"] if ledger else "",
        "site": named[0] if sites else "",
        "holder": holders[0] if holders else "",
        "culprit": place(case.culprit, named),
        "reason": report["reasons"][0] if report["reasons"] else "",
    }


def short(file: str) -> str:
    """Return a library's file as it is installed, and the name of any other."""
    return file.rpartition("/site-packages/")[2] if "/site-packages/" in file else Path(file).name


def place(culprit: str, named: list[str]) -> str:
    """Return whether the culprit is the first site or holder, one of the others, or none."""
    places = [number for number, text in enumerate(named) if re.search(culprit, text)]
    return "named first" if 0 in places else "listed" if places else "not named"


if __name__ == "__main__":
    sys.exit(main())
