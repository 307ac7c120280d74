"""What does it cost to share a load? CPU per request of 1, 2 and 4 load processes, taking turns.

    python benchmarks/load_processes.py
    python benchmarks/load_processes.py --rounds 20 --processes 1 2 8

All send the same counted requests to one small server, with as many users in each process: a
process that has fewer to serve at a time spends more on each. Counted is the CPU time of all load
processes, the master included (schedstat), because on a machine with few cores requests per second
cannot grow with their number. The server keeps one processor and the load processes take turns on
another: side by side on the two threads of one core they would slow each other down, whoever they
are (measured: 1.29 times with four processes, as much with four that share nothing). Printed are
medians over rounds, the medians of the ratios within each round with their 95 % intervals
(bootstrap over rounds), and how many times the requests of one process so many deliver where each
has a core of its own.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from load_client import LOCUSTFILE, cpu_seconds, serve, start_server
from tabulate import tabulate

from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadLost, Quiet, WorkerLost
from tsprof.load.spec import LoadSpec, Workers

WARM_UP = 2000


@dataclass(frozen=True)
class Turn:
    """One segment of counted requests."""

    cpu: float
    """Microseconds of the load per request."""
    rate: float
    """Requests per second."""
    p50: float | None
    """Milliseconds."""
    p99: float | None


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=20_000, help="per round and number")
    parser.add_argument("--users", type=int, default=16, help="of each process")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        parser.error("this needs two processors: one for the server, one for the load")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        locustfile = scratch / "lean.py"
        locustfile.write_text(LOCUSTFILE.format(user="LeanHttpUser"), encoding="utf-8")
        os.sched_setaffinity(0, allowed[1:2])  # what is started next inherits it
        host = start_server(stack)
        os.sched_setaffinity(0, allowed[:1])

        def start(count: int) -> LoadProcess:
            spec = LoadSpec(host, count * options.users, locustfile)
            log = scratch / f"{count}.log"
            return stack.enter_context(LoadProcess.start(spec, log, workers=Workers(count)))

        loads = {count: start(count) for count in options.processes}
        for load in loads.values():
            segment(load, WARM_UP)
        turns: dict[int, list[Turn]] = {count: [] for count in loads}
        for number in range(options.rounds):
            for count in random.Random(number).sample(list(loads), len(loads)):
                turns[count].append(segment(loads[count], options.requests))
            print(f"round {number + 1}/{options.rounds}", file=sys.stderr)
    report(turns)


def segment(load: LoadProcess, requests: int) -> Turn:
    """Send counted requests."""
    pids = {load.pid, *load.pids}
    before = sum(map(cpu_seconds, pids))
    load.open_gate(requests)
    one = quiet(load)
    return Turn(
        cpu=1e6 * (sum(map(cpu_seconds, pids)) - before) / one.completed,
        rate=one.completed / one.seconds,
        p50=one.latency.percentile(50),
        p99=one.latency.percentile(99),
    )


def quiet(load: LoadProcess) -> Quiet:
    """Wait for the end of a segment."""
    while True:
        for event in load.poll(1.0):
            if isinstance(event, LoadLost | WorkerLost):
                raise SystemExit(event.reason)
            if isinstance(event, Quiet):
                if event.failures:
                    raise SystemExit(f"{event.failures} failures: {load.failure_samples}")
                return event


def report(turns: dict[int, list[Turn]]) -> None:
    """Print the table."""
    first = next(iter(turns))
    rows = []
    for count, of_count in turns.items():
        ratios = [turn.cpu / one.cpu for turn, one in zip(of_count, turns[first], strict=True)]
        low, high = interval(ratios)
        rows.append(
            {
                "processes": count,
                "requests/s": f"{median(turn.rate for turn in of_count):,.0f}",
                "p50 (ms)": f"{median(turn.p50 or 0 for turn in of_count):.2f}",
                "p99 (ms)": f"{median(turn.p99 or 0 for turn in of_count):.2f}",
                "CPU per request (us)": f"{median(turn.cpu for turn in of_count):.1f}",
                f"over {first}": f"{median(ratios):.2f} ({low:.2f} to {high:.2f})",
                f"times {first}": f"{count / first / median(ratios):.2f}",
            }
        )
    print(tabulate(rows, headers="keys", disable_numparse=True))


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the median."""
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[49], medians[1949]


if __name__ == "__main__":
    main()
