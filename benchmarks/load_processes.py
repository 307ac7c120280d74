"""What does it cost to share a load? CPU per request of 1, 2 and 4 load processes, taking turns.

    python benchmarks/load_processes.py
    python benchmarks/load_processes.py --rounds 20 --processes 1 2 8

All send the same counted requests to one small server, with as many users in each process: a
process that has fewer to serve at a time spends more on each. Counted is the CPU time of all load
processes, the master included (schedstat), because on a machine with few cores requests per second
cannot grow with their number. Processes that share two cores with a server also slow each other
down, whoever they are: so many processes *apart*, each with a load of its own and no master, show
by how much. Printed are medians over rounds, and the medians of the ratios within each round with
their 95 % intervals (bootstrap over rounds).
"""

import argparse
import asyncio
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

from tsprof.histogram import Histogram
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
    parser.add_argument("--requests", type=int, default=10_000, help="per round and number")
    parser.add_argument("--users", type=int, default=16, help="of each process")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
        return
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        locustfile = scratch / "lean.py"
        locustfile.write_text(LOCUSTFILE.format(user="LeanHttpUser"), encoding="utf-8")
        host = start_server(stack)

        def start(count: int) -> LoadProcess:
            spec = LoadSpec(host, count * options.users, locustfile)
            log = scratch / f"{count}.log"
            return stack.enter_context(LoadProcess.start(spec, log, workers=Workers(count)))

        loads = {sharing(count): [start(count)] for count in options.processes}
        alone = [start(1) for _ in range(max(options.processes))]
        loads |= {f"{count} apart": alone[:count] for count in options.processes if count > 1}
        for several in loads.values():
            segment(several, WARM_UP)
        turns: dict[str, list[Turn]] = {name: [] for name in loads}
        for number in range(options.rounds):
            for name in random.Random(number).sample(list(loads), len(loads)):
                turns[name].append(segment(loads[name], options.requests))
            print(f"round {number + 1}/{options.rounds}", file=sys.stderr)
    report(turns)


def sharing(count: int) -> str:
    """Return what the table calls processes that share one load."""
    return "1" if count == 1 else f"{count} sharing"


def segment(loads: Sequence[LoadProcess], requests: int) -> Turn:
    """Send counted requests, divided among loads that run at the same time."""
    pids = {pid for load in loads for pid in (load.pid, *load.pids)}
    before = sum(map(cpu_seconds, pids))
    for load in loads:
        load.open_gate(requests // len(loads))
    quiets = [quiet(load) for load in loads]
    latency = Histogram()
    for one in quiets:
        latency.merge(one.latency)
    completed = sum(one.completed for one in quiets)
    return Turn(
        cpu=1e6 * (sum(map(cpu_seconds, pids)) - before) / completed,
        rate=completed / max(one.seconds for one in quiets),
        p50=latency.percentile(50),
        p99=latency.percentile(99),
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


def report(turns: dict[str, list[Turn]]) -> None:
    """Print the table."""
    first = next(iter(turns))
    rows = []
    for name, of_name in turns.items():
        apart = turns.get(name.replace("sharing", "apart"), of_name)
        rows.append(
            {
                "processes": name,
                "requests/s": f"{median(turn.rate for turn in of_name):,.0f}",
                "p50 (ms)": f"{median(turn.p50 or 0 for turn in of_name):.2f}",
                "p99 (ms)": f"{median(turn.p99 or 0 for turn in of_name):.2f}",
                "CPU per request (us)": f"{median(turn.cpu for turn in of_name):.1f}",
                f"over {first}": ratio(of_name, turns[first]),
                "over as many apart": ratio(of_name, apart),
            }
        )
    print(tabulate(rows, headers="keys", disable_numparse=True))


def ratio(turns: Sequence[Turn], others: Sequence[Turn]) -> str:
    """Return the ratio of CPU per request, with its interval."""
    ratios = [turn.cpu / other.cpu for turn, other in zip(turns, others, strict=True)]
    low, high = interval(ratios)
    return f"{median(ratios):.2f} ({low:.2f} to {high:.2f})"


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
