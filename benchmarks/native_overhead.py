"""What do the agent and the profilers cost a native program? CPU and memory, against it alone.

    python benchmarks/native_overhead.py
    python benchmarks/native_overhead.py --launches 10 --only nginx --variants "plain again,agent"

As `overhead.py`, on nginx (one worker), on a small C server with a thread for each connection, and
on the demo service in Rust; each is left out where it, or cargo, is not installed. The agent is as
between two checkpoints. heaptrack records all the time, where a check opens a window of seconds;
its own program, which is used here, does not follow nginx into its worker. jemalloc samples one
block in so many bytes: 512 KiB is its own choice, the fewest are for a small leak in a short run.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from overhead import LOAD, ROOT, WARM_UP, Variant, segment, start
from tabulate import tabulate
from verdict_parts.twins import RUST, build_rust

from tsprof.load.spec import LoadSpec
from tsprof.profilers import jemalloc, valgrind
from tsprof.supervisor import native_agent
from tsprof.supervisor.agents import Agents

SOURCE = ROOT / "tests/integration/targets/native_service.c"
PLAIN_LOAD = replace(LOAD, locustfile=None, paths=("/",))
NGINX = (
    "daemon off; error_log stderr; pid nginx.pid; events {} http { access_log off; "
    "client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; "
    'scgi_temp_path t; server { listen 127.0.0.1:{port}; location / { return 200 "ok"; } } }'
)
MODERATE = 15
"""Bytes between samples, as a power of two, for a leak of 65 B in 200,000 requests."""
SLOW = ("heaptrack", "memcheck")
SLOWDOWN = 10
"""Times fewer requests under these."""


@dataclass(frozen=True)
class Service:
    """A native program, and the load that it takes."""

    command: Callable[[Path], tuple[str, ...]]
    """In a folder of its own."""
    load: LoadSpec = PLAIN_LOAD


@dataclass(frozen=True)
class Way:
    """How a program is run."""

    prefix: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--launches", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=10, help="per launch")
    parser.add_argument("--requests", type=int, default=4000, help="per round and variant")
    parser.add_argument("--only", default="", help="comma list of services")
    parser.add_argument("--variants", default="", help="comma list of those beside the plain one")
    options = parser.parse_args()
    rows = []
    with ExitStack() as stack:
        agents = stack.enter_context(Agents())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = ways(agents, scratch)
        named = set(options.variants.split(",")) - {""} or set(found)
        found = {name: way for name, way in found.items() if name in named | {"plain"}}
        for name, service in services(scratch).items():
            if name in (set(options.only.split(",")) - {""} or {name}):
                rows += table(
                    name,
                    [
                        launched(f"{name}, launch {number + 1}", service, found, agents, options)
                        for number in range(options.launches)
                    ],
                )
    print(tabulate(rows, headers="keys"))


@dataclass(frozen=True)
class Seen:
    """What one launch of a variant cost."""

    cpu: float
    """Seconds per request, the median over rounds."""
    over_plain: float
    """Times the plain one's in the same round, the median."""
    resident: int
    """Bytes."""


def launched(
    name: str, service: Service, found: dict[str, Way], agents: Agents, options: argparse.Namespace
) -> dict[str, Seen]:
    """Launch all variants of a service, let them take turns, and return what each cost."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        variants = {}
        for kind, way in found.items():
            folder = scratch / kind
            folder.mkdir()
            variant = Variant(kind, (*way.prefix, *service.command(folder)))
            variant.environment |= way.environment
            start(variant, scratch, stack, service.load)
            segment(variant, WARM_UP // (SLOWDOWN if kind in SLOW else 1))
            variants[kind] = variant
        assert "agent" not in found or agents.connected(), "no agent is in the service"
        for number in range(options.rounds):
            for kind in random.Random(number).sample(list(variants), len(variants)):
                requests = options.requests // (SLOWDOWN if kind in SLOW else 1)
                variants[kind].cpu.append(segment(variants[kind], requests) / requests)
            print(f"{name}: round {number + 1}/{options.rounds}", file=sys.stderr)
        plain = variants["plain"].cpu
        return {
            kind: Seen(
                cpu=median(variant.cpu),
                over_plain=median(a / b for a, b in zip(variant.cpu, plain, strict=True)),
                resident=resident(variant),
            )
            for kind, variant in variants.items()
        }


def table(name: str, launches: Sequence[dict[str, Seen]]) -> list[dict[str, str]]:
    """Return the rows of a service: medians over launches, and their bootstrap interval."""
    chance = random.Random(0)
    rows = []
    for kind in launches[0]:
        seen = [launch[kind] for launch in launches]
        ratios = [one.over_plain for one in seen]
        again = sorted(median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
        rows.append(
            {
                "variant": f"{name}, {kind}",
                "CPU per request (us)": f"{1e6 * median(one.cpu for one in seen):.1f}",
                "over plain": f"{median(ratios) - 1:+.1%}",
                "95 % interval": f"{again[49] - 1:+.1%} to {again[1949] - 1:+.1%}",
                "resident (MB)": f"{median(one.resident for one in seen) / 1e6:.1f}",
            }
        )
    return rows


def resident(variant: Variant) -> int:
    """Return the resident memory of all processes of a variant."""
    assert variant.target is not None
    return sum(process.memory_info().rss for process in variant.target.processes())


def ways(agents: Agents, scratch: Path) -> dict[str, Way]:
    """Return the program by itself, under the agent, and under the tools that are installed."""
    agent = native_agent.environment(os.environ, native_agent.library())
    found = {
        "plain": Way(),
        "plain again": Way(),
        "agent": Way(environment=agents.environment({}) | agent),
    }
    if library := jemalloc.find():
        preload = {"LD_PRELOAD": library}
        found["jemalloc"] = Way(environment=preload)
        for bits in (jemalloc.COARSEST, MODERATE, jemalloc.FINEST):
            variables = {**preload, **jemalloc.configuration(bits)}
            found[f"jemalloc every {2**bits} B"] = Way(environment=variables)
    if program := shutil.which("heaptrack"):
        record = (program, "-o", str(scratch / "record.%p"))
        found["heaptrack"] = Way(prefix=record)
    if tool := valgrind.find(scratch):
        found["memcheck"] = Way(prefix=tool.memcheck)
    return found


def services(scratch: Path) -> dict[str, Service]:
    """Return the services that can be run here."""
    program = scratch / "service"
    subprocess.run(["cc", "-O2", "-pthread", SOURCE, "-o", program], check=True)
    found = {"C server": Service(lambda _: (str(program), "{port}", "clean"))}
    if shutil.which("nginx"):
        shell = 'printf "%s" "$1" > "$0/nginx.conf"; exec nginx -p "$0" -c nginx.conf'
        found["nginx"] = Service(lambda folder: ("sh", "-c", shell, str(folder), NGINX))
    if shutil.which("cargo"):
        build_rust()
        found["Rust"] = Service(lambda _: RUST.command, LOAD)
    return found


if __name__ == "__main__":
    main()
