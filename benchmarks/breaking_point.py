"""Does ``tsprof stress`` find the rate at which a service breaks? wrk searches it by hand, too.

    python benchmarks/breaking_point.py --rounds 3

wrk sends as fast as its connections allow, which is the highest rate that the service can answer;
tsprof climbs to the highest that it sustains on a schedule. Both in turn, on the demo service, and
the median of the ratios; ends with status 1 when it is more than a tenth off.
"""

import argparse
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tabulate import tabulate

SERVICE = Path(__file__).parents[1] / "targets" / "truthsync_py"
PATH = "/health"
TOLERANCE = 0.1


def main() -> int:
    """Run the rounds; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--users", type=int, default=50, help="connections (default 50)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of a climb (default 60)")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("wrk is not installed (Debian: apt-get install wrk)", file=sys.stderr)
        return 2
    rows = []
    for _ in range(options.rounds):
        with serving() as port:
            by_wrk = wrk(port, options.users)
        by_tsprof, gave_way = stress(options.users, options.seconds)
        rows.append((by_wrk, by_tsprof, by_tsprof / by_wrk, gave_way))
        print(f"wrk {by_wrk:,.0f}/s, tsprof {by_tsprof:,.0f}/s", file=sys.stderr)
    columns = ("wrk, requests/s", "tsprof, requests/s", "ratio", "")
    print(tabulate(rows, headers=columns, floatfmt=("10,.0f", "10,.0f", ".3f", "")))
    ratio = statistics.median(row[2] for row in rows)
    print(f"\nmedian ratio {ratio:.3f}")
    return int(abs(ratio - 1) > TOLERANCE)


@contextmanager
def serving() -> Iterator[int]:
    """Run the demo service; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(service(str(port)))
    try:
        deadline = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if time.monotonic() > deadline:
                raise SystemExit("the service did not start")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def service(port: str) -> list[str]:
    """Return the command of the demo service."""
    return [
        *(sys.executable, "-m", "uvicorn", "--app-dir", str(SERVICE), "truthsync.app:app"),
        *("--port", port, "--log-level", "warning"),
    ]


def wrk(port: int, connections: int) -> float:
    """Return the requests per second that wrk reaches."""
    url = f"http://127.0.0.1:{port}{PATH}"
    command = ["wrk", "-t1", f"-c{connections}", "-d8s", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s*([\d.]+)", output)
    if found is None:
        raise SystemExit(f"wrk says nothing of its rate:\n{output}")
    return float(found[1])


def stress(users: int, seconds: float) -> tuple[float, str]:
    """Return the highest rate that ``tsprof stress`` found to be sustained, and what it says."""
    with tempfile.TemporaryDirectory() as home:
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "tsprof", "stress", "--quiet", "--json", "-"),
                *("--url", PATH, "--users", str(users), "--duration", str(seconds)),
                *("--no-attribute", "--", *service("{port}")),
            ],
            env={"PATH": "/usr/bin:/bin", "TSPROF_HOME": home},
            capture_output=True,
            text=True,
            check=False,
        )
    if not finished.stdout:
        raise SystemExit(finished.stderr)
    report = json.loads(finished.stdout)
    sustained = [p["requests_per_second"] for p in report["phases"] if p["sustained"]]
    return max(sustained, default=0.0), " ".join(report["highlights"])[-80:]


if __name__ == "__main__":
    sys.exit(main())
