"""What does measuring cost the target? CPU per request, against the same service unmeasured.

    python benchmarks/overhead.py
    python benchmarks/overhead.py --rounds 40 --only tsprof

All variants of the demo service run at the same time and take turns: each round sends the same
counted requests to every one of them, in an order that changes. Printed is the median ratio of
CPU per request to the plain service's in the same round, with its 95 % interval (bootstrap over
rounds). The tsprof variant is what a check looks like between two checkpoints.
"""

import argparse
import importlib.util
import os
import random
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from tabulate import tabulate

from tsprof.load.client import LoadProcess
from tsprof.load.messages import LoadLost, Quiet
from tsprof.load.spec import LoadSpec
from tsprof.supervisor.agents import Agents
from tsprof.supervisor.launch import LaunchOrder, Target, free_port, wait_until_ready
from tsprof.supervisor.readiness import readiness

ROOT = Path(__file__).parents[1]
SERVICE = (
    "-m", "uvicorn", "--app-dir", str(ROOT / "targets/truthsync_py"),
    "truthsync.app:app", "--port", "{port}", "--log-level", "error",
)  # fmt: skip
WARM_UP = 2000
LOAD = LoadSpec(host="http://127.0.0.1", users=4, locustfile=ROOT / "locustfile.py", seed=1)
"""The demo service's; the port is a variant's own."""


@dataclass
class Variant:
    """One way of running the service."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    target: Target | None = None
    load: LoadProcess | None = None
    cpu: list[float] = field(default_factory=list)
    """Seconds of CPU per request, one value a round."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--requests", type=int, default=1500, help="per round and variant")
    parser.add_argument("--only", default="", help="comma list of variants beside plain")
    options = parser.parse_args()
    with ExitStack() as stack:
        agents = stack.enter_context(Agents())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        chosen = set(options.only.split(",")) - {""}
        variants = [
            v for v in all_variants(agents, scratch)
            if not chosen or v.name in chosen | {"plain"}
        ]  # fmt: skip
        for variant in variants:
            start(variant, scratch, stack)
        agents.connected()
        for variant in variants:
            segment(variant, WARM_UP)
        for number in range(options.rounds):
            order = random.Random(number).sample(variants, len(variants))
            for variant in order:
                variant.cpu.append(segment(variant, options.requests) / options.requests)
            print(f"round {number + 1}/{options.rounds}", file=sys.stderr)
    plain = variants[0]
    print(tabulate([row(v, plain) for v in variants], headers="keys"))


def all_variants(agents: Agents, scratch: Path) -> list[Variant]:
    """Return the plain service, tsprof's, and those of other tools that are installed."""
    python = sys.executable
    memray = (python, "-m", "memray", "run", "--force", "-o")
    variants = [
        Variant("plain", (python, *SERVICE)),
        Variant("tsprof", (python, *SERVICE), agents.environment({})),
        Variant("memray", (*memray, str(scratch / "a.bin"), *SERVICE)),
        Variant(
            "memray, Python allocators",
            (*memray, str(scratch / "b.bin"), "--trace-python-allocators", *SERVICE),
        ),
        Variant("tracemalloc, 1 frame", (python, *SERVICE), {"PYTHONTRACEMALLOC": "1"}),
    ]
    if importlib.util.find_spec("scalene"):
        options = ("run", "--outfile", str(scratch / "scalene.json"), "---")
        variants.append(Variant("scalene", (python, "-m", "scalene", *options, *SERVICE)))
    return variants


def start(variant: Variant, scratch: Path, stack: ExitStack, load: LoadSpec = LOAD) -> None:
    """Launch a variant and the load for it."""
    port = free_port()
    host = f"http://127.0.0.1:{port}"
    name = variant.name.replace(" ", "-")
    variant.target = Target(
        LaunchOrder(
            command=[word.replace("{port}", str(port)) for word in variant.command],
            cwd=scratch,
            environment=os.environ | variant.environment,
            log=scratch / f"{name}.log",
        )
    )
    stack.callback(variant.target.stop)
    check, _ = readiness("tcp", host, (), variant.target.log)
    wait_until_ready(variant.target, check, 60, host, lambda: None)
    spec = replace(load, host=host)
    variant.load = LoadProcess.start(spec, scratch / f"{name}-load.log")
    stack.callback(variant.load.stop)


def segment(variant: Variant, requests: int) -> float:
    """Send counted requests; return the seconds of CPU that the target spent on them."""
    assert variant.target is not None
    assert variant.load is not None
    before = cpu_seconds(variant.target)
    variant.load.open_gate(requests)
    while True:
        for event in variant.load.poll(1.0):
            if isinstance(event, LoadLost):
                raise SystemExit(f"{variant.name}: {event.reason}")
            if isinstance(event, Quiet):
                if event.failures:
                    raise SystemExit(f"{variant.name}: {event.failures} requests failed")
                return cpu_seconds(variant.target) - before


def cpu_seconds(target: Target) -> float:
    """Return the CPU time of all threads of the target, to the nanosecond.

    proc(5) counts ticks of 10 ms; schedstat counts nanoseconds.
    """
    total = 0
    for process in target.processes():
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def row(variant: Variant, plain: Variant) -> dict[str, str]:
    """Return one row of the table."""
    ratios = [a / b for a, b in zip(variant.cpu, plain.cpu, strict=True)]
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
    return {
        "variant": variant.name,
        "CPU per request (us)": f"{1e6 * statistics.median(variant.cpu):.0f}",
        "over plain": f"{100 * (statistics.median(ratios) - 1):+.1f} %",
        "95 % interval": f"{100 * (medians[49] - 1):+.1f} to {100 * (medians[1949] - 1):+.1f} %",
    }


if __name__ == "__main__":
    main()
