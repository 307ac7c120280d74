"""Does the load process itself grow? Its resident memory after each million requests.

    python benchmarks/load_memory.py
    python benchmarks/load_memory.py --user FastHttpUser --millions 3 --host http://127.0.0.1:8080

Counted requests for /status go to the small server of ``load_client.py``, or to another that
answers sooner, from a load process as tsprof starts it. Printed is its resident memory while the
gate is closed after each million, and how much it grew from the first million to the last; more
than 10 MB make the exit status 1. Ten millions take some ten minutes.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from load_client import USERS, segment, start_load, start_server

MILLION = 1_000_000
LIMIT_MB = 10.0


def main() -> None:
    """Measure and print a line for each million."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--user", choices=USERS, default="LeanHttpUser")
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--host", metavar="URL", help="of a server that runs already")
    parser.add_argument("--millions", type=int, default=10, help="of requests")
    options = parser.parse_args()
    resident: list[float] = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        host = options.host or start_server(stack)
        load = start_load(options.user, host, options.users, scratch, stack)
        process = psutil.Process(load.pid)
        for number in range(1, options.millions + 1):
            began = time.monotonic()
            segment(load, MILLION)
            seconds = time.monotonic() - began
            resident.append(process.memory_info().rss / 1e6)
            print(f"{number:3} million: {resident[-1]:6.2f} MB, {seconds:4.0f} s", flush=True)
    growth = resident[-1] - resident[0]
    print(f"From the first million to the last: {growth:+.2f} MB (limit {LIMIT_MB:.0f} MB)")
    sys.exit(growth > LIMIT_MB)


if __name__ == "__main__":
    main()
