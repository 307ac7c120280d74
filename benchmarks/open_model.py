"""Does latency under a rate tell a stall as it is? A planted stall beside its analytic value.

    python benchmarks/open_model.py
    python benchmarks/open_model.py --rounds 5 --busy 2

A server does nothing for the first 0.2 s of every second and answers at once in the rest. Of all
who come at any time, the share 0.2 - x waits for longer than x: the p90 is 100 ms, the p99 190 ms.
Two users send at a rate far below what the server can do. Printed is the median over rounds of each
percentile, counted from when requests were due and from when they were sent (what a closed loop
reports), with its deviation from the analytic value; exits with 1 where that of the first is above
5 %. ``--busy N`` has N processes compete for the machine, and only prints.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tabulate import tabulate

from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadLost, Quiet
from tsprof.load.spec import LoadSpec

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "integration"))

from load_targets.stalling import EVERY_SECONDS, STALL_SECONDS, StallingServer

PERCENTILES = (90, 95, 99)
RATE = 61.618
"""No whole number, so that requests meet the stalls at different moments."""
SECONDS = 10
TOLERANCE = 0.05
PATIENCE = 60.0


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, default=0, metavar="N")
    options = parser.parse_args()
    with ExitStack() as stack:
        for _ in range(options.busy):
            process = multiprocessing.Process(target=spin, daemon=True)
            process.start()
            stack.callback(process.terminate)
        rounds = [measure() for _ in range(options.rounds)]
    rows, within = [], True
    for percent in PERCENTILES:
        expected = 1000 * (STALL_SECONDS - EVERY_SECONDS * (1 - percent / 100))
        due = statistics.median(r.latency.percentile(percent) or 0.0 for r in rounds)
        sent = statistics.median(
            r.latency_sent.percentile(percent) or 0.0 for r in rounds if r.latency_sent
        )
        within = within and abs(due / expected - 1) <= TOLERANCE
        rows.append([f"p{percent}", expected, due, f"{due / expected - 1:+.1%}", sent])
    columns = ["", "analytic ms", "from due ms", "off by", "from sent ms"]
    print(tabulate(rows, columns, floatfmt=".1f"))
    if not (within or options.busy):
        sys.exit(f"more than {TOLERANCE:.0%} off")


def measure() -> Quiet:
    """Send the requests of one round, and return what came of them."""
    with tempfile.TemporaryDirectory() as folder, StallingServer() as server:
        spec = LoadSpec(server.host, users=2, paths=("/",), rate=RATE)
        with LoadProcess.start(spec, Path(folder) / "load.log") as load:
            load.open_gate(round(SECONDS * RATE))
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                for event in load.poll(1):
                    if isinstance(event, Quiet):
                        return event
                    if isinstance(event, LoadLost):
                        sys.exit(event.reason)
    sys.exit(f"not finished within {PATIENCE:g} s")


def spin() -> None:
    """Use a whole core."""
    while True:
        pass


if __name__ == "__main__":
    main()
