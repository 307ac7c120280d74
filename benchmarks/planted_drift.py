"""Is a drift of latency that was planted found, with its slope, and held to its limit? Real soaks.

    python benchmarks/planted_drift.py                # 7 minutes
    python benchmarks/planted_drift.py --minutes 30

Three soaks at the same time, which take a few hundredths of a processor each, of a service that
sleeps for 200 ms before it answers: by the end of the run for 5 % longer, held to a limit below
that and to one above it, and for as long as ever. Ends with status 1 when one of them is not judged
as it must be, or its slope is off by more than 1 %.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

SLEEP_SECONDS = 0.2
DRIFT = 0.05
NEAR = 0.01
RATE = 50
USERS = 40


class Case(NamedTuple):
    """A soak: what is planted, what it is held to, and whether it must keep that."""

    drift: float
    limit: str
    kept: bool


CASES = (Case(DRIFT, "3%", kept=False), Case(DRIFT, "8%", kept=True), Case(0.0, "3%", kept=True))


def serve(port: int, drift: float, seconds: float) -> None:
    """Answer later and later."""
    began = time.monotonic()

    class Late(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(SLEEP_SECONDS * (1 + drift * (time.monotonic() - began) / seconds))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    ThreadingHTTPServer(("127.0.0.1", port), Late).serve_forever()


def soak(case: Case, minutes: float, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a soak that writes its report into a folder."""
    service = [sys.executable, __file__, "--serve", "{port}", "--drift", str(case.drift)]
    command = [sys.executable, "-m", "tsprof", "endurance", "--minutes", str(minutes)]
    command += ["--url", "/", "--users", str(USERS), "--rate", str(RATE), "--keep-going"]
    command += ["--no-attribute", "--no-hot-paths", "--criterion", f"p50_drift < {case.limit}"]
    command += ["--json", str(folder / "report.json"), "--quiet"]
    command += ["--", *service, "--minutes", str(minutes)]
    environment = os.environ | {"TSPROF_HOME": str(folder)}
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


def main() -> int:
    """Print a table of what was planted and what was told."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=7)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--drift", type=float, default=DRIFT, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.drift, 60 * options.minutes)
    rows, wrong = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(number) for number in range(len(CASES))]
        for folder in folders:
            folder.mkdir()
        soaks = [
            (case, folder, soak(case, options.minutes, folder))
            for case, folder in zip(CASES, folders, strict=True)
        ]
        for case, folder, process in soaks:
            process.wait()
            report = json.loads((folder / "report.json").read_text())
            (told,) = (c for c in report["criteria"] if c["name"] == "p50_drift")
            value = told["value"] if told["value"] is not None else float("nan")
            good = told["met"] is case.kept and abs(value - case.drift) <= NEAR
            wrong += not good
            met = {True: "met", False: "missed", None: "uncertain"}[told["met"]]
            rows.append(
                (f"{case.drift:.0%}", case.limit, f"{value:.2%}", met, report["reasons"][0])
            )
    print(tabulate(rows, ("planted", "limit", "told", "limit is", "the run")))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
