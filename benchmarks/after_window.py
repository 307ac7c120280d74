"""Is the target as fast after an attribution window as before? CPU per request, against a twin.

    python benchmarks/after_window.py
    python benchmarks/after_window.py --rounds 60

Three copies of the demo service take turns, as in overhead.py: in one of them a window of memray is
opened and closed in the middle, in one of tracemalloc, in the third none. Printed is by how much
the median ratio of CPU per request to that of the copy without a window changed, with its 95 %
interval (bootstrap over rounds).
"""

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from overhead import SERVICE, WARM_UP, Variant, segment, start
from tabulate import tabulate

from tsprof.supervisor.agents import Agents

METHODS = ("none", "memray", "tracemalloc")
PATIENCE = 60.0


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="before the windows, and after")
    parser.add_argument("--requests", type=int, default=1500, help="per round and copy")
    options = parser.parse_args()
    with ExitStack() as stack:
        agents = stack.enter_context(Agents())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        copies = [
            Variant(method, (sys.executable, *SERVICE), agents.environment({}))
            for method in METHODS
        ]
        for copy in copies:
            start(copy, scratch, stack)
        for copy in copies:
            segment(copy, WARM_UP)
        measure(copies, options.rounds, options.requests)
        for copy in copies[1:]:
            trace(copy, agents, scratch / copy.name, options.requests)
        for copy in copies:
            segment(copy, WARM_UP)
        measure(copies, options.rounds, options.requests)
    print(tabulate([row(copy, copies[0], options.rounds) for copy in copies[1:]], headers="keys"))


def measure(copies: list[Variant], rounds: int, requests: int) -> None:
    """Send each copy its requests, round after round, in an order that changes."""
    for number in range(rounds):
        for copy in random.Random(number).sample(copies, len(copies)):
            copy.cpu.append(segment(copy, requests) / requests)
        print(f"round {number + 1}/{rounds}", file=sys.stderr)


def trace(copy: Variant, agents: Agents, capture: Path, requests: int) -> None:
    """Open a window in a copy, drive load in both parts of it, and close it."""
    assert copy.target is not None
    pids = {process.pid for process in copy.target.processes()} & agents.connected().keys()
    arguments = {"method": copy.name, "file": str(capture)}
    assert pids
    for command, done in (("start", "started"), ("mark", "marked"), ("stop", "stopped")):
        replies = agents.ask(f"window.{command}", arguments, pids=pids, timeout=PATIENCE)
        for reply in replies.values():
            if not isinstance(reply, Mapping) or not reply[done]:
                raise SystemExit(f"{copy.name}: {command}: {reply}")
        segment(copy, requests)


def row(copy: Variant, twin: Variant, rounds: int) -> dict[str, str]:
    """Return one row of the table."""
    ratios = [a / b for a, b in zip(copy.cpu, twin.cpu, strict=True)]
    before, after = ratios[:rounds], ratios[rounds:]
    chance = random.Random(0)
    changes = sorted(
        statistics.median(chance.choices(after, k=rounds))
        / statistics.median(chance.choices(before, k=rounds))
        for _ in range(2000)
    )
    change = statistics.median(after) / statistics.median(before)
    return {
        "after a window of": copy.name,
        "CPU per request before (us)": f"{1e6 * statistics.median(copy.cpu[:rounds]):.0f}",
        "after (us)": f"{1e6 * statistics.median(copy.cpu[rounds:]):.0f}",
        "change against the twin": f"{100 * (change - 1):+.1f} %",
        "95 % interval": f"{100 * (changes[49] - 1):+.1f} to {100 * (changes[1949] - 1):+.1f} %",
    }


if __name__ == "__main__":
    main()
